"""Arrays and frames as constants: what of them counts, as plain values and bytes."""

from __future__ import annotations

from typing import Any

from solvent import digest
from solvent.archive.fingerprint.nodes import Opaque

__all__ = ["parts_of"]

_CELLS = 200_000
"""Frames of up to so many cells are compared cell by cell; larger ones by their library's hash of each row."""


def parts_of(value: Any) -> list[Any] | None:
    """The plain parts that stand for an array, a frame or a series; None if it is of no such type.

    Raises :class:`Opaque` for those whose rows come from somewhere that this does not see.
    """
    kind = type(value)
    library = kind.__module__.partition(".")[0]
    if library == "numpy":
        return _numpy(value)
    if library == "polars":
        return _polars(value, kind.__name__)
    if library == "pandas":
        return _pandas(value, kind.__name__)
    if library == "pyarrow" and kind.__name__ in ("Table", "RecordBatch", "Array", "ChunkedArray"):
        return [str(value.schema if hasattr(value, "schema") else value.type), value.to_pylist()]
    if library == "torch" and kind.__name__ in ("Tensor", "Parameter"):
        return _numpy(value.detach().cpu().numpy())
    return None


def _numpy(value: Any) -> list[Any] | None:
    import numpy as np

    if isinstance(value, np.dtype):
        return ["dtype", value.descr if value.names else value.str]
    if isinstance(value, np.generic) and not value.dtype.hasobject:
        return ["scalar", value.dtype.str, value.tobytes()]
    if type(value) is np.ndarray:
        if value.dtype.hasobject:
            return ["objects", list(value.shape), value.ravel().tolist()]
        data = np.ascontiguousarray(value)
        kind = data.dtype.descr if data.dtype.names else data.dtype.str
        return ["array", kind, list(data.shape), digest.of_bytes("array.1", data.reshape(-1).view(np.uint8).data)]
    return None


def _polars(value: Any, name: str) -> list[Any] | None:
    if name == "LazyFrame":
        raise Opaque("a LazyFrame reads its source unseen; make it inside the step, or hand it in as data", final=True)
    if name == "Series":
        return ["series", value.name, *_polars_rows(value.to_frame())]
    if name == "DataFrame":
        return ["frame", *_polars_rows(value)]
    if name == "Expr":
        data = value.meta.serialize()
        if b"cloudpickle" in data or b"PYFN" in data or b"pickle" in data:
            raise Opaque("a Polars expression with a Python function inside")
        return ["expression", data]
    return None


def _polars_rows(frame: Any) -> list[Any]:
    schema = [[name, repr(dtype)] for name, dtype in frame.schema.items()]
    if frame.height * max(frame.width, 1) <= _CELLS:
        return [schema, frame.height, frame.rows()]
    hashes = frame.hash_rows(seed=1).to_numpy()
    return [schema, frame.height, digest.of_bytes("rows.1", hashes.tobytes())]


def _pandas(value: Any, name: str) -> list[Any] | None:
    if name == "DataFrame":
        columns = [_pandas_column(value.iloc[:, place]) for place in range(value.shape[1])]
        return ["frame", _labels(value.columns), _labels(value.index), columns, dict(value.attrs)]
    if name == "Series":
        return ["series", value.name, _labels(value.index), _pandas_column(value), dict(value.attrs)]
    if name.endswith("Index"):
        return ["index", _labels(value)]
    return None


def _labels(index: Any) -> list[Any]:
    return [type(index).__name__, list(index.names), str(index.dtype), index.tolist()]


def _pandas_column(column: Any) -> list[Any]:
    kind = column.dtype
    if type(kind).__module__.startswith("numpy") and not kind.hasobject:
        return [str(kind), _numpy(column.to_numpy())]
    values = [None if item is None or item != item else item for item in column.tolist()]
    return [str(kind), values, list(kind.categories) if hasattr(kind, "categories") else None]
