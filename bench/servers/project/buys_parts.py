"""The parts: scikit-learn's as they are, and the same inside classes of one's own, which no converter knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = ["age", "tenure", "income", "balance", "usage", "score"]
TEXTS = ["region", "channel", "product", "plan"]


def preparation() -> ColumnTransformer:
    """Scaled numbers, one-hot texts."""
    texts = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return ColumnTransformer([("numbers", StandardScaler(), NUMBERS), ("texts", texts, TEXTS)])


@dataclass
class OwnPreparation:
    """The same, held by a class of one's own."""

    inner: ColumnTransformer = field(init=False)

    def fit(self, rows: pl.DataFrame) -> OwnPreparation:
        """Learn means, spreads and texts."""
        self.inner = preparation().fit(rows)
        return self

    def transform(self, rows: pl.DataFrame) -> Any:
        """Numbers alone."""
        return self.inner.transform(rows)


@dataclass
class OwnModel:
    """Boosted trees, held by a class of one's own."""

    random_state: int = 7
    inner: HistGradientBoostingClassifier = field(init=False)

    def fit(self, rows: pl.DataFrame, y: pl.Series) -> OwnModel:
        """Grow the trees."""
        self.inner = HistGradientBoostingClassifier(early_stopping=False, random_state=self.random_state)
        self.inner.fit(rows.to_numpy(), y)
        return self

    @property
    def classes_(self) -> list[str]:
        """The answers that there are."""
        return list(self.inner.classes_.tolist())

    def predict(self, rows: pl.DataFrame) -> Any:
        """The likelier answer of each row."""
        return self.inner.predict(rows.to_numpy())

    def predict_proba(self, rows: pl.DataFrame) -> Any:
        """The chance of each answer, for each row."""
        return self.inner.predict_proba(rows.to_numpy())
