"""The element types of arrays: which can be kept, how they are written, and one canonical form of their bytes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from solvent.errors import Corrupted, NoFormat

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

__all__ = ["canonical", "dtype_of", "spell", "tidy"]

_SPELLED = re.compile(r"[<|][biufcmMSUV]\d+(\[\d*[A-Za-zμ]+\])?")
_DEEPEST = 20


def spell(kind: np.dtype[Any], depth: int = 0) -> Any:
    """An element type as JSON: ``"<f8"``, or ``[[name, type, shape], …]`` for a structured one.

    Little-endian and packed: byte order, padding and metadata do not count. Raises :class:`NoFormat` for types
    that hold Python objects, or that differ from machine to machine.
    """
    if depth > _DEEPEST:
        raise NoFormat(f"an array's element type nested more than {_DEEPEST} deep cannot be kept")
    if kind.names is not None and kind.fields is not None:
        return [[name, *_spell_field(kind.fields[name][0], depth)] for name in kind.names]
    if kind.hasobject or kind.kind in "OT":
        raise NoFormat(
            f"an array of element type {kind} holds Python objects, and those are code as well as data. Give it a "
            "type of its "
            f"own (.astype(float), .astype(str), …), or return a list or a table."
        )
    if kind.kind not in "biufcmMSUV":
        raise NoFormat(f"arrays of element type {kind} have no canonical bytes. Convert them with .astype(...).")
    if (kind.kind == "f" and kind.itemsize > 8) or (kind.kind == "c" and kind.itemsize > 16):
        raise NoFormat(f"{kind} differs from machine to machine. Use .astype('float64') (or 'complex128').")
    return kind.newbyteorder("<").str


def _spell_field(kind: np.dtype[Any], depth: int) -> tuple[Any, list[int]]:
    base, shape = kind.subdtype if kind.subdtype is not None else (kind, ())
    return spell(base, depth + 1), list(shape)


def dtype_of(spelled: Any, depth: int = 0) -> np.dtype[Any]:
    """The element type of a record. Raises :class:`Corrupted` for anything that :func:`spell` does not write."""
    import numpy as np

    try:
        if isinstance(spelled, str) and _SPELLED.fullmatch(spelled):
            return np.dtype(spelled)
        if isinstance(spelled, list) and depth <= _DEEPEST:
            fields = [(str(name), dtype_of(inner, depth + 1), tuple(map(int, shape))) for name, inner, shape in spelled]
            return np.dtype([field[:2] if not field[2] else field for field in fields])
    except (TypeError, ValueError) as error:
        raise Corrupted(f"the record names the element type {spelled!r:.80}, which no array has") from error
    raise Corrupted(f"the record names the element type {spelled!r:.80}, which no array has")


def canonical(value: Any) -> Array:
    """A copy of an array that nobody else holds, in C order, with one form for equal content."""
    import numpy as np

    kind = dtype_of(spell(value.dtype))
    if kind.names is None:
        made = np.array(value, dtype=kind, order="C", copy=True, subok=False)
    else:
        made = np.zeros(np.shape(value), kind)
        _assign(made, np.asarray(value))
    tidy(made)
    return made


def _assign(target: Array, source: Array) -> None:
    """Field by field, so that what lies in the gaps between fields never comes along."""
    for name in target.dtype.names or ():
        if target.dtype[name].names is None:
            target[name] = source[name]
        else:
            _assign(target[name], source[name])


def tidy(array: Array) -> None:
    """Make every NaN the one NaN, and every true the one true, in place."""
    import numpy as np

    kind = array.dtype
    if kind.names is not None:
        for name in kind.names:
            tidy(array[name])
    elif kind.kind == "f":
        np.copyto(array, np.nan, where=np.isnan(array))
    elif kind.kind == "c":
        tidy(array.real)
        tidy(array.imag)
    elif kind.kind == "b":
        raw = array.view(np.uint8)
        np.copyto(raw, 1, where=raw > 1)
