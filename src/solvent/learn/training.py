"""Training: a role that adapts whatever learns from rows and a target, and a baseline that learns only shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from solvent.config import REQUIRED
from solvent.data import Table
from solvent.engine.context import log
from solvent.errors import InputError
from solvent.graph.steps import step
from solvent.learn.adapters import check_role, fit_object, make_object
from solvent.learn.tables.rows import check_columns, frame_of, target_of

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = ["Baseline", "Model", "train"]


class Model(Protocol):
    """Anything that answers for each row; ``predict_proba`` and ``classes_`` make it a classifier."""

    def predict(self, rows: Any) -> Any:
        """One answer for each row."""


@dataclass
class Baseline:
    """Answers the same for every row: the most frequent class with the shares of all, or the mean.

    ``task="auto"`` takes a target of real numbers, or of more than twenty different integers, as regression.
    """

    task: Literal["auto", "classification", "regression"] = "auto"
    classes: list[bool | int | float | str] = field(init=False, default_factory=list)
    shares: list[float] = field(init=False, default_factory=list)
    mean: float = field(init=False, default=0.0)

    def fit(self, rows: pl.DataFrame, y: pl.Series, sample_weight: Any = None) -> Baseline:
        """Learn the shares of the classes, or the mean."""
        import numpy as np

        weight = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        regression = y.dtype.is_float() or (y.dtype.is_integer() and y.n_unique() > 20)
        if self.task == "regression" or (self.task == "auto" and regression):
            self.mean = float(np.average(y.to_numpy().astype(np.float64), weights=weight))
            return self
        classes, places = np.unique(y.to_numpy(), return_inverse=True)
        shares = np.bincount(places, weights=weight) / weight.sum()
        self.classes, self.shares = classes.tolist(), shares.tolist()
        return self

    def predict(self, rows: pl.DataFrame) -> np.ndarray[Any, Any]:
        """The most frequent class (of equally frequent ones the first), or the mean, for each row."""
        import numpy as np

        if not self.classes:
            return np.full(rows.height, self.mean)
        return np.array([self.classes[int(np.argmax(self.shares))]] * rows.height)

    def predict_proba(self, rows: pl.DataFrame) -> np.ndarray[Any, Any] | None:
        """The share of each class, for each row; None for a mean."""
        import numpy as np

        return np.tile(self.shares, (rows.height, 1)) if self.classes else None

    @property
    def classes_(self) -> list[bool | int | float | str]:
        """The classes in the order of the probabilities."""
        return self.classes


def _may_train(use: Any, arguments: Mapping[str, Any]) -> list[str]:
    """What keeps ``use`` from being trained, said before anything runs."""
    return check_role(use, arguments, "model")


@step(role=True, check=_may_train)
def train(
    rows: Table,
    *,
    target: str = REQUIRED,
    seed: int = REQUIRED,
    drop: Sequence[str] = (),
    weight: str | None = None,
    use: Any = Baseline,
    with_: Mapping[str, Any] | None = None,
) -> Model:
    """Train the model that ``use`` names, with the arguments under ``with``, on every column but the target.

    The seed goes to ``random_state``, ``seed`` or ``random_seed``, whichever it takes. Without ``use`` it is a
    :class:`Baseline`.
    """
    frame = frame_of(rows)
    check_columns(frame, [target, weight, *drop], "train")
    values = target_of(frame, target, "train")
    if values.n_unique() < 2:
        raise InputError(f"train: the target {target!r} is {values[0]!r} in all {frame.height} rows: nothing to learn")
    given = frame.drop([name for name in {target, weight, *drop} if name is not None])
    made = make_object(use, with_, "model", seed)
    model = fit_object(made, given, values, None if weight is None else frame.get_column(weight))
    log(rows=given.height, columns=given.width)
    return model  # type: ignore[no-any-return]
