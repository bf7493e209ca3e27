"""A rule as a Polars expression over the columns of a given table."""

from __future__ import annotations

import datetime
import functools
import operator
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from solvent.config import validate
from solvent.data.canonical import column_named
from solvent.data.contract.expression.functions import FUNCTIONS
from solvent.data.contract.expression.parsing import Node, names_in
from solvent.data.contract.expression.reckoning import Reckoner
from solvent.data.contract.literals import constant, literal

if TYPE_CHECKING:
    import polars as pl

__all__ = ["build"]

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_RECKONING = frozenset({"+", "-", "*", "/", "%", "negative"})
_COMPARING = frozenset({"=", "!=", "<", "<=", ">", ">=", "in", "between"})
_TYPES = {"date": datetime.date, "timestamp": datetime.datetime, "interval": datetime.timedelta}


def build(node: Node, schema: Mapping[str, Any], now: datetime.datetime | None) -> pl.Expr:
    """The condition as an expression: true, false, or null where a value is missing (NaN counts as missing).

    Raises ``ValueError`` for a condition that cannot be computed over columns of these types, or that asks for the
    time and is given none.
    """
    import polars as pl

    try:
        made = _Builder(schema, now, names_in(node)).make(node)
        bare = pl.DataFrame({name: [None, None] for name in schema}, schema=dict(schema))
        found = bare.select(made.alias("found")).to_series()
    except RecursionError:
        raise ValueError("it has too many parts; make several rules of it") from None
    except pl.exceptions.PolarsError as error:
        raise ValueError(str(error).split("\n")[0]) from None
    if found.dtype not in (pl.Boolean, pl.Null):
        raise ValueError(f"a condition is true or false, and this is {found.dtype}")
    made = made.cast(pl.Boolean)
    # Where Polars sees that no row has a part in it, it is one value, which counts for each row.
    return made if len(found) == 2 else pl.when(pl.int_range(pl.len()) >= 0).then(made)


class _Builder:
    """Builds the parts of one rule."""

    def __init__(self, schema: Mapping[str, Any], now: datetime.datetime | None, names: list[str]) -> None:
        self.schema = schema
        self.now = now
        self.reckoner = Reckoner(schema)
        zones = (getattr(schema[name], "time_zone", None) for name in names)
        self.zone = next((zone for zone in zones if zone), None)

    def make(self, node: Node, *, raw: bool = False) -> pl.Expr:
        import polars as pl

        if node.kind == "name":
            column, dtype = column_named(node.value), self.schema[node.value]
            if isinstance(dtype, (pl.String, pl.Enum, pl.Categorical)):
                return column.cast(pl.String)  # functions of text know no dictionaries
            return column.fill_nan(None) if dtype.is_float() and not raw else column
        if node.kind == "value":
            return self._value(node)
        if node.kind == "now":
            return self._now()
        if node.kind == "call":
            function = FUNCTIONS[node.value]
            made = [self.make(part, raw=function.raw) for part in node.parts]
            if function.alike:
                first = 1 if node.value == "if" else 0
                made[first:] = self.reckoner.alike(node.parts[first:], made[first:], self.reckoner.width(node))
            found = function.make(*made)
            return found.fill_nan(None) if node.value == "sqrt" else found
        return self._operator(node, raw)

    def _operator(self, node: Node, raw: bool) -> pl.Expr:
        if node.kind in _RECKONING:
            return self._reckoned(node, [self.make(part, raw=raw) for part in node.parts], raw)
        parts = self._compared(node.parts) if node.kind in _COMPARING else [self.make(part) for part in node.parts]
        first = parts[0]
        if node.kind in _OPERATORS:
            return _OPERATORS[node.kind](first, parts[1])  # type: ignore[no-any-return]
        if node.kind == "or":
            return functools.reduce(operator.or_, parts)
        if node.kind == "and":
            return functools.reduce(operator.and_, parts)
        if node.kind == "not":
            return ~first
        if node.kind == "is null":
            return first.is_null()
        if node.kind == "in":
            return functools.reduce(operator.or_, [first == one for one in parts[1:]])
        if node.kind == "between":
            return (first >= parts[1]) & (first <= parts[2])
        pattern = _like(node.value) if node.kind == "like" else f"^(?:{node.value})$"
        return first.str.contains(pattern)

    def _reckoned(self, node: Node, parts: list[pl.Expr], raw: bool) -> pl.Expr:
        """What comes of numbers, or of moments and spans; what is no number is missing, as it is in a column."""
        import polars as pl

        found = self.reckoner.reckon(node, parts)
        if raw or self.reckoner.width(node) is not None:
            return found
        dtype = pl.DataFrame(schema=dict(self.schema)).select(found.alias("found")).dtypes[0]
        return found.fill_nan(None) if dtype.is_float() else found

    def _compared(self, nodes: tuple[Node, ...]) -> list[pl.Expr]:
        """Values that are compared: a constant beside a column is read as what the column holds."""
        import polars as pl

        dtype = next((self.schema[one.value] for one in nodes if one.kind == "name"), None)
        made = []
        for one in nodes:
            text = one.kind == "value" and isinstance(one.value, str) and one.typed is None
            if text and dtype is not None and (dtype.is_temporal() or dtype.is_decimal()):
                made.append(constant(literal(one.value, dtype), dtype))
            elif one.kind == "now" and dtype is not None and dtype.is_temporal():
                made.append(self._now().cast(pl.Date) if dtype == pl.Date else self._now())
            else:
                made.append(self.make(one))
        return self.reckoner.alike(nodes, made)

    def _value(self, node: Node) -> pl.Expr:
        import polars as pl

        if node.typed is None:
            return pl.lit(node.value)
        try:
            return pl.lit(validate(node.value, _TYPES[node.typed], from_file=True))
        except ValueError:
            raise ValueError(f"{node.value!r} is no {node.typed}") from None

    def _now(self) -> pl.Expr:
        import polars as pl

        if self.now is None:
            raise ValueError("it asks for the time, and the check was given none (now=…)")
        moment = self.now.astimezone(datetime.UTC) if self.now.tzinfo else self.now.replace(tzinfo=datetime.UTC)
        if self.zone is None:
            return pl.lit(moment.replace(tzinfo=None))
        return pl.lit(moment).dt.convert_time_zone(self.zone)


def _like(text: str) -> str:
    """SQL's pattern as a regular expression: % is any text, _ one sign."""
    parts = {"%": ".*", "_": "."}
    return "^(?s:" + "".join(parts.get(sign) or re.escape(sign) for sign in text) + ")$"
