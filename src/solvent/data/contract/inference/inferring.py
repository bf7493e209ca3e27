"""Inferring: what every column suggests, put together, and what rows can tell is asked of them."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from solvent.data.contract.checks import check
from solvent.data.contract.checks.opening import open_table
from solvent.data.contract.inference.bounds import at_most, round_up, spread
from solvent.data.contract.inference.columns import Seen, Suggested, newest, suggest
from solvent.data.contract.parts import Demand
from solvent.data.contract.record import Contract
from solvent.data.profile.record import Profile
from solvent.errors import UsageError

__all__ = ["infer"]

_SAMPLED = 20_000
_EXCEPTIONS = 0.01


def infer(
    profiles: Profile | Sequence[Profile], *, slack: float = 0.1, table: Any = None, names: Sequence[str] = ()
) -> Contract:
    """A contract that every one of these versions keeps, the oldest first, to be reviewed before it is believed.

    Bounds lie ``slack`` of the range beyond what one version showed, and nearer the more versions there are, unless
    they moved more than that from one to the next. ``table`` is the newest version's rows: with it, text gets its
    shape from a sample of them, and what a profile only estimates (distinct values) is checked row by row; what the
    rows break is left out. ``names`` are what comments call the versions.
    """
    versions = [profiles] if isinstance(profiles, Profile) else list(profiles)
    if not versions:
        raise UsageError("there is no version to infer a contract from")
    if not 0 <= slack < float("inf"):
        raise UsageError(f"slack is a share of the range seen, from 0 on, and this is {slack}")
    texts = _sample(table, versions[-1]) if table is not None else {}
    suggested = [suggest(one, slack) for one in _columns(versions, texts, names, verifiable=table is not None)]
    demands, notes = _whole(versions, suggested, slack, names)
    for one in suggested:
        path = f"columns.{one.seen.name}"
        notes.update({f"{path}.{kind}" if kind else path: note for kind, note in one.notes.items()})
    contract = Contract(tuple(one.column for one in suggested), tuple(demands), extra="warn", notes=notes)
    return contract if table is None else _verified(contract, table, versions[-1])


def _columns(
    versions: Sequence[Profile], texts: Mapping[str, list[tuple[str, int]]], names: Sequence[str], *, verifiable: bool
) -> list[Seen]:
    order = {one["name"]: None for version in reversed(versions) for one in version.columns}
    by_name = [{one["name"]: one for one in version.columns} for version in versions]
    found = []
    for name in order:
        held = [place for place, columns in enumerate(by_name) if name in columns]
        figures = [by_name[place][name] for place in held]
        rows = [versions[place].rows for place in held]
        sample = texts.get(name)
        if sample is None:
            sample = [(str(value), count) for value, count in figures[-1].get("top", ())]
        found.append(Seen(name, figures, rows, len(versions), _label(rows, names, held), sample, verifiable))
    return found


def _label(rows: Sequence[int], names: Sequence[str], held: Sequence[int]) -> str:
    named = [names[place] for place in held if place < len(names)]
    said = f" of {', '.join(named[:4])}{' …' if len(named) > 4 else ''}" if named else ""
    return f"{sum(rows):,} rows{said}"


def _whole(
    versions: Sequence[Profile], suggested: Sequence[Suggested], slack: float, names: Sequence[str]
) -> tuple[list[Demand], dict[str, str]]:
    """The demands on the table, and their notes."""
    counts = [one.rows for one in versions]
    notes = {"contract": "inferred; review it before it is relied on"}
    said = ", ".join(f"{one:,}" for one in counts[-4:])
    notes["rows"] = f"seen {said}"
    if len(counts) == 1:
        span = {"min": counts[0] // 2, "max": 2 * counts[0]}
    else:
        below, above = spread(counts, counts, slack)
        span = {"min": max(0, int(min(counts) - below)), "max": int(max(counts) + above) + 1}
    demands = [Demand("rows", span, "warn")] if max(counts) else []
    if not demands:
        notes["rows"] = "rows: none were seen"
    key = _key(suggested)
    if key is not None:
        demands.append(Demand("key", [key.seen.name]))
        notes["key"] = key.notes.pop("unique")
        del key.demands["unique"]
    fresh = _fresh(suggested)
    if fresh is not None:
        name, times = fresh
        steps = [after - before for before, after in itertools.pairwise(times)]
        if steps and min(steps) > datetime.timedelta(0):
            within = max(1, -(-2 * max(steps) // datetime.timedelta(days=1)))
            demands.append(Demand("freshness", {"column": name, "within": f"{within} days"}))
            notes["freshness"] = f"the newest moved by at most {max(steps)} from version to version; twice that"
        elif not steps:
            notes["freshness"] = f"freshness: {{column: {name}, within: 2 days}}   newest seen: {times[-1]}"
    return demands, notes


def _key(suggested: Sequence[Suggested]) -> Suggested | None:
    able = [one for one in suggested if one.is_key]
    numbers = [one for one in able if one.seen.figures[-1]["kind"] == "number"]
    return next((one for one in able if one.named_as_key), numbers[0] if numbers else None)


def _fresh(suggested: Sequence[Suggested]) -> tuple[str, list[datetime.datetime]] | None:
    for one in suggested:
        times = newest(one.seen)
        if times is not None:
            return one.seen.name, times
    return None


def _sample(table: Any, newest_version: Profile) -> dict[str, list[tuple[str, int]]]:
    """Texts of some rows, evenly spaced, by column."""
    import polars as pl

    with open_table(table) as opened:
        names = [name for name, dtype in opened.schema.items() if isinstance(dtype, pl.String)]
        stride = max(1, newest_version.rows // _SAMPLED)
        found: dict[str, list[tuple[str, int]]] = {name: [] for name in names}
        if names:
            for piece in opened.pieces(names):
                some = piece.gather_every(stride)
                for name in names:
                    column = some.get_column(name).alias("v")
                    found[name].extend((text, 1) for text in column.drop_nulls().str.head(100))
    return found


def _verified(contract: Contract, table: Any, known: Profile) -> Contract:
    """The contract without what the rows break; a pattern with few exceptions allows these."""
    checked = check(table, contract, sample=1, profile=known)
    broken = {one.path: one for one in checked.findings if one.status == "violated"}
    notes = dict(contract.notes)
    columns = []
    for column in contract.columns:
        demands = []
        for demand in column.demands:
            path = f"columns.{column.name}.{demand.kind}"
            found = broken.get(path)
            if found is None and demand.kind == "pattern":  # none differs: the rule of three, as for nulls
                demands.append(replace(demand, others=min(_EXCEPTIONS, round_up(at_most(0, known.rows)))))
            elif found is None:
                demands.append(demand)
            elif demand.kind == "pattern" and found.share <= _EXCEPTIONS:
                others = round_up(at_most(found.count, checked.rows))
                demands.append(replace(demand, others=others))
                notes[path] = f"{notes[path]}, but for {found.count:,}, such as {found.examples[0]['value']}"
            else:
                notes.pop(path, None)
        columns.append(replace(column, demands=tuple(demands)))
    whole = tuple(one for one in contract.demands if one.kind not in broken)
    for kind in ("key", "freshness", "rows"):
        if kind in broken:
            notes.pop(kind, None)
    return replace(contract, columns=tuple(columns), demands=whole, notes=notes)
