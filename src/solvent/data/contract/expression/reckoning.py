"""Reckoning in rules: with the values that numbers are, not with what their types in memory run over at."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from solvent.data.contract.expression.functions import FUNCTIONS
from solvent.data.contract.expression.parsing import Node

if TYPE_CHECKING:
    import polars as pl

__all__ = ["alike", "reckon", "width"]

_WIDEST = 128
_NULL = Node("value")
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip


def width(node: Node, schema: Mapping[str, Any]) -> int | None:
    """How many bits a part of a rule takes at most, with a sign, if it is a whole number; else None."""
    if node.kind == "name":
        return _bits(schema[node.value])
    if node.kind == "value":
        return node.value.bit_length() + 1 if node.typed is None and type(node.value) is int else None
    if node.kind == "call":
        function = FUNCTIONS[node.value]
        if function.bits is not None:
            return function.bits
        parts = node.parts[1:] if node.value == "if" else node.parts
        found = _most(parts, schema) if function.alike else None
        return None if found is None else min(found + (node.value == "abs"), _WIDEST)
    most = _most(node.parts, schema)
    if most is None or node.kind not in ("+", "-", "*", "%", "negative"):
        return None
    if node.kind == "*":
        most = sum(width(part, schema) or 0 for part in node.parts if part != _NULL)
    return min(most + (node.kind in ("+", "-", "negative")), _WIDEST)


def _most(parts: Sequence[Node], schema: Mapping[str, Any]) -> int | None:
    """The greatest width of parts that are all whole numbers, or null, save that all are null."""
    found = [width(part, schema) for part in parts if part != _NULL]
    return None if None in found or not found else max(one for one in found if one is not None)


def _bits(dtype: Any) -> int | None:
    if not dtype.is_integer():
        return None
    name = type(dtype).__name__
    return min(int(name.removeprefix("U").removeprefix("Int")) + name.startswith("U"), _WIDEST)


def alike(nodes: Sequence[Node], made: Sequence[pl.Expr], schema: Mapping[str, Any]) -> list[pl.Expr]:
    """Values that are compared, or of which one is chosen: whole numbers in one type that holds all of them."""
    most = _most(nodes, schema)
    if most is None:
        return list(made)
    names = [node for node in nodes if node.kind == "name"]
    if len(names) == 1 < len(nodes) and len({node.kind for node in nodes} - {"value"}) == 1:
        own = schema[names[0].value]
        if all(node.kind == "name" or _holds(own, node.value) for node in nodes):
            return list(made)  # a column beside constants that it could hold
    return [one.cast(_type(most)) for one in made]


def _holds(dtype: Any, value: int | None) -> bool:
    import polars as pl

    low, high = pl.select(dtype.min()).item(), pl.select(dtype.max()).item()
    return value is None or low <= value <= high


def _type(bits: int) -> Any:
    import polars as pl

    return pl.Int64() if bits <= 64 else pl.Int128()


def reckon(node: Node, made: Sequence[pl.Expr], schema: Mapping[str, Any]) -> pl.Expr:
    """A sum, difference, product, quotient, rest, or the negative of a value.

    Whole numbers are taken so wide that no result runs over; one beyond 127 bits is the greatest there is. The rest of
    a division has the sign of what is divided, as in SQL.
    """
    import polars as pl

    most = _most(node.parts, schema)
    if most is None:
        parts = [_full(part, one, schema) for part, one in zip(node.parts, made, strict=True)]
        return -parts[0] if node.kind == "negative" else _applied(node.kind, parts)
    needed = sum(width(part, schema) or 0 for part in node.parts) if node.kind == "*" else most + 1
    parts = [one.cast(_type(needed)) for one in made]
    if node.kind == "negative":
        return pl.lit(0, _type(needed)) - parts[0]
    found = _applied(node.kind, parts)
    if needed <= _WIDEST or node.kind in ("/", "%"):
        return found
    about = _applied(node.kind, [one.cast(pl.Float64) for one in made])
    most = 2**127 - 1
    return (
        pl.when(about >= most).then(pl.lit(most, pl.Int128)).when(about <= -most).then(pl.lit(-most, pl.Int128))
        .otherwise(found)
    )  # fmt: skip


def _applied(kind: str, parts: Sequence[pl.Expr]) -> pl.Expr:
    import polars as pl

    if kind != "%":
        return _OPERATORS[kind](*parts)  # type: ignore[no-any-return]
    rest = parts[0].abs() % parts[1].abs()
    return pl.when(parts[0] < 0).then(0 - rest).otherwise(rest)


def _full(node: Node, made: pl.Expr, schema: Mapping[str, Any]) -> pl.Expr:
    """A value beside fractions: narrow types would run over, or round, before the other one is seen."""
    import polars as pl

    bits = width(node, schema)
    if bits is not None:
        return made.cast(_type(bits)) if node.kind != "value" else made
    narrow = node.kind == "name" and isinstance(schema[node.value], pl.Float32)
    return made.cast(pl.Float64) if narrow else made
