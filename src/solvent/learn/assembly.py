"""A predictor is the fitted transforms in order and the model last: what is evaluated is what serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Generic, cast

from annotated_types import Interval

from solvent.data import is_table_type
from solvent.displays import Displayed
from solvent.errors import InputError, PlanError, SettingsError, did_you_mean
from solvent.graph.steps import step
from solvent.learn.adapting import as_frame, hand_on, label_of, predictions_of, probabilities_of
from solvent.learn.carried.functions import RowFunction, is_function, settle
from solvent.learn.carried.lookups import Lookup
from solvent.learn.carried.proving import needed_columns, prove
from solvent.learn.carried.wiring import LeftOut, given
from solvent.learn.tables.matrix import Matrix
from solvent.learn.tables.rows import as_given, check_columns, frame_of, kind_of
from solvent.learn.tables.schema import Column, Prepared, describe_columns, fit_frame, read_records
from solvent.learn.transforms import Fitted

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from typing_extensions import TypeVar

    Parts = TypeVar("Parts", default=Any)
else:
    from typing import TypeVar

    Parts = TypeVar("Parts")

__all__ = ["Answers", "Predictor", "assemble", "decide"]


@dataclass(frozen=True)
class Answers:
    """What a predictor says of rows: one prediction each and, for a classifier, the probability of each class."""

    prediction: np.ndarray[Any, Any]
    probability: np.ndarray[Any, Any] | None
    classes: tuple[bool | int | float | str, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Predictor(Displayed, Generic[Parts]):
    """Fitted transforms and a model, asked as one.

    ``parts`` are what prepares rows (row-wise functions, look-ups, transforms) in order and, last, the model.
    ``columns`` is what rows have to bring; it is empty where no fit recorded it, and rows are then taken as they are.
    ``classes`` are the model's, in the order of the probabilities; empty for regression. With a ``threshold`` the
    second of two classes is answered where its probability is at least that; without one the most probable class.
    ``left_out`` are the row-wise steps that rows went through in training and that are no part, each with the reason
    that somebody gave.
    """

    parts: Parts
    columns: tuple[Column, ...] = ()
    classes: tuple[bool | int | float | str, ...] = ()
    target: str | None = None
    threshold: float | None = None
    left_out: Mapping[str, str | None] = field(default_factory=dict)

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

    def transformed(self, rows: pl.DataFrame | Matrix) -> pl.DataFrame | Matrix:
        """What the transforms make of rows that fit."""
        made = False  # whether a function or look-up made the rows, whose types then need not be those of training
        for one in self.transforms:
            if made and isinstance(one, Fitted):
                rows = fit_frame(as_frame(rows), one.columns).frame
            rows = one.hand_on(rows) if isinstance(one, Fitted) else hand_on(one, rows)
            made = isinstance(one, (RowFunction, Lookup))
        return rows

    def _ask(self, rows: pl.DataFrame | Matrix, warnings: tuple[str, ...]) -> Answers:
        probability = probabilities_of(self.model, rows)
        if probability is None:
            return Answers(predictions_of(self.model, rows), None, self.classes, warnings)
        classes = self.classes or tuple(range(probability.shape[1]))
        if probability.shape[1] != len(classes):
            name, count = label_of(type(self.model)), probability.shape[1]
            raise InputError(f"{name} gives {count} probabilities for {len(classes)} classes")
        return Answers(decide(probability, classes, self.threshold), probability, classes, warnings)

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


def decide(
    probability: np.ndarray[Any, Any], classes: tuple[bool | int | float | str, ...], threshold: float | None = None
) -> np.ndarray[Any, Any]:
    """The class that is answered for each row of probabilities (rows x classes)."""
    import numpy as np

    places = probability.argmax(axis=1) if threshold is None else (probability[:, 1] >= threshold).astype(np.int64)
    answered: np.ndarray[Any, Any] = np.asarray(classes)[places]
    return answered


def _predictor_kind(settings: Mapping[str, Any], data: Mapping[str, Any]) -> Any:
    """``Predictor[tuple[Fitted[Features], Model]]``, as far as the classes of the parts are known."""
    parts = data.get("parts", ())
    known = list(parts) if isinstance(parts, tuple) else []
    if known and (known[0] is Any or is_table_type(known[0])):  # rows; an input of a graph in settings has no type
        del known[0]
    kinds = tuple(one for one in known if one is not LeftOut)
    return Predictor[tuple[kinds]] if kinds else Predictor  # type: ignore[valid-type]


@step(kinds=_predictor_kind, given=given)
def assemble(
    *parts: Any,
    target: str | None = None,
    drop: Sequence[str] = (),
    threshold: Annotated[float, Interval(gt=0, lt=1)] | None = None,
    left_out: Mapping[str, str] | None = None,
) -> Predictor:
    """Put what prepares rows and, last, the model together to what serves: ``assemble(features, model)``.

    Before the model come fitted transforms, look-ups (:func:`lookup`), and row-wise steps or functions, which go along
    with the settings that they have in the pipeline: ``assemble(distances, planes, features, model)``.

    Rows for it have the columns that the first part was given in training, less target, weight and drop. Where the
    first part does not know them (a function outside of a pipeline, a transform that :func:`fit` did not fit, a model
    alone), give it rows first: ``assemble(parts.train, model)``; a request then has their columns, less ``target``
    and ``drop`` (of rows that a model was trained on by name, those columns). With a ``threshold`` a classifier of
    two classes answers the second where its probability is at least that. ``left_out`` gives reasons for row-wise
    steps that rows went through in training and that do not go along.

    Raises :class:`InputError` for a function that needs the target, or other rows than the one it is about.
    """
    example, rest, left = _apart(parts)
    _check_parts(rest)
    *transforms, model = rest
    classes = _classes(model)
    if threshold is not None and len(classes) != 2:
        raise SettingsError(f"assemble: threshold is for two classes; this model has {len(classes) or 'none'}")
    fitted = next((one for one in transforms if isinstance(one, Fitted)), None)
    aim = fitted.target if fitted is not None else target
    first = transforms[0] if transforms else None
    if isinstance(first, (RowFunction, Lookup)):
        columns = _columns_before(transforms, example, aim or target, drop)
    elif example is not None:
        columns = _columns_of(example, first if first is not None else model, target, drop)
    else:
        columns = first.columns if isinstance(first, Fitted) else ()
    return Predictor(tuple(rest), columns, classes, aim or target, threshold, _reasons(left, left_out or {}))


def _apart(parts: Sequence[Any]) -> tuple[pl.DataFrame | None, tuple[Any, ...], tuple[str, ...]]:
    """The rows that stand first, if there are any; what follows, functions settled; what the graph says is left out."""
    left = tuple(name for one in parts if isinstance(one, LeftOut) for name in one.steps)
    rest = [settle(one) if is_function(one) else one for one in parts if not isinstance(one, LeftOut)]
    if rest and kind_of(rest[0]) in ("polars", "lazy", "pandas", "arrow", "duckdb"):
        return frame_of(rest[0]), tuple(rest[1:]), left
    return None, tuple(rest), left


def _check_parts(parts: Sequence[Any]) -> None:
    """Refuse what is no row of transforms with a model at its end."""
    if not parts or not callable(getattr(parts[-1], "predict", None)):
        last = label_of(type(parts[-1])) if parts else "nothing"
        raise PlanError(
            f"assemble takes the transforms in order and the model last; the last was {last}, without predict"
        )
    for one in parts[:-1]:
        if not callable(getattr(one, "transform", None)):
            raise PlanError(
                f"assemble takes fitted transforms, look-ups and row-wise functions before the model; "
                f"{label_of(type(one))} has no method transform"
            )
    if isinstance(parts[-1], Predictor):
        raise PlanError("assemble was given a predictor as the model; give it the predictor's own transforms and model")


def _columns_before(
    transforms: Sequence[Any], example: pl.DataFrame | None, target: str | None, drop: Sequence[str]
) -> tuple[Column, ...]:
    """What a request brings to functions and look-ups, which are tried on the rows of training."""
    carried = list(transforms[: _count(transforms)])
    name = label_of(type(carried[0]))
    if example is None:
        raise InputError(
            f"assemble: what {name} was given in training is not known here, and a request has to bring the same. In a "
            f"pipeline, apply it there to the rows that are fitted on; elsewhere give rows first: "
            f"assemble(rows, {name}, …)"
        )
    if target is None:
        raise SettingsError("assemble: which column of the rows is the target? Say it: target: NAME")
    check_columns(example, drop, "assemble")
    fitted = transforms[len(carried)] if len(carried) < len(transforms) else None
    weights = [fitted.weight] if isinstance(fitted, Fitted) and fitted.weight is not None else []
    prove(carried, example.drop([*drop, *(one for one in weights if one in example.columns)]), target)
    apart = {target, *drop, *weights}
    left = example.drop([one for one in example.columns if one in apart])
    dropped = fitted.drop if isinstance(fitted, Fitted) else ()
    return describe_columns(left.select(needed_columns(carried, left, dropped)))


def _count(transforms: Sequence[Any]) -> int:
    """How many functions and look-ups come first."""
    others = (place for place, one in enumerate(transforms) if not isinstance(one, (RowFunction, Lookup)))
    return next(others, len(transforms))


def _reasons(left: Sequence[str], said: Mapping[str, str]) -> dict[str, str | None]:
    """Each step that is left out, with the reason that was given for it, by its path or its name."""
    for name in said:
        known = [*left, *(one.rpartition("/")[2] for one in left)]
        if name not in known:
            there = f" Left out are: {', '.join(left)}" if left else " None is"
            raise SettingsError(
                f"assemble: left_out: {name!r} is no row-wise step that is left out.{did_you_mean(name, known)}{there}"
            )
    return {one: said.get(one, said.get(one.rpartition("/")[2])) for one in left}


def _columns_of(example: pl.DataFrame, first: Any, target: str | None, drop: Sequence[str]) -> tuple[Column, ...]:
    """What a request has to be like, to be like these rows to the first part that they come to."""
    check_columns(example, [target, *drop], "assemble")
    left = example.drop([name for name in {target, *drop} if name is not None])
    if isinstance(first, Fitted):
        check_columns(left, [one.name for one in first.columns], "assemble")
        left = left.select([one.name for one in first.columns])
    names = getattr(first, "feature_names_in_", None)
    if names is not None:
        check_columns(left, [str(name) for name in names], "assemble")
        left = left.select([str(name) for name in names])
    elif target is None:
        raise SettingsError(
            f"assemble: {label_of(type(first))} does not tell which columns it was trained on, so the rows may hold "
            f"the target too. Say which it is: target: NAME"
        )
    return describe_columns(left)


def _classes(model: Any) -> tuple[bool | int | float | str, ...]:
    found = getattr(model, "classes_", None)
    if found is None or not callable(getattr(model, "predict_proba", None)):
        return ()
    return tuple(found.tolist() if hasattr(found, "tolist") else found)
