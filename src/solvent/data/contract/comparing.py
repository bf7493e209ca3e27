"""What a change of a contract means to those who read the data, and to those who write it."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from solvent.config import validate
from solvent.data.contract.literals import dtype_of_name, fits, literal
from solvent.data.contract.parts import EXTRA, Column, Demand, Rule
from solvent.data.contract.record import Contract

__all__ = ["READERS", "WRITERS", "Change", "compare"]

READERS = "breaking for readers"
WRITERS = "breaking for writers"
_STRICT = {"warn": 0, "quarantine": 1, "fail": 2}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: where, its verdict, and why.

    ``narrower``: some data that the old contract took is now refused. ``wider``: some data that it refused is now
    taken, which a reader must be ready for. ``breaking for readers``: what a reader could rely on (a column, its type,
    no nulls, the key) is no longer promised. ``breaking for writers``: data that was right is now wrong as a whole.
    ``same``: nothing changed about this column.
    """

    path: str
    verdict: str
    why: str

    def to_json(self) -> dict[str, str]:
        """The change as plain JSON."""
        return {"path": self.path, "verdict": self.verdict, "why": self.why}


def compare(old: Contract, new: Contract) -> list[Change]:
    """Every difference between two contracts, and ``same`` for each column without any."""
    changes: list[Change] = []
    before, after = ({one.name: one for one in two.columns} for two in (old, new))
    for name in dict.fromkeys([*before, *after]):
        found = list(_column(f"columns.{name}", before.get(name), after.get(name), old.extra))
        changes.extend(found or [Change(f"columns.{name}", "same", "nothing changed")])
    changes.extend(_extra(old, new))
    changes.extend(_table(old, new))
    changes.extend(_rules(old.rules, new.rules))
    return changes


def _column(path: str, before: Column | None, after: Column | None, extra: str) -> Iterator[Change]:
    if before is None and after is not None:
        if after.required:
            yield Change(path, WRITERS, "a new column that every table must have")
        elif extra == "fail":
            yield Change(path, "wider", "a new column that a table may have, and could not before")
        else:
            yield Change(path, "narrower", "a column that was free now has demands")
        return
    if after is None and before is not None:
        verdict, why = ("wider", "its demands are gone") if not before.required else (READERS, "the column is gone")
        yield Change(path, verdict, why)
        return
    assert before is not None and after is not None
    if before.required != after.required:
        verdict, why = (READERS, "it may now be missing") if before.required else (WRITERS, "it must now be there")
        yield Change(f"{path}.required", verdict, why)
    kinds = dict.fromkeys(one.kind for one in (*before.demands, *after.demands) if one.kind != "required")
    for kind in kinds:
        yield from _demand(f"{path}.{kind}", before.demand(kind), after.demand(kind), _typed(after) or _typed(before))


def _typed(column: Column) -> str | None:
    found = column.demand("type")
    return found.value if found else None


def _demand(path: str, before: Demand | None, after: Demand | None, typed: str | None) -> Iterator[Change]:
    if before is None and after is not None:
        yield _appeared(path, after)
        return
    if before is not None and after is None:
        yield _vanished(path, before)
        return
    assert before is not None and after is not None
    if before.value != after.value:
        yield from _changed(path, before, after, typed)
    yield from _weight(path, before, after)


def _appeared(path: str, after: Demand) -> Change:
    if after.kind == "type":
        return Change(path, "narrower", f"it must now be {after.value}")
    if after.kind == "nulls" and after.value == 0:
        return Change(path, WRITERS, "nulls are now refused")
    if after.kind == "key":
        return Change(path, WRITERS, f"{', '.join(after.value)} must now name a row")
    return Change(path, "narrower", "a new demand")


def _vanished(path: str, before: Demand) -> Change:
    if before.kind == "type":
        return Change(path, READERS, f"it need no longer be {before.value}")
    if before.kind == "nulls" and before.value == 0:
        return Change(path, READERS, "there may now be nulls")
    if before.kind == "key":
        return Change(path, READERS, f"{', '.join(before.value)} need no longer name a row")
    return Change(path, "wider", "the demand is gone")


