"""Asking what was fitted: columns of a transform, predictions and probabilities of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from solvent.errors import InputError, OutputError
from solvent.learn.adapting.frames import asked_by
from solvent.learn.adapting.handing import as_frame, given_to, remember
from solvent.learn.adapting.making import label_of
from solvent.learn.tables.matrix import Matrix
from solvent.learn.tabular import TabularFeatures

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = ["apply", "hand_on", "names_asked", "names_made", "predictions_of", "probabilities_of"]


def apply(fitted: Any, rows: pl.DataFrame | Matrix) -> pl.DataFrame:
    """What a transform makes of rows, as a Polars frame with as many rows."""
    return as_frame(hand_on(fitted, rows))


def hand_on(fitted: Any, rows: pl.DataFrame | Matrix) -> pl.DataFrame | Matrix:
    """What a transform makes of rows: a matrix where that is numbers of one type, else a Polars frame."""
    asked, given = given_to(fitted, rows, asked_by(fitted.transform))
    ours = type(fitted).transform is TabularFeatures.transform
    made = _made(asked.to_matrix(given) if ours else asked.transform(given), fitted)
    if made.height != rows.height:
        raise OutputError(
            f"{label_of(type(fitted))}.transform made {made.height} rows of {rows.height}. A predictor answers row by "
            f"row, so a transform keeps all rows; drop rows in a step before the fit."
        )
    return made


def _made(result: Any, fitted: Any) -> pl.DataFrame | Matrix:
    import numpy as np

    from solvent.learn.tables.rows import frame_of, kind_of

    if isinstance(result, Matrix):
        return result
    if kind_of(result) in ("polars", "lazy", "pandas", "arrow", "duckdb"):
        return frame_of(result)
    if hasattr(result, "toarray"):  # a sparse matrix
        cells = result.shape[0] * result.shape[1]
        if cells > 500_000_000:
            raise OutputError(
                f"{label_of(type(fitted))} made a sparse matrix of {result.shape[0]} x {result.shape[1]} values, too "
                f"large for a table. Limit its columns (max_features, min_frequency)."
            )
        result = result.toarray(order="F")
    values = np.asarray(result)
    if values.ndim == 1:
        values = values.reshape(-1, 1)
    if values.ndim != 2:
        raise OutputError(f"{label_of(type(fitted))}.transform made an array of {values.ndim} dimensions, not a table")
    width = values.shape[1]
    matrix = Matrix.of(values, lambda: names_made(fitted, width))
    return matrix if values.dtype.kind in "biuf" else matrix.frame()


def names_made(fitted: Any, width: int) -> list[str]:
    """The names of the columns that a transform makes; numbered ones where it has none to say."""
    names: list[str] | None = remember(fitted, "names", _names_of)
    return [f"x{place}" for place in range(width)] if names is None else list(names)


def _names_of(fitted: Any) -> list[str] | None:
    try:
        return [str(name) for name in fitted.get_feature_names_out()]
    except AttributeError:  # also a ColumnTransformer one of whose parts has none
        return None


def names_asked(names: Sequence[Any], known: Sequence[str]) -> list[str]:
    """The columns that a model names, by the names that the rows have; LightGBM keeps underscores for spaces."""
    asked, here = [str(name) for name in names], set(known)
    if here.issuperset(asked):
        return asked
    spaced = {name.replace(" ", "_"): name for name in known}
    return [name if name in here else spaced.get(name, name) for name in asked]


def predictions_of(model: Any, rows: pl.DataFrame | Matrix) -> np.ndarray[Any, Any]:
    """One prediction for each row."""
    return _rows(model, _ask(model, "predict", rows), rows.height, "predict")


def probabilities_of(model: Any, rows: pl.DataFrame | Matrix) -> np.ndarray[Any, Any] | None:
    """One probability for each row and class, or None for a model that has none."""
    import numpy as np

    if not callable(getattr(model, "predict_proba", None)):
        return None
    answer = _ask(model, "predict_proba", rows)
    if answer is None:  # a baseline that learnt a mean
        return None
    made = _rows(model, answer, rows.height, "predict_proba").astype(np.float64)
    return np.column_stack([1 - made, made]) if made.ndim == 1 else made


def _rows(model: Any, answer: Any, rows: int, method: str) -> np.ndarray[Any, Any]:
    import numpy as np

    made = np.asarray(answer.to_numpy() if hasattr(answer, "to_numpy") else answer)
    if made.ndim == 2 and made.shape[1] == 1:
        made = made[:, 0]
    if made.ndim == 0 or made.shape[0] != rows:
        raise OutputError(f"{label_of(type(model))}.{method} gave {made.size} answers for {rows} rows")
    return made


def _ask(model: Any, method: str, rows: pl.DataFrame | Matrix) -> Any:
    """What a method of a model says of rows, of which it is given the columns that it was trained on."""
    names, known = getattr(model, "feature_names_in_", None), rows.columns
    asked = known if names is None or list(names) == known else names_asked(names, known)
    if asked != known:
        missing = [name for name in asked if name not in known]
        if missing:
            raise InputError(
                f"{label_of(type(model))} was trained with the column {missing[0]!r}, which the rows do not have"
                f"{'' if len(missing) == 1 else f' (and {len(missing) - 1} more)'}. Is a transform missing before it?"
            )
        rows = rows.select(asked)
    function = getattr(model, method)
    answering, given = given_to(model, rows, asked_by(function))
    return getattr(answering, method)(given)
