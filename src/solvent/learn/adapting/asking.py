"""Asking what was fitted: columns of a transform, predictions and probabilities of a model."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from solvent.errors import InputError, OutputError
from solvent.learn.adapting.frames import annotations_of, as_wanted
from solvent.learn.adapting.making import label_of

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = ["apply", "names_asked", "names_made", "predictions_of", "probabilities_of"]


def apply(fitted: Any, frame: pl.DataFrame) -> pl.DataFrame:
    """What a transform makes of rows, as a Polars frame with as many rows."""
    import polars as pl

    wanted = annotations_of(fitted.transform)
    first = next(iter(inspect.signature(fitted.transform).parameters), "")
    result = fitted.transform(as_wanted(frame, wanted.get(first)))
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
    if answer is None:  # a baseline that learnt a mean
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
    return as_wanted(frame, annotations_of(method).get(first))
