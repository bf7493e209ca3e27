"""The shape of JSON rows: what their types, and all that is said of them, hang on; files of one shape are alike."""

from __future__ import annotations

import json
import re
from typing import Any

from solvent.data.canonical import EXACT_IN_FLOATS
from solvent.data.sources.files.small.batching import Body
from solvent.data.sources.files.text.guessing import LOOKS, SAMPLED
from solvent.data.sources.files.text.objects import escaped

__all__ = ["shape_of"]

_LOOKS = tuple((re.compile(pattern), kind) for pattern, kind in LOOKS)
_ZERO = re.compile(rb"-0(?![.0-9])")


def shape_of(body: Body) -> Any:
    """The shape of a file's rows, to be compared and hashed; None where more than the shape may count.

    Rows that are shaped as one before are no part of it. Numbers that some type would bend, texts with escapes and
    keys that stand twice are looked at one by one, elsewhere.
    """
    blank = body.rows != body.data.count(b"\n")
    if blank or escaped(body.data) or body.rows > SAMPLED or _ZERO.search(body.data):
        return None
    rows: dict[Any, None] = {}
    try:
        for line in body.data.split(b"\n"):
            if line.strip():
                row = json.loads(line, object_pairs_hook=_Pairs, parse_constant=_refuse)
                if not isinstance(row, _Pairs):
                    return None
                rows[_fields(row, True)] = None
    except (ValueError, RecursionError):
        return None
    return (body.look, body.like, *rows)


class _Pairs(list[tuple[str, Any]]):
    """An object's keys and values as they stand there."""


def _fields(pairs: _Pairs, outermost: bool) -> tuple[Any, ...]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError
    return tuple((name, _kind(value, outermost)) for name, value in pairs)


def _kind(value: Any, outermost: bool = False) -> Any:
    """What a value is. Raises ValueError for a number of which some type would keep less."""
    if isinstance(value, str):
        if not outermost:
            return "text"
        return next((kind for pattern, kind in _LOOKS if pattern.fullmatch(value)), "text")
    if value is None or isinstance(value, bool):
        return type(value)
    if isinstance(value, int | float):
        if not abs(value) < EXACT_IN_FLOATS:
            raise ValueError
        return type(value)
    if isinstance(value, _Pairs):
        return ("object", _fields(value, False))
    return ("list", *dict.fromkeys(map(_kind, value)))


def _refuse(word: str) -> None:
    raise ValueError(word)
