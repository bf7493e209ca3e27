"""The reference profile: what the very training rows held, and what the predictor says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.data.profile import Profile, profile
from solvent.learn.assembly import Predictor
from solvent.learn.tables.rows import frame_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FILE", "Reference", "describe_rows", "predictions_of"]

FILE = "reference.json"
_ASKED = 100_000


@dataclass(frozen=True)
class Reference:
    """Two profiles: of the request's columns in the rows that a model was trained on, and of its answers there.

    Both are what :func:`solvent.data.drift.drift` takes as a side, so traffic or a new month is compared with
    ``drift(reference.columns, rows)``. Answers are those on at most 100,000 rows, evenly spaced.
    """

    columns: Profile
    predictions: Profile

    def to_json(self) -> dict[str, Any]:
        """Both as plain JSON."""
        return {"columns": self.columns.to_json(), "predictions": self.predictions.to_json()}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Reference:
        """What :meth:`to_json` wrote."""
        return cls(Profile.from_json(body["columns"]), Profile.from_json(body["predictions"]))


def describe_rows(predictor: Predictor, rows: Any) -> Reference:
    """The reference of a predictor, from the rows that it was trained on."""
    frame = predictor.prepare(frame_of(rows)).frame
    step = max(1, -(-frame.height // _ASKED))
    return Reference(profile(frame), profile(predictions_of(predictor, frame.gather_every(step))))


def predictions_of(predictor: Predictor, frame: pl.DataFrame) -> pl.DataFrame:
    """A column ``prediction`` and, for a classifier, ``probability_CLASS`` for each class."""
    import polars as pl

    answers = predictor.answer(frame)
    made = [pl.Series("prediction", answers.prediction.tolist(), dtype=None if answers.classes else pl.Float64)]
    if answers.probability is not None:
        for place, name in enumerate(answers.classes):
            made.append(pl.Series(f"probability_{name}", answers.probability[:, place]))
    return pl.DataFrame(made)
