"""A contract laid out over the columns that a table has: one slot for each demand, in the contract's order."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from solvent.data.contract.checks.deciding import decide
from solvent.data.contract.checks.demands import breaking, say, type_fault, unlike
from solvent.data.contract.checks.opening import Opened
from solvent.data.contract.checks.slots import Counted, Fresh, Once, Ordered, RowCount, Said, Settled, Slot
from solvent.data.contract.expression import asks_for_now, build, names_in, parse
from solvent.data.contract.parts import Column, Demand, Rule
from solvent.data.contract.record import Contract
from solvent.data.contract.texts import unread
from solvent.data.profile.record import Profile
from solvent.errors import did_you_mean

__all__ = ["Plan"]


class Plan:
    """The slots of one check, over columns of known types; ``rows_to_read`` says whether any of them needs rows."""

    def __init__(
        self, contract: Contract, opened: Opened, now: datetime.datetime | None, known: Profile | None
    ) -> None:
        self.contract = contract
        self.schema = schema = opened.schema
        self.loose = opened.loose
        self.now = now
        self.known = {one["name"]: one for one in known.columns} if known is not None else {}
        self.rows = known.rows if known is not None else 0
        self.mistyped: set[str] = set()
        key = contract.demand("key")
        self.keys = [one for one in (key.value if key else ()) if one in schema]
        columns = [slot for one in contract.columns for slot in self._column(one)]
        whole = [slot for one in contract.demands for slot in self._whole(one)]
        rules = [self._rule(one) for one in contract.rules]
        self.slots: list[Slot] = [*whole, *self._extra(), *columns, *rules]

    @property
    def columns(self) -> list[str]:
        """The columns that must be read."""
        named = dict.fromkeys(name for slot in self.slots for name in slot.columns)
        return list(named | dict.fromkeys(self.keys)) if named else []

    def _extra(self) -> Iterator[Slot]:
        if self.contract.extra == "allow":
            return
        said = Said("extra", "no other columns", self.contract.extra)
        named = {one.name for one in self.contract.columns}
        more = [name for name in self.schema if name not in named]
        shown = ", ".join(repr(name) for name in more[:10]) + (f" and {len(more) - 10} more" if len(more) > 10 else "")
        found = said.violated(f"{len(more):,} columns that the contract does not name: {shown}")
        yield Settled(found if more else said.passed())

    def _column(self, column: Column) -> Iterator[Slot]:
        path, name = f"columns.{column.name}", column.name
        if name not in self.schema:
            demand = column.demand("required")
            said = Said(f"{path}.required", "is there", demand.severity if demand else "fail")
            if column.required:
                yield Settled(said.violated(f"the column is missing.{did_you_mean(name, self.schema)}"))
            return
        dtype = self.schema[name]
        for demand in column.demands:
            said = Said(f"{path}.{demand.kind}", say(demand), demand.severity, demand.others)
            if demand.kind == "required":
                if demand.value:
                    yield Settled(said.passed())
            elif demand.kind == "type":
                yield self._type(name, demand, said)
            elif name in self.mistyped and demand.kind != "nulls":
                yield Settled(said.skipped("the column has another type"))
            elif name in self.known and decide(self.known[name], self.rows, demand, dtype):
                yield Settled(said.passed())
            else:
                yield self._demand(name, demand, said)

    def _type(self, name: str, demand: Demand, said: Said) -> Slot:
        fault = type_fault(self.schema[name], demand.value)
        if not fault:
            return Settled(said.passed())
        odd = unlike(name, demand.value, self.schema[name]) if self.loose else None
        if odd is not None:
            return Counted(said, (name,), odd)
        if demand.severity == "fail":  # else what follows is judged over the type that is there
            self.mistyped.add(name)
        odd = unread(name, demand.value, self.schema[name])
        return Settled(said.violated(fault)) if odd is None else Counted(said, (name,), odd, fault)

    def _demand(self, name: str, demand: Demand, said: Said) -> Slot:
        dtype = self.schema[name]
        if demand.kind in ("unique", "sorted") and dtype.is_nested():
            return Settled(said.violated("its values are lists or structs, which are not compared"))
        if demand.kind == "unique":
            return Once(said, (name,))
        if demand.kind == "sorted":
            return Ordered(said, name, dtype, descending=demand.value == "descending")
        try:
            broken = breaking(name, demand, dtype)
        except ValueError as error:
            return Settled(said.violated(str(error)))
        others = demand.value if demand.kind == "nulls" else demand.others
        return Counted(Said(said.path, said.demand, said.severity, others), (name,), broken)

    def _whole(self, demand: Demand) -> Iterator[Slot]:
        path = demand.kind
        if demand.kind == "together":
            path = f"unique.{'+'.join(demand.value)}"
        said = Said(path, say(demand), demand.severity)
        if demand.kind == "rows":
            yield RowCount(said, demand.value)
            return
        names = [demand.value["column"]] if demand.kind == "freshness" else demand.value
        absent = self._absent(said, names)
        if absent is not None:
            yield Settled(absent)
        elif demand.kind == "freshness":
            yield self._fresh(demand, said)
        elif any(self.schema[name].is_nested() for name in names):
            yield Settled(said.violated("it names a column of lists or structs, which are not compared"))
        else:
            yield Once(said, tuple(names), whole=demand.kind == "key")

    def _fresh(self, demand: Demand, said: Said) -> Slot:
        import polars as pl

        column = demand.value["column"]
        if self.now is None:
            return Settled(said.skipped("the check was given no moment to compare with (now=…)"))
        if not isinstance(self.schema[column], (pl.Date, pl.Datetime)):
            return Settled(said.violated(f"{column!r} holds no dates"))
        return Fresh(said, column, demand.value["within"], self.now)

    def _rule(self, rule: Rule) -> Slot:
        words = f"{rule.check}, when {rule.when}" if rule.when else rule.check
        said = Said(f"rules.{rule.name}", words, rule.severity, rule.others)
        tree = parse(rule.check)
        condition = parse(rule.when) if rule.when else None
        names = list(dict.fromkeys([*names_in(tree), *(names_in(condition) if condition else [])]))
        if self.now is None and any(asks_for_now(one) for one in (tree, condition) if one):
            return Settled(said.skipped("the check was given no moment to compare with (now=…)"))
        absent = self._absent(said, names)
        if absent is not None:
            return Settled(absent)
        try:
            broken = ~build(tree, self.schema, self.now)
            if condition is not None:
                broken = broken & build(condition, self.schema, self.now)
        except ValueError as error:
            if self.mistyped.intersection(names):
                return Settled(said.skipped("a column that it names has another type"))
            return Settled(said.violated(f"it cannot be computed here: {error}"))
        return Counted(said, tuple(names), broken.fill_null(False))

    def _absent(self, said: Said, names: list[str]) -> Any:
        """The finding where a column is missing: told once, by the column itself, where that refuses the table."""
        for name in names:
            if name not in self.schema:
                column = self.contract.column(name)
                required = column.demand("required") if column is not None else None
                told = required is not None and required.value and required.severity == "fail"
                free = required is not None and not required.value and said.path.startswith("rules.")
                if told or free:
                    return said.skipped(f"the column {name!r} is missing")
                return said.violated(f"there is no column {name!r}.{did_you_mean(name, self.schema)}")
        return None