def _changed(path: str, before: Demand, after: Demand, typed: str | None) -> Iterator[Change]:
    old, new, kind = before.value, after.value, before.kind
    if kind == "type":
        yield from _type(path, old, new)
    elif kind == "nulls":
        if old == 0:
            yield Change(path, READERS, f"nulls may now be {new:.2%} of the rows, and there were none")
        elif new == 0:
            yield Change(path, WRITERS, "nulls are now refused")
        else:
            yield _moved(path, new > old, f"{old} became {new}")
    elif kind in ("min", "max"):
        yield _moved(path, _beyond(old, new, typed, up=kind == "max"), f"{old} became {new}")
    elif kind in ("length", "rows"):
        for end in ("min", "max"):
            if old.get(end) != new.get(end):
                low, high = (0, 0) if end == "min" else (float("inf"), float("inf"))
                wider = (
                    new.get(end, low) < old.get(end, low) if end == "min" else new.get(end, high) > old.get(end, high)
                )
                yield _moved(f"{path}.{end}", wider, f"{old.get(end, 'none')} became {new.get(end, 'none')}")
    elif kind == "values":
        gone, come = [one for one in old if one not in new], [one for one in new if one not in old]
        if gone:
            yield Change(path, "narrower", f"no longer allowed: {_few(gone)}")
        if come:
            yield Change(path, "wider", f"allowed now: {_few(come)}")
    elif kind == "freshness" and old["column"] == new["column"]:
        spans = [validate(one["within"], datetime.timedelta, from_file=True) for one in (old, new)]
        if spans[0] != spans[1]:
            yield _moved(path, spans[1] > spans[0], f"within {old['within']} became {new['within']}")
    elif kind == "key":
        yield Change(path, READERS, f"a row is now named by {', '.join(new)}, and was by {', '.join(old)}")
    else:
        yield from _other(path, f"{old} became {new}; neither is known to take all that the other does")


def _type(path: str, old: str, new: str) -> Iterator[Change]:
    before, after = dtype_of_name(old), dtype_of_name(new)
    if before is not None and fits(before, new):
        yield Change(path, "wider", f"{old} became {new}, which can hold it")
    elif after is not None and fits(after, old):
        yield Change(path, "narrower", f"{old} became {new}, which not all of it fits")
    else:
        yield Change(path, READERS, f"{old} became {new}")
        yield Change(path, WRITERS, f"{old} became {new}")


def _beyond(old: Any, new: Any, typed: str | None, *, up: bool) -> bool:
    """Whether the new bound takes more."""
    dtype = dtype_of_name(typed) if typed else None
    if dtype is not None:
        with contextlib.suppress(ValueError):
            old, new = literal(old, dtype), literal(new, dtype)
    try:
        return bool(new > old if up else new < old)
    except TypeError:
        return up


def _moved(path: str, wider: bool, why: str) -> Change:
    return Change(path, "wider" if wider else "narrower", why)


def _other(path: str, why: str) -> Iterator[Change]:
    yield Change(path, "narrower", why)
    yield Change(path, "wider", why)


def _weight(path: str, before: Demand | Rule, after: Demand | Rule) -> Iterator[Change]:
    if before.severity != after.severity:
        wider = _STRICT[after.severity] < _STRICT[before.severity]
        yield _moved(f"{path}.severity", wider, f"{before.severity} became {after.severity}")
    if before.others != after.others:
        yield _moved(f"{path}.others", after.others > before.others, f"{before.others} became {after.others}")


def _extra(old: Contract, new: Contract) -> Iterator[Change]:
    if old.extra != new.extra:
        wider = EXTRA.index(new.extra) < EXTRA.index(old.extra)
        yield _moved("extra", wider, f"columns not named: {old.extra} became {new.extra}")


def _table(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = ({(one.kind, _columns(one)): one for one in two.demands} for two in (old, new))
    for kind, name in dict.fromkeys([*before, *after]):
        path = f"unique.{name}" if kind == "together" else kind
        yield from _demand(path, before.get((kind, name)), after.get((kind, name)), None)


def _columns(demand: Demand) -> str:
    return "+".join(demand.value) if demand.kind == "together" else ""


def _rules(old: tuple[Rule, ...], new: tuple[Rule, ...]) -> Iterator[Change]:
    before, after = ({one.name: one for one in rules} for rules in (old, new))
    for name in dict.fromkeys([*before, *after]):
        path = f"rules.{name}"
        if name not in before:
            yield Change(path, "narrower", "a new rule")
        elif name not in after:
            yield Change(path, "wider", "the rule is gone")
        else:
            one, other = before[name], after[name]
            if (one.check, one.when) != (other.check, other.when):
                yield from _other(path, "the condition changed; neither is known to take all that the other does")
            yield from _weight(path, one, other)


def _few(values: list[Any]) -> str:
    return ", ".join(repr(one) for one in values[:5]) + (f" and {len(values) - 5} more" if len(values) > 5 else "")
