"""Reckoning in rules: with the values that numbers are, not with what their types in memory run over at."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from solvent.data.contract.expression.functions import FUNCTIONS
from solvent.data.contract.expression.parsing import Node

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Reckoner"]

_WIDEST = 128
_MOST = 2**127 - 1
_NULL = Node("value")
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip


class Reckoner:
    """Reckons over the columns of one schema. What a part is made of is looked at once, and stands in a rule once."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._widths: dict[int, int | None] = {}

    def width(self, node: Node) -> int | None:
        """How many bits a part of a rule takes at most, with a sign, if it is a whole number; else None."""
        if id(node) not in self._widths:
            self._widths[id(node)] = self._width(node)
        return self._widths[id(node)]

    def alike(self, nodes: Sequence[Node], made: Sequence[pl.Expr], result: int | None = None) -> list[pl.Expr]:
        """Values that are compared, or of which one is chosen: whole numbers in one type that holds all of them.

        It holds a ``result`` of so many bits as well.
        """
        most = self._most(nodes)
        if most is None:
            return list(made)
        most = max(most, result or 0)
        names = [node for node in nodes if node.kind == "name"]
        if len(names) == 1 < len(nodes) and all(node.kind in ("name", "value") for node in nodes):
            own = self._schema[names[0].value]
            if all(node.kind == "name" or _holds(own, node.value) for node in nodes):
                return list(made)  # a column beside constants that it could hold
        return [one.cast(_type(most)) for one in made]

    def reckon(self, node: Node, made: Sequence[pl.Expr]) -> pl.Expr:
        """A sum, difference, product, quotient, rest, or the negative of a value.

        Whole numbers are taken so wide that no result runs over; one beyond 127 bits is the greatest there is. The
        rest of a division has the sign of what is divided, as in SQL.
        """
        import polars as pl

        most = self._most(node.parts)
        if most is None:
            parts = [self._full(part, one) for part, one in zip(node.parts, made, strict=True)]
            return -parts[0] if node.kind == "negative" else self._applied(node.kind, parts)
        if node.kind == "/":
            return self._applied("/", [one.cast(pl.Float64) for one in made])
        needed = self._sum(node.parts) if node.kind == "*" else most + 1
        parts = [one.cast(_type(needed)) for one in made]
        if node.kind == "negative":
            return pl.lit(0, _type(needed)) - parts[0]
        if needed > _WIDEST and node.kind in ("+", "-", "*"):
            return self._called(_saturating(_OPERATORS[node.kind]), parts, pl.Int128())
        return self._applied(node.kind, parts)

    def _width(self, node: Node) -> int | None:
        if node.kind == "name":
            return _bits(self._schema[node.value])
        if node.kind == "value":
            return node.value.bit_length() + 1 if node.typed is None and type(node.value) is int else None
        if node.kind == "call":
            function = FUNCTIONS[node.value]
            if function.bits is not None:
                return function.bits
            found = self._most(node.parts[1:] if node.value == "if" else node.parts) if function.alike else None
            return None if found is None else min(found + (node.value == "abs"), _WIDEST)
        most = self._most(node.parts)
        if most is None or node.kind not in ("+", "-", "*", "%", "negative"):
            return None
        if node.kind == "*":
            most = self._sum(node.parts)
        return min(most + (node.kind in ("+", "-", "negative")), _WIDEST)

    def _most(self, parts: Sequence[Node]) -> int | None:
        """The greatest width of parts that are all whole numbers, or null, save that all are null."""
        found = [self.width(part) for part in parts if part != _NULL]
        return None if None in found or not found else max(one for one in found if one is not None)

    def _sum(self, parts: Sequence[Node]) -> int:
        return sum(self.width(part) or 0 for part in parts if part != _NULL)

    def _full(self, node: Node, made: pl.Expr) -> pl.Expr:
        """A value beside fractions: a narrow whole number would run over before the other one is seen."""
        bits = self.width(node)
        return made if bits is None or node.kind == "value" else made.cast(_type(bits))

    def _applied(self, kind: str, parts: Sequence[pl.Expr]) -> pl.Expr:
        import polars as pl

        if kind != "%":
            return _OPERATORS[kind](*parts)  # type: ignore[no-any-return]
        dtype = pl.DataFrame(schema=dict(self._schema)).select((parts[0] % parts[1]).alias("found")).dtypes[0]
        return self._called(_rest, parts, pl.Int64() if dtype == pl.Null else dtype)

    def _called(self, function: Callable[[Any, Any], Any], parts: Sequence[pl.Expr], dtype: Any) -> pl.Expr:
        """What a function makes of two columns: an expression that named each twice would double with every level."""
        import polars as pl

        both = pl.struct(parts[0].alias("a"), parts[1].alias("b"))
        return both.map_batches(
            lambda pair: function(pair.struct.field("a"), pair.struct.field("b")).cast(dtype),
            return_dtype=dtype, is_elementwise=True,
        )  # fmt: skip


def _bits(dtype: Any) -> int | None:
    if not dtype.is_integer():
        return None
    name = type(dtype).__name__
    return min(int(name.removeprefix("U").removeprefix("Int")) + name.startswith("U"), _WIDEST)


def _holds(dtype: Any, value: int | None) -> bool:
    import polars as pl

    low, high = pl.select(dtype.min()).item(), pl.select(dtype.max()).item()
    return value is None or low <= value <= high


def _type(bits: int) -> Any:
    import polars as pl

    return pl.Int64() if bits <= 64 else pl.Int128()


def _rest(a: pl.Series, b: pl.Series) -> pl.Series:
    import polars as pl

    a, b = (one.cast(pl.Int64) if one.dtype == pl.Null else one for one in (a, b))
    rest = pl.col("a").abs() % pl.col("b").abs()
    signed = pl.when(pl.col("a") < 0).then(pl.lit(0).cast(a.dtype) - rest).otherwise(rest)
    return pl.DataFrame({"a": a, "b": b}).select(signed.alias("rest")).to_series()


def _saturating(function: Callable[[Any, Any], Any]) -> Callable[[pl.Series, pl.Series], pl.Series]:
    def reckoned(a: pl.Series, b: pl.Series) -> pl.Series:
        import polars as pl

        about = function(a.cast(pl.Float64), b.cast(pl.Float64))
        found: pl.Series = function(a, b)
        for beyond, most in ((about >= _MOST, _MOST), (about <= -_MOST, -_MOST)):
            if beyond.any():
                end = pl.Series([most], dtype=pl.Int128).new_from_index(0, len(found))
                found = end.zip_with(beyond.fill_null(False), found)
        return found

    return reckoned
