"""A predictor is the fitted transforms in order and the model last: what is evaluated is what serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, cast

from solvent.errors import InputError, PlanError
from solvent.graph.steps import step
from solvent.learn.adapters import apply, label_of, predictions_of, probabilities_of
from solvent.learn.tables.rows import as_given, frame_of, kind_of
from solvent.learn.tables.schema import Column, Prepared, fit_frame, read_records
from solvent.learn.transforms import Fitted

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from typing_extensions import TypeVar

    Parts = TypeVar("Parts", default=Any)
else:
    from typing import TypeVar

    Parts = TypeVar("Parts")

__all__ = ["Answers", "Predictor", "assemble"]


@dataclass(frozen=True)
class Answers:
    """What a predictor says of rows: one prediction each and, for a classifier, the probability of each class."""

    prediction: np.ndarray[Any, Any]
    probability: np.ndarray[Any, Any] | None
    classes: tuple[bool | int | float | str, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Predictor(Generic[Parts]):
    """Fitted transforms and a model, asked as one.

    ``parts`` are the transforms in order and, last, the model. ``columns`` is what rows have to bring; it is empty
    where no fit recorded it, and rows are then taken as they are. ``classes`` are the model's, in the order of the
    probabilities; empty for regression.
    """

    parts: Parts
    columns: tuple[Column, ...] = ()
    classes: tuple[bool | int | float | str, ...] = ()
    target: str | None = None

    @property
    def transforms(self) -> tuple[Any, ...]:
        """The fitted transforms, in order."""
        return cast("tuple[Any, ...]", self.parts)[:-1]

    @property
    def model(self) -> Any:
        """The model."""
        return cast("tuple[Any, ...]", self.parts)[-1]

    def predict(self, rows: Any) -> Any:
        """A prediction for each row, in the kind that the rows came in, under the name ``prediction``.

        Rows are a frame (Polars, pandas, Arrow, DuckDB), a list of dicts or one dict. Raises
        :class:`InputError` whose ``problems`` name each row and column that does not fit.
        """
        import polars as pl

        answers = self.answer(rows)
        return as_given(pl.DataFrame({"prediction": answers.prediction}), kind_of(rows))

    def predict_proba(self, rows: Any) -> Any:
        """The probability of each class, in columns named like the classes; raises for a regression."""
        import polars as pl

        answers = self.answer(rows)
        if answers.probability is None:
            raise InputError(f"{label_of(type(self.model))} gives no probabilities; ask predict")
        names = [str(one) for one in answers.classes]
        made = pl.DataFrame({name: answers.probability[:, place] for place, name in enumerate(names)})
        return as_given(made, kind_of(rows))

    def answer(self, rows: Any) -> Answers:
        """Predictions, probabilities and what was noticed about the rows, as arrays."""
        return self.answer_prepared(self.prepare(rows))

    def answer_prepared(self, prepared: Prepared) -> Answers:
        """The same for rows that were made to fit already."""
        import numpy as np

        if not prepared.frame.height:
            empty = np.empty(0, dtype=np.array(self.classes).dtype if self.classes else np.float64)
            shape = np.empty((0, len(self.classes))) if self.classes else None
            return Answers(empty, shape, self.classes, prepared.warnings)
        return self._ask(self.transformed(prepared.frame), prepared.warnings)

    def transformed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """What the transforms make of rows that fit."""
        for one in self.transforms:
            frame = one.transform(frame) if isinstance(one, Fitted) else apply(one, frame)
        return frame

    def _ask(self, frame: pl.DataFrame, warnings: tuple[str, ...]) -> Answers:
        import numpy as np

        probability = probabilities_of(self.model, frame)
        if probability is None:
            return Answers(predictions_of(self.model, frame), None, self.classes, warnings)
        classes = self.classes or tuple(range(probability.shape[1]))
        if probability.shape[1] != len(classes):
            name, count = label_of(type(self.model)), probability.shape[1]
            raise InputError(f"{name} gives {count} probabilities for {len(classes)} classes")
        return Answers(np.asarray(classes)[probability.argmax(axis=1)], probability, classes, warnings)

    def prepare(self, rows: Any) -> Prepared:
        """The rows with exactly the columns that the first transform was given, in its types."""
        import polars as pl

        kind = kind_of(rows)
        if kind in ("record", "records"):
            records = [rows] if isinstance(rows, Mapping) else rows
            if self.columns:
                return read_records(records, self.columns)
            return Prepared(pl.DataFrame(list(records), infer_schema_length=None))
        frame = frame_of(rows)
        return fit_frame(frame, self.columns) if self.columns else Prepared(frame)


def _predictor_kind(settings: Mapping[str, Any], data: Mapping[str, Any]) -> Any:
    """``Predictor[tuple[Fitted[Features], Model]]``, as far as the classes of the parts are known."""
    parts = data.get("parts", ())
    return Predictor[tuple[parts]] if isinstance(parts, tuple) and parts else Predictor  # type: ignore[valid-type]


@step(kinds=_predictor_kind)
def assemble(*parts: Any) -> Predictor:
    """Put fitted transforms and, last, the model together to what serves: ``assemble(features, model)``.

    Rows for it have the columns that the first transform was given by :func:`fit`, less target, weight and drop.
    """
    if not parts or not callable(getattr(parts[-1], "predict", None)):
        last = label_of(type(parts[-1])) if parts else "nothing"
        raise PlanError(
            f"assemble takes the transforms in order and the model last; the last was {last}, without predict"
        )
    *transforms, model = parts
    for one in transforms:
        if not callable(getattr(one, "transform", None)):
            raise PlanError(
                f"assemble takes fitted transforms before the model; {label_of(type(one))} has no method transform"
            )
    if isinstance(model, Predictor):
        raise PlanError("assemble was given a predictor as the model; give it the predictor's own transforms and model")
    first = transforms[0] if transforms else None
    columns, target = (first.columns, first.target) if isinstance(first, Fitted) else ((), None)
    return Predictor(parts, columns, _classes(model), target)


def _classes(model: Any) -> tuple[bool | int | float | str, ...]:
    found = getattr(model, "classes_", None)
    if found is None or not callable(getattr(model, "predict_proba", None)):
        return ()
    return tuple(found.tolist() if hasattr(found, "tolist") else found)
