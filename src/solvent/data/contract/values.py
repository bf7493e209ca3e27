"""What each demand of a contract takes for its value."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import Any

from solvent.config import validate
from solvent.config.leaf import Text
from solvent.config.typed.grammar import core_tree
from solvent.data.contract.expression import parse
from solvent.data.contract.literals import check_pattern, dtype_of_name, literal, settle_name
from solvent.errors import did_you_mean

__all__ = ["Wrong", "settle"]

Fault = tuple[tuple[Hashable, ...], str]
_TEXTS = ("text", "enum")


class Wrong(ValueError):
    """A value does not fit; ``faults`` are pairs of a path inside of it and what is wrong there."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(what for _, what in faults))
        self.faults = faults


def settle(kind: str, value: Any, typed: str | None) -> Any:
    """The value of a demand of this kind as plain JSON; ``typed`` is the column's type where it is said.

    Raises :class:`Wrong`.
    """
    if kind in ("min", "max"):
        return _bound(value, typed)
    if kind == "values":
        return _values(value, typed)
    return _READERS[kind](value)


def _type(value: Any) -> str:
    try:
        return settle_name(_text(value))
    except ValueError as error:
        raise Wrong(((), str(error))) from None


def _bool(value: Any) -> bool:
    try:
        return bool(validate(value, bool, from_file=True))
    except ValueError:
        raise Wrong(((), f"expected true or false, got {_shown(value)}")) from None


def _share(value: Any) -> float:
    found = core_tree(value)
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 <= found <= 1:
        raise Wrong(((), f"expected the share of nulls that is allowed, from 0 to 1, got {_shown(value)}"))
    return float(found)


def _bound(value: Any, typed: str | None) -> Any:
    found = core_tree(value)
    if typed in _TEXTS:
        raise Wrong(((), "text has no least and greatest value; say length: {min: …, max: …}, values or pattern"))
    if typed in ("bool", "binary", "list", "struct", "null"):
        raise Wrong(((), f"a column of the type {typed} has no least and greatest value"))
    if isinstance(found, bool) or not isinstance(found, (int, float, str)):
        raise Wrong(((), f"expected a number, or a time as text, got {_shown(value)}"))
    if isinstance(found, float) and not math.isfinite(found):
        raise Wrong(((), f"expected a number, got {_shown(value)}; leave it out where there is no bound"))
    dtype = dtype_of_name(typed) if typed else None
    if dtype is not None:
        try:
            literal(found, dtype)
        except ValueError as error:
            raise Wrong(((), str(error))) from None
    elif typed in ("integer", "number", "decimal") and isinstance(found, str):
        raise Wrong(((), f"{_shown(value)} is not a number"))
    return found


def _values(value: Any, typed: str | None) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise Wrong(((), f"expected a list of the values that may occur, got {_shown(value)}"))
    dtype = dtype_of_name(typed) if typed and typed != "enum" else None
    found, faults = [], []
    for place, one in enumerate(value):
        made = str(one) if typed in _TEXTS and isinstance(one, str) else core_tree(one)
        if made is None or isinstance(made, (list, dict)):
            faults.append(((place,), f"{_shown(one)} is no value that a column can hold; nulls are said by nulls"))
            continue
        if dtype is not None:
            try:
                literal(made, dtype)
            except ValueError as error:
                faults.append(((place,), str(error)))
        found.append(made)
    if faults:
        raise Wrong(*faults)
    return found


def _pattern(value: Any) -> str:
    text = _text(value)
    try:
        check_pattern(text)
    except ValueError as error:
        raise Wrong(((), str(error))) from None
    return text


def _sorted(value: Any) -> str | bool:
    said = value if isinstance(value, str) else core_tree(value)
    if said in ("ascending", "descending"):
        return str(said)
    try:
        return "ascending" if _bool(value) else False
    except Wrong:
        raise Wrong(((), f"expected ascending or descending, got {_shown(value)}")) from None


def _span(value: Any) -> dict[str, int]:
    """``{min, max}`` of whole numbers from 0 on, at least one of the two."""
    if not isinstance(value, dict) or not value:
        raise Wrong(((), f"expected {{min: …, max: …}}, got {_shown(value)}"))
    faults: list[Fault] = []
    found: dict[str, int] = {}
    for name, one in value.items():
        made = core_tree(one)
        if name not in ("min", "max"):
            faults.append(((name,), f"there is no such key.{did_you_mean(str(name), ('min', 'max'))}"))
        elif isinstance(made, bool) or not isinstance(made, int) or made < 0:
            faults.append(((name,), f"expected a whole number from 0 on, got {_shown(one)}"))
        else:
            found[str(name)] = made
    if not faults and found.get("min", 0) > found.get("max", math.inf):
        faults.append(((), f"min {found['min']} is above max {found['max']}"))
    if faults:
        raise Wrong(*faults)
    return {name: found[name] for name in ("min", "max") if name in found}


def _names(value: Any) -> list[str]:
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not found or not all(isinstance(one, str) and one for one in found):
        raise Wrong(((), f"expected the names of columns, such as [year, id], got {_shown(value)}"))
    if len(set(found)) < len(found):
        raise Wrong(((), "a column stands here twice"))
    return [str(one) for one in found]


def _freshness(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or set(value) != {"column", "within"}:
        raise Wrong(((), f"expected {{column: …, within: 2 days}}, got {_shown(value)}"))
    import datetime

    try:
        span = validate(value["within"], datetime.timedelta, from_file=True)
    except ValueError:
        span = None
    if span is None or span <= datetime.timedelta(0):
        raise Wrong((("within",), f"expected a time span such as 2 days, got {_shown(value['within'])}"))
    return {"column": _text(value["column"]), "within": str(value["within"])}


def _rule(value: Any) -> str:
    text = _text(value)
    try:
        parse(text)
    except ValueError as error:
        raise Wrong(((), str(error))) from None
    return text


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise Wrong(((), f"expected text, got {_shown(value)}"))
    return str(value)


def _shown(value: Any) -> str:
    return f"{str(value) if isinstance(value, Text) else value!r:.60}"


_READERS: dict[str, Callable[[Any], Any]] = {
    "type": _type, "required": _bool, "nulls": _share, "finite": _bool, "length": _span, "pattern": _pattern,
    "unique": _bool, "sorted": _sorted, "rows": _span, "key": _names, "together": _names,
    "freshness": _freshness, "rule": _rule, "name": _text,
}  # fmt: skip
