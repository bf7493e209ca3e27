"""The table family: which types and values are tables, told by the names of their classes, importing none of them."""

from __future__ import annotations

import importlib
import itertools
import types
import typing
from typing import TYPE_CHECKING, Any

__all__ = [
    "KINDS",
    "REFERENCE",
    "TABLE",
    "Table",
    "asked_kind",
    "asking_for",
    "bare_of",
    "frames_in",
    "is_table",
    "is_table_format",
    "is_table_type",
    "kind_of",
]

TABLE, REFERENCE = "table.1", "reference.1"
"""The formats of tables: kept as blocks, or where files hold their rows."""

_CLASSES = {
    ("polars", "DataFrame"): "polars.DataFrame",
    ("polars", "LazyFrame"): "polars.LazyFrame",
    ("pandas", "DataFrame"): "pandas.DataFrame",
    ("pyarrow", "Table"): "pyarrow.Table",
    ("pyarrow", "RecordBatch"): "pyarrow.RecordBatch",
    ("pyarrow", "RecordBatchReader"): "pyarrow.RecordBatchReader",
    ("pyarrow", "Dataset"): "pyarrow.dataset.Dataset",
    ("duckdb", "DuckDBPyRelation"): "duckdb.DuckDBPyRelation",
}
_LOOKED_AT = 1_000
KINDS: tuple[str, ...] = tuple(_CLASSES.values())
"""Every kind of frame that a table can be asked for as, by the name that a user knows."""

if TYPE_CHECKING:
    Table = Any
    """Any frame of the table family; library steps take and give it."""
else:

    class _AnyTable(type):
        def __instancecheck__(cls, value: object) -> bool:
            return is_table(value)

        def __repr__(cls) -> str:
            return "Table"

    class Table(metaclass=_AnyTable):
        """Any frame of the table family, in an annotation; to a type checker it is ``Any``."""

        def __init__(self) -> None:
            raise TypeError("Table is an annotation; make a polars.DataFrame, or any other frame, instead")


def is_table_format(name: str) -> bool:
    """Whether artifacts of this format are tables."""
    return name in (TABLE, REFERENCE)


def kind_of(made: type) -> str | None:
    """Which kind of frame a class is (``polars.DataFrame``, …), or None if it is none."""
    for one in made.__mro__:
        package = (one.__module__ or "").partition(".")[0].lstrip("_")
        kind = _CLASSES.get((package, one.__name__))
        if kind is not None:
            return kind
    return None


def is_table(value: object) -> bool:
    """Whether a value is a frame of the table family."""
    return kind_of(type(value)) is not None


def is_table_type(annotation: Any) -> bool:
    """Whether an annotation asks for a frame: a class of the family, :data:`Table`, or a union of nothing else."""
    if annotation is Table and Table is not Any:
        return True
    made = _made(annotation)
    if made is not None:
        return kind_of(made) is not None
    parts = _parts(annotation)
    return bool(parts) and all(is_table_type(part) for part in parts)


def asked_kind(annotation: Any) -> str | None:
    """The kind of frame that an annotation asks for first; ``polars.DataFrame`` where it leaves that open.

    None where the annotation asks for something that is no frame.
    """
    if annotation is Any or annotation is Table or annotation is object or isinstance(annotation, typing.TypeVar):
        return "polars.DataFrame"
    made = _made(annotation)
    if made is not None:
        found = kind_of(made)
        if found is None and getattr(made, "_is_protocol", False):
            return "polars.DataFrame"
        return found
    return next((kind for part in _parts(annotation) if (kind := asked_kind(part)) is not None), None)


def _made(annotation: Any) -> type | None:
    """The class that an annotation names: itself, or that of ``DataFrame[Model]``, where a schema is said beside."""
    made = typing.get_origin(annotation) if typing.get_args(annotation) else annotation
    return made if isinstance(made, type) and made not in (types.UnionType, typing.Annotated) else None


def _parts(annotation: Any) -> tuple[Any, ...]:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return typing.get_args(annotation)[:1]
    if origin is typing.Union or origin is types.UnionType:
        return tuple(part for part in typing.get_args(annotation) if part is not type(None))
    return ()


def bare_of(annotation: Any) -> Any:
    """The annotation without ``Annotated`` and ``None``, where one thing is left."""
    if typing.get_origin(annotation) is typing.Annotated:
        return bare_of(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        parts = [one for one in typing.get_args(annotation) if one is not type(None)]
        return bare_of(parts[0]) if len(parts) == 1 else annotation
    return annotation


def frames_in(value: object, depth: int = 8) -> str | None:
    """Which kind of frame a value is, or holds in plain containers (that of the first one): ``dict[pandas.DataFrame]``.

    None for a value without frames among its first thousand. It is text that can be kept beside the value, for the
    table itself knows no kind.
    """
    made = type(value)
    if made not in (dict, list, tuple):
        return kind_of(made)
    if depth == 0:
        return None
    parts = value.values() if isinstance(value, dict) else typing.cast("list[object]", value)
    first = itertools.islice(parts, _LOOKED_AT)
    inner = next((kind for part in first if (kind := frames_in(part, depth - 1)) is not None), None)
    return None if inner is None else f"{made.__name__}[{inner}]"


def asking_for(frames: str) -> Any:
    """The annotation that asks for what :func:`frames_in` told; ``Any`` where its package cannot be imported."""
    if frames.endswith("]"):
        outer, _, inner = frames[:-1].partition("[")
        asked = asking_for(inner)
        return {"dict": dict[Any, asked], "list": list[asked], "tuple": tuple[asked, ...]}[outer]  # type: ignore[valid-type]
    module, _, name = frames.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        return Any
