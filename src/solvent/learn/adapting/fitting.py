"""Fitting: rows, target, weights and a part to stop early by go to a ``fit`` as it asks for them."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.errors import SettingsError
from solvent.learn.adapting.frames import annotations_of, as_wanted, target_as_wanted
from solvent.learn.adapting.making import label_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Lesson", "fit_object", "prepare_early_stop"]


@dataclass(frozen=True)
class Lesson:
    """What there is to learn from: rows, and where there are any, target, weights, and a part to stop early by."""

    frame: pl.DataFrame
    target: pl.Series | None = None
    weight: pl.Series | None = None
    valid: tuple[pl.DataFrame, pl.Series] | None = None

    def renamed(self, names: Mapping[str, str]) -> Lesson:
        """The same with other names for the columns."""
        valid = None if self.valid is None else (self.valid[0].rename(names), self.valid[1])
        return Lesson(self.frame.rename(names), self.target, self.weight, valid)


PATIENCE = 50
"""Rounds without gain after which boosting stops, where the settings say nothing."""
_STOPS = {
    "lightgbm": ("early_stopping_round", "early_stopping_rounds", "early_stopping", "n_iter_no_change"),
    "xgboost": ("early_stopping_rounds",),
    "sklearn": ("early_stopping",),
}


def prepare_early_stop(use: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with which ``use`` stops early when it is given a validation part, if they do not say so."""
    package = str(getattr(use, "__module__", "")).partition(".")[0]
    names = _STOPS.get(package, ())
    if not names or any(name in arguments for name in names):
        return dict(arguments)
    if package == "sklearn":
        fit = getattr(use, "fit", None)
        stops = fit is not None and "X_val" in inspect.signature(fit).parameters
        return {**arguments, **({"early_stopping": True} if stops else {})}
    return {**arguments, names[0]: PATIENCE}


def fit_object(made: Any, lesson: Lesson) -> Any:
    """Fit on these rows. Gives the fitted object, which most often is the same one.

    A validation part goes as ``X_val`` and ``y_val`` (scikit-learn, and a class of one's own), ``eval_X`` and
    ``eval_y`` (LightGBM) or ``eval_set`` (LightGBM's classifiers, XGBoost), whichever ``fit`` takes. Raises
    :class:`SettingsError` for weights or a validation part that it does not take.
    """
    parameters = list(inspect.signature(made.fit).parameters.values())
    names = {one.name for one in parameters}
    given: dict[str, Any] = {}
    if lesson.weight is not None:
        if "sample_weight" not in names:
            raise SettingsError(f"weight: {label_of(type(made))}.fit takes no sample_weight")
        given["sample_weight"] = lesson.weight.to_numpy()
    places = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    many = any(one.kind is one.VAR_POSITIONAL for one in parameters)
    wanted = annotations_of(made.fit)
    kinds = [wanted.get(one.name) for one in places[:2]]
    data = [as_wanted(lesson.frame, kinds[0] if kinds else None)]
    if lesson.target is not None and (many or len(places) > 1):
        data.append(target_as_wanted(lesson.target, kinds[1] if len(kinds) > 1 else None))
    if lesson.valid is not None:
        rows, truth = lesson.valid
        given |= _valid(made, names, as_wanted(rows, kinds[0]), target_as_wanted(truth, kinds[1]))
    if type(made).__module__.startswith("xgboost."):
        given["verbose"] = False
    with warnings.catch_warnings():
        if type(made).__module__.startswith("lightgbm."):
            warnings.filterwarnings("ignore", "The argument 'eval_set' is deprecated")
        result = made.fit(*data, **given)
    return made if result is None or not isinstance(result, type(made)) else result


def _valid(made: Any, names: set[str], rows: Any, truth: Any) -> dict[str, Any]:
    """The validation part, by the names that this ``fit`` has for it."""
    pairs: Sequence[tuple[str, str]] = (("X_val", "y_val"), ("eval_X", "eval_y"))
    if type(made).__module__.startswith("lightgbm.") and hasattr(made, "predict_proba"):
        pairs = ()  # LightGBM 4.7 numbers the classes of eval_set, and takes those of eval_y for numbers already
    for first, second in pairs:
        if {first, second} <= names:
            return {first: rows, second: truth}
    if "eval_set" in names:
        return {"eval_set": [(rows, truth)]}
    raise SettingsError(
        f"valid: {label_of(type(made))}.fit takes no rows to stop early by (X_val and y_val, eval_X and eval_y, or "
        f"eval_set). Train it without them."
    )
