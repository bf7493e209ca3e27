"""Training: a role that adapts whatever learns from rows and a target, and a baseline that learns only shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, Union

from solvent.config import REQUIRED
from solvent.data import Table
from solvent.engine.context import log
from solvent.errors import InputError
from solvent.graph.steps import step
from solvent.learn.adapting import Lesson, check_role, fit_object, make_object, prepare_early_stop
from solvent.learn.adapting.labels import Labelled, numbered, plain_names
from solvent.learn.tables.rows import check_columns, features_of, frame_of, target_of

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


def _model_kind(settings: Mapping[str, Any], data: Mapping[str, Any]) -> Any:
    """The class that ``use`` names, or that class behind names that it does not take."""
    use = settings["use"]
    if not isinstance(use, type):
        return Model
    boosted = use.__module__.startswith(("lightgbm.", "xgboost."))
    return Union[use, Labelled[use]] if boosted else use  # type: ignore  # noqa: UP007


@step(role=True, kinds=_model_kind, check=_may_train)
def train(
    rows: Table,
    valid: Table | None = None,
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
    :class:`Baseline`. With ``valid``, rows that it does not learn from, boosting stops once they gain nothing more
    (after 50 rounds without gain, where ``with`` says nothing else); ``fit`` has to take them.
    """
    frame = frame_of(rows)
    values = target_of(frame, target, "train")
    if values.n_unique() < 2:
        raise InputError(f"train: the target {target!r} is {values[0]!r} in all {frame.height} rows: nothing to learn")
    unseen = None if valid is None else frame_of(valid)
    arguments = with_ or {} if unseen is None else prepare_early_stop(use, with_ or {})
    made = make_object(use, arguments, "model", seed)
    classes = numbered(made, values)
    lesson = _lesson(frame, unseen, _Columns(target, weight, tuple(drop)), classes)
    given = tuple(lesson.frame.columns)
    plain = dict(zip(given, plain_names(made, given), strict=True))
    renamed = given if list(plain.values()) != list(given) else ()
    model = fit_object(made, lesson.renamed(plain) if renamed else lesson)
    rounds = _rounds(model)
    log(rows=lesson.frame.height, columns=lesson.frame.width, **rounds)
    return Labelled(model, classes, renamed) if classes or renamed else model


@dataclass(frozen=True)
class _Columns:
    """The columns that a model does not learn from."""

    target: str
    weight: str | None
    drop: tuple[str, ...]


def _lesson(frame: pl.DataFrame, unseen: pl.DataFrame | None, columns: _Columns, classes: tuple[Any, ...]) -> Lesson:
    given = features_of(frame, [columns.target, columns.weight, *columns.drop], "train")
    weight = None if columns.weight is None else frame.get_column(columns.weight)
    values = _labels(frame.get_column(columns.target), classes, "train")
    if unseen is None:
        return Lesson(given, values, weight)
    check_columns(unseen, [columns.target, *given.columns], "train: valid")
    truth = _labels(target_of(unseen, columns.target, "train: valid"), classes, "train: valid")
    return Lesson(given, values, weight, (unseen.select(given.columns), truth))


def _labels(values: pl.Series, classes: tuple[Any, ...], what: str) -> pl.Series:
    """The target, as numbers of classes where the model needs them so."""
    import polars as pl

    if not classes:
        return values
    strange = values.filter(~values.is_in(list(classes)))
    if len(strange):
        raise InputError(f"{what}: the target is {strange[0]!r} in some rows, a class that the training rows lack")
    return values.replace_strict(list(classes), list(range(len(classes))), return_dtype=pl.Int64)


def _rounds(model: Any) -> dict[str, int]:
    """How many rounds boosting took, where the model tells."""
    for name in ("best_iteration_", "best_iteration", "n_iter_"):
        try:
            found = getattr(model, name, None)
        except AttributeError:  # XGBoost's, where nothing was stopped early
            continue
        if isinstance(found, int) and found > 0:
            return {"rounds": found + (1 if name == "best_iteration" else 0)}
    return {}
