"""What ``use:`` may name: classes with ``fit``, or functions that make one; how they are made, and spoken to."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from solvent.errors import DefinitionError, InputError, OutputError, SettingsError, did_you_mean
from solvent.graph.annotation import resolve_annotations

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = [
    "apply",
    "check_role",
    "fit_object",
    "label_of",
    "make_object",
    "names_asked",
    "names_made",
    "probabilities_of",
]

Role = Literal["transform", "model"]

_SEEDS = ("random_state", "seed", "random_seed")
_NEEDS = {"transform": ("fit", "transform"), "model": ("fit", "predict")}


def label_of(thing: Any) -> str:
    """How a class or function is called in messages."""
    return str(getattr(thing, "__qualname__", None) or type(thing).__qualname__)


def check_role(use: Any, arguments: Mapping[str, Any] | None, role: Role) -> list[str]:
    """Everything that keeps ``use`` from playing this role with these arguments; an empty list if nothing does."""
    problems: list[str] = []
    name, needs = label_of(use), _NEEDS[role]
    if isinstance(use, type):
        missing = [need for need in needs if not callable(getattr(use, need, None))]
        if missing:
            problems.append(f"use: {name} has no method {' and no method '.join(missing)}, which a {role} needs")
    elif not callable(use):
        problems.append(f"use: {use!r} is neither a class nor a function")
    elif _required(use):
        problems.append(
            f"use: the function {name} asks for data ({', '.join(_required(use))}). A role takes a class with "
            f"{' and '.join(needs)}, or a function without data that makes such an object. For work without a "
            f"fitted state write a step of its own."
        )
    taken = _parameters(use)
    if taken is not None:
        for key in arguments or {}:
            if key not in taken:
                known = ", ".join(taken) or "nothing"
                problems.append(f"with: {name} takes no {key!r}.{did_you_mean(key, taken)} It takes: {known}")
    return problems


def make_object(use: Any, arguments: Mapping[str, Any] | None, role: Role, seed: int | None = None) -> Any:
    """An unfitted object of what ``use`` names; the seed goes to the argument that is meant for one.

    Raises :class:`SettingsError` with every fault at once.
    """
    problems = check_role(use, arguments, role)
    if problems:
        raise SettingsError("; ".join(problems))
    given = dict(arguments or {})
    if seed is not None:
        taken = _parameters(use) or []
        place = next((one for one in _SEEDS if one in taken), None)
        if place is not None and place not in given:
            given[place] = seed % 2**32
    made = use(**given)
    missing = [need for need in _NEEDS[role] if not callable(getattr(made, need, None))]
    if missing:
        raise SettingsError(f"use: what {label_of(use)} makes has no {missing[0]!r}, which a {role} needs")
    return made


def _parameters(use: Any) -> list[str] | None:
    """The names of the arguments; None where they cannot be known."""
    try:
        parameters = inspect.signature(use).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(one.kind is one.VAR_KEYWORD for one in parameters):
        return None
    return [one.name for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]


def _required(function: Any) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [one.name for one in parameters if one.kind is not one.KEYWORD_ONLY and one.default is one.empty]


def fit_object(made: Any, frame: pl.DataFrame, target: pl.Series | None, weight: pl.Series | None = None) -> Any:
    """Fit on these rows. Gives the fitted object, which most often is the same one."""
    given: dict[str, Any] = {}
    parameters = list(inspect.signature(made.fit).parameters.values())
    if weight is not None:
        if "sample_weight" not in {one.name for one in parameters}:
            raise SettingsError(f"weight: {label_of(type(made))}.fit takes no sample_weight")
        given["sample_weight"] = weight.to_numpy()
    places = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    many = any(one.kind is one.VAR_POSITIONAL for one in parameters)
    wanted = _annotations(made.fit)
    data = [_as_wanted(frame, wanted.get(places[0].name) if places else None)]
    if target is not None and (many or len(places) > 1):
        data.append(_target_as_wanted(target, wanted.get(places[1].name) if len(places) > 1 else None))
    result = made.fit(*data, **given)
    return made if result is None or not isinstance(result, type(made)) else result


def apply(fitted: Any, frame: pl.DataFrame) -> pl.DataFrame:
    """What a transform makes of rows, as a Polars frame with as many rows."""
    import polars as pl

    wanted = _annotations(fitted.transform)
    first = next(iter(inspect.signature(fitted.transform).parameters), "")
    result = fitted.transform(_as_wanted(frame, wanted.get(first)))
    made = _as_frame(result, fitted)
    if made.height != frame.height:
        raise OutputError(
            f"{label_of(type(fitted))}.transform made {made.height} rows of {frame.height}. A predictor answers row by "
            f"row, so a transform keeps all rows; drop rows in a step before the fit."
        )
    return made if isinstance(made, pl.DataFrame) else made.collect()


def _as_frame(result: Any, fitted: Any) -> Any:
    import numpy as np
    import polars as pl

    from solvent.learn.tables.rows import frame_of, kind_of

    if kind_of(result) in ("polars", "lazy", "pandas", "arrow", "duckdb"):
        return frame_of(result)
    if hasattr(result, "toarray"):  # a sparse matrix
        cells = result.shape[0] * result.shape[1]
        if cells > 500_000_000:
            raise OutputError(
                f"{label_of(type(fitted))} made a sparse matrix of {result.shape[0]} x {result.shape[1]} values, too "
                f"large for a table. Limit its columns (max_features, min_frequency)."
            )
        result = result.toarray()
    values = np.asarray(result)
    if values.ndim == 1:
        values = values.reshape(-1, 1)
    if values.ndim != 2:
        raise OutputError(f"{label_of(type(fitted))}.transform made an array of {values.ndim} dimensions, not a table")
    names = names_made(fitted, values.shape[1])
    return pl.DataFrame({name: values[:, place] for place, name in enumerate(names)})


def names_made(fitted: Any, width: int) -> list[str]:
    """The names of the columns that a transform makes; numbered ones where it has none to say."""
    try:
        return [str(name) for name in fitted.get_feature_names_out()]
    except AttributeError:  # also a ColumnTransformer one of whose parts has none
        return [f"x{place}" for place in range(width)]


def names_asked(names: Sequence[Any], known: Sequence[str]) -> list[str]:
    """The columns that a model names, by the names that the rows have; LightGBM keeps underscores for spaces."""
    spaced = {name.replace(" ", "_"): name for name in known}
    asked = [str(name) for name in names]
    return [name if name in known else spaced.get(name, name) for name in asked]


def predictions_of(model: Any, frame: pl.DataFrame) -> np.ndarray[Any, Any]:
    """One prediction for each row."""
    return _rows(model, model.predict(_model_frame(model, model.predict, frame)), frame.height, "predict")


def probabilities_of(model: Any, frame: pl.DataFrame) -> np.ndarray[Any, Any] | None:
    """One probability for each row and class, or None for a model that has none."""
    import numpy as np

    if not callable(getattr(model, "predict_proba", None)):
        return None
    answer = model.predict_proba(_model_frame(model, model.predict_proba, frame))
    if answer is None:  # a class for both tasks, fitted for regression
        return None
    made = _rows(model, answer, frame.height, "predict_proba").astype(np.float64)
    return np.column_stack([1 - made, made]) if made.ndim == 1 else made


def _rows(model: Any, answer: Any, rows: int, method: str) -> np.ndarray[Any, Any]:
    import numpy as np

    made = np.asarray(answer.to_numpy() if hasattr(answer, "to_numpy") else answer)
    if made.ndim == 2 and made.shape[1] == 1:
        made = made[:, 0]
    if made.ndim == 0 or made.shape[0] != rows:
        raise OutputError(f"{label_of(type(model))}.{method} gave {made.size} answers for {rows} rows")
    return made


def _model_frame(model: Any, method: Any, frame: pl.DataFrame) -> Any:
    names = getattr(model, "feature_names_in_", None)
    asked = frame.columns if names is None else names_asked(names, frame.columns)
    if asked != frame.columns:
        missing = [name for name in asked if name not in frame.columns]
        if missing:
            raise InputError(
                f"{label_of(type(model))} was trained with the column {missing[0]!r}, which the rows do not have"
                f"{'' if len(missing) == 1 else f' (and {len(missing) - 1} more)'}. Is a transform missing before it?"
            )
        frame = frame.select(asked)
    first = next(iter(inspect.signature(method).parameters), "")
    return _as_wanted(frame, _annotations(method).get(first))


def _annotations(method: Any) -> Mapping[str, Any]:
    function = getattr(method, "__func__", method)
    if not hasattr(function, "__code__"):
        return {}
    try:
        return resolve_annotations(function)
    except DefinitionError:
        return {}


def _as_wanted(frame: pl.DataFrame, annotation: Any) -> Any:
    """Rows as a method's annotation asks for them; Polars where it asks for nothing."""
    text = _family(annotation)
    if "pandas" in text:
        return frame.to_pandas()
    if "numpy" in text:
        return frame.to_numpy()
    if "pyarrow" in text:
        return frame.to_arrow()
    return frame.lazy() if "LazyFrame" in text else frame


def _target_as_wanted(target: pl.Series, annotation: Any) -> Any:
    text = _family(annotation)
    if "pandas" in text:
        return target.to_pandas()
    return target if "polars" in text else target.to_numpy()


def _family(annotation: Any) -> str:
    """The packages and names that an annotation speaks of."""
    if annotation is None:
        return ""
    parts: Sequence[Any] = (annotation, *getattr(annotation, "__args__", ()))
    return " ".join(f"{getattr(one, '__module__', '')}.{getattr(one, '__qualname__', '')}" for one in parts)
