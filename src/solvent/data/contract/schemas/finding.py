"""Which schema an annotation carries, told by the names of classes, so that pandera is not imported to look."""

from __future__ import annotations

import operator
import types
import typing
from typing import Any

from solvent.data.contract.record import Contract

__all__ = ["bare_annotation", "is_pandera", "schema_of"]


def schema_of(annotation: Any) -> Any:
    """The schema of an annotation, or None.

    ``Annotated[pl.DataFrame, Contract.load(…)]``, ``Annotated[pl.DataFrame, schema]`` with pandera's
    ``DataFrameSchema`` or ``DataFrameModel``, and pandera's own ``DataFrame[Model]`` carry one; it is looked for
    through unions with ``None`` and through ``Annotated``.
    """
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        inner, *more = typing.get_args(annotation)
        return next((one for one in more if isinstance(one, Contract) or is_pandera(one)), schema_of(inner))
    if origin is typing.Union or origin is types.UnionType:
        found = [schema_of(part) for part in typing.get_args(annotation)]
        return next((one for one in found if one is not None), None)
    if _is_pandera_frame(origin):
        return next((one for one in typing.get_args(annotation) if is_pandera(one)), None)
    return None


def bare_annotation(annotation: Any) -> Any:
    """The annotation with the frames that pandera's own stand for: ``DataFrame[Model]`` is ``polars.DataFrame``.

    Looked for through unions and ``Annotated``; an annotation without any comes back as it is.
    """
    origin = typing.get_origin(annotation)
    if _is_pandera_frame(origin):
        own = (one for one in origin.__mro__ if not _of_pandera(one) and one.__name__ in ("DataFrame", "LazyFrame"))
        return next(own, annotation)
    parts = typing.get_args(annotation)
    if origin is typing.Annotated:
        inner = bare_annotation(parts[0])
        return annotation if inner is parts[0] else operator.getitem(typing.Annotated, (inner, *parts[1:]))
    if origin is typing.Union or origin is types.UnionType:
        made = tuple(bare_annotation(part) for part in parts)
        return (
            annotation
            if all(one is part for one, part in zip(made, parts, strict=True))
            else typing.Union.__getitem__(made)
        )
    return annotation


def is_pandera(value: Any) -> bool:
    """Whether a value is a schema of pandera, or a model class of it."""
    kind = value if isinstance(value, type) else type(value)
    names = {one.__name__.partition("[")[0] for one in kind.__mro__ if _of_pandera(one)}
    return ("DataFrameModel" in names) if isinstance(value, type) else "DataFrameSchema" in names


def _is_pandera_frame(origin: Any) -> bool:
    return isinstance(origin, type) and _of_pandera(origin) and origin.__name__ in ("DataFrame", "LazyFrame")


def _of_pandera(kind: type) -> bool:
    return (kind.__module__ or "").partition(".")[0] == "pandera"
