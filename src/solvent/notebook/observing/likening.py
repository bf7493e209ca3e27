"""Whether two portraits show the same: equal, close within a tolerance, different and where, or not compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

__all__ = ["Likeness", "Verdict", "liken"]

Verdict = Literal["equal", "close", "different", "not compared"]
_ORDER: tuple[Verdict, ...] = ("equal", "close", "not compared", "different")


@dataclass(frozen=True)
class Likeness:
    """A verdict, and where and why; ``tolerance`` is the relative one that was needed."""

    verdict: Verdict
    why: str = ""


_EQUAL = Likeness("equal")


@dataclass(frozen=True)
class _Sides:
    """Where the arrays of either side lie, and how far numbers may be apart, relative to the larger of them."""

    one: Path
    other: Path
    tolerance: float


def liken(one: Any, other: Any, folders: tuple[Path, Path], tolerance: float = 1e-9) -> Likeness:
    """Compare two portraits, whose arrays lie in these folders."""
    return _liken(one, other, _Sides(folders[0], folders[1], tolerance))


def _liken(one: Mapping[str, Any], other: Mapping[str, Any], sides: _Sides) -> Likeness:
    kinds = one["is"], other["is"]
    if "none" in kinds:
        return Likeness("not compared", one.get("why") or other.get("why") or "")
    if set(kinds) == {"number", "plain"} and not isinstance(one["value"], str) and not isinstance(other["value"], str):
        return Likeness("different", f"{_said(one['value'])} and {_said(other['value'])}")
    if kinds[0] != kinds[1]:
        return Likeness("different", f"{_noun(one)} and {_noun(other)}")
    said: Likeness = _WAYS[kinds[0]](one, other, sides)
    return said


def _plain(one: Mapping[str, Any], other: Mapping[str, Any], sides: _Sides) -> Likeness:
    if one["value"] == other["value"] and type(one["value"]) is type(other["value"]):
        return _EQUAL
    return Likeness("different", f"{_said(one['value'])} and {_said(other['value'])}")


def _code(one: Mapping[str, Any], other: Mapping[str, Any], sides: _Sides) -> Likeness:
    if one["value"] != other["value"]:
        return Likeness("different", f"{_said(one['value'])} and {_said(other['value'])}")
    return (
        _EQUAL if one["body"] == other["body"] else Likeness("not compared", f"{one['value']} is written differently")
    )


def _number(one: Mapping[str, Any], other: Mapping[str, Any], sides: _Sides) -> Likeness:
    a, b = one["value"], other["value"]
    if a == b:
        return _EQUAL
    if isinstance(a, str) or isinstance(b, str) or abs(a - b) > sides.tolerance * max(abs(a), abs(b)):
        return Likeness("different", f"{_said(a)} and {_said(b)}")
    return Likeness("close", f"{_said(a)} and {_said(b)}")


def _array(one: Mapping[str, Any], other: Mapping[str, Any], sides: _Sides) -> Likeness:
    import numpy as np

    if one["shape"] != other["shape"]:
        return Likeness("different", f"the shape is {one['shape']} and {other['shape']}")
    a = np.load(sides.one / one["file"], allow_pickle=False)
    b = np.load(sides.other / other["file"], allow_pickle=False)
    return _arrays(a, b, sides.tolerance)


def _arrays(a: Array, b: Array, tolerance: float) -> Likeness:
    import numpy as np

    if a.dtype.kind != b.dtype.kind:
        return Likeness("different", f"the type is {a.dtype} and {b.dtype}")
    same = a == b
    if a.dtype.kind in "fcmM":
        same |= (a != a) & (b != b)
    if same.all():
        return _EQUAL if a.dtype == b.dtype else Likeness("close", f"the type is {a.dtype} and {b.dtype}")
    if a.dtype.kind in "fc":
        with np.errstate(invalid="ignore", over="ignore"):
            # Sums of numbers of both signs end near 0, so the scale is that of the whole array, and not of one number.
            scale = np.nanmax(np.abs(a[np.isfinite(a)]), initial=0.0)
            near = np.abs(a - b) <= tolerance * np.maximum(np.abs(b), scale)
        if (same | near).all():
            return Likeness("close", f"at most {np.nanmax(np.abs(a - b)):.3g} apart")
        same |= near
    place = tuple(int(one) for one in np.argwhere(~same)[0])
    where = f"at {list(place)}" if len(place) > 1 else f"in row {place[0]}" if place else "in the value"
    return Likeness("different", f"first {where}: {_said(a[place].item())} and {_said(b[place].item())}, "
                                 f"{int((~same).sum())} of {same.size} in all")  # fmt: skip


def _cells(one: Mapping[str, Any], other: Mapping[str, Any], sides: _Sides) -> Likeness:
    if one["shape"] != other["shape"]:
        return Likeness("different", f"the shape is {one['shape']} and {other['shape']}")
    close = False
    for place, (a, b) in enumerate(zip(one["cells"], other["cells"], strict=True)):
        if a == b and type(a) is type(b):
            continue
        if isinstance(a, float) and isinstance(b, float) and abs(a - b) <= sides.tolerance * max(abs(a), abs(b)):
            close = True
            continue
        return Likeness("different", f"first in row {place}: {_said(a)} and {_said(b)}")
    return Likeness("close", "numbers are close") if close else _EQUAL


def _sparse(one: Mapping[str, Any], other: Mapping[str, Any], sides: _Sides) -> Likeness:
    import numpy as np

    if one["shape"] != other["shape"]:
        return Likeness("different", f"the shape is {one['shape']} and {other['shape']}")
    found = []
    for name in ("row", "col", "data"):
        a = np.load(sides.one / one[name], allow_pickle=False)
        b = np.load(sides.other / other[name], allow_pickle=False)
        found.append(_arrays(a, b, sides.tolerance) if a.shape == b.shape else Likeness("different", "other places"))
    return _worst(found)


def _table(one: Mapping[str, Any], other: Mapping[str, Any], sides: _Sides) -> Likeness:
    names = [name for name, _, _ in one["columns"]], [name for name, _, _ in other["columns"]]
    if names[0] != names[1]:
        lost = [name for name in names[0] if name not in names[1]]
        new = [name for name in names[1] if name not in names[0]]
        return Likeness("different", f"columns only in the first: {lost[:5]}, only in the second: {new[:5]}"
                        if lost or new else "the columns are in another order")  # fmt: skip
    if one["rows"] != other["rows"]:
        return Likeness("different", f"{one['rows']} and {other['rows']} rows")
    found = []
    for (name, kind, a), (_, wanted, b) in zip(one["columns"], other["columns"], strict=True):
        made = _liken(a, b, sides)
        if made.verdict == "equal" and kind != wanted:
            made = Likeness("close", f"the type is {kind} and {wanted}")
        found.append(made if made.verdict == "equal" else Likeness(made.verdict, f"{name}: {made.why}"))
    return _worst(found)


def _several(one: Mapping[str, Any], other: Mapping[str, Any], sides: _Sides) -> Likeness:
    if one["length"] != other["length"] or one["class"] != other["class"]:
        return Likeness("different", f"{_noun(one)} and {_noun(other)}")
    if one.get("keys") != other.get("keys"):
        return Likeness("different", "other keys")
    labels: Sequence[Any] = one.get("keys") or range(len(one["items"]))
    found = []
    for label, a, b in zip(labels, one["items"], other["items"], strict=True):
        made = _liken(a, b, sides)
        found.append(made if made.verdict == "equal" else Likeness(made.verdict, f"{label}: {made.why}"))
    return _worst(found)


def _model(one: Mapping[str, Any], other: Mapping[str, Any], sides: _Sides) -> Likeness:
    if one["class"] != other["class"]:
        return Likeness("different", f"{one['class']} and {other['class']}")
    if "answers" in one and "answers" in other and one["asked"] == other["asked"]:
        made = _liken(one["answers"], other["answers"], sides)
        return Likeness(made.verdict, f"by {one['asked']}" + (f": {made.why}" if made.why else ""))
    if "learnt" in one and "learnt" in other:
        made = _liken(one["learnt"], other["learnt"], sides)
        return Likeness(made.verdict, f"by what it learnt{f': {made.why}' if made.why else ''}")
    return Likeness("not compared", "there are no rows that both could be asked about")


def _figure(one: Mapping[str, Any], other: Mapping[str, Any], sides: _Sides) -> Likeness:
    if len(one["axes"]) != len(other["axes"]):
        return Likeness("different", f"{len(one['axes'])} and {len(other['axes'])} axes")
    found = []
    for a, b in zip(one["axes"], other["axes"], strict=True):
        if a["words"] != b["words"] or len(a["parts"]) != len(b["parts"]):
            return Likeness("different", f"{a['words']} and {b['words']}")
        found += [_liken(left, right, sides) for left, right in zip(a["parts"], b["parts"], strict=True)]
    return _worst(found)


def _worst(found: Sequence[Likeness]) -> Likeness:
    return max(found, key=lambda one: _ORDER.index(one.verdict), default=_EQUAL)


def _noun(one: Mapping[str, Any]) -> str:
    return f"{one.get('class') or one['is']}" + (f" of {one['length']}" if "length" in one else "")


def _said(value: Any) -> str:
    return repr(value)[:80]


_WAYS: dict[str, Any] = {
    "plain": _plain, "number": _number, "array": _array, "cells": _cells, "sparse": _sparse, "table": _table,
    "mapping": _several, "sequence": _several, "model": _model, "figure": _figure, "code": _code,
}  # fmt: skip
