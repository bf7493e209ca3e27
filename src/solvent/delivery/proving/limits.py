"""Gates that compare what was measured with what was asked: slices, budgets, the contract, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from solvent.delivery.proving.gate import Gate
from solvent.errors import SettingsError
from solvent.learn.tables.schema import Column

__all__ = ["LEAST", "check_budgets", "judge_budget", "judge_contract", "judge_rollback", "judge_slices"]

LEAST = frozenset({"rows_per_second"})
"""Figures of which there can be too little."""


def judge_slices(slices: Sequence[Mapping[str, Any]], asked: Mapping[str, Mapping[Any, float]]) -> list[Gate]:
    """One gate for each limit: it refuses where the whole interval of a slice lies beyond it.

    A slice has few rows, so its figure alone says little. Slices on which the figure is not defined do not count.
    """
    made = []
    for name, rule in asked.items():
        for way, limit in rule.items():
            worst = _worst(slices, name, way)
            said = f"every slice {'at least' if way == 'min' else 'at most'} {limit:g}, by its interval"
            if worst is None:
                made.append(Gate(f"slices {name}", False, None, said, "the report has no slices with this figure"))
                continue
            value, edge, label = worst
            passed = edge >= limit if way == "min" else edge <= limit
            made.append(Gate(f"slices {name}", passed, value, said, label))
    return made


def _worst(slices: Sequence[Mapping[str, Any]], name: str, way: str) -> tuple[float, float, str] | None:
    """The value, the far end of the interval, and the name of the slice that comes nearest to breaking the limit."""
    found = []
    for one in slices:
        figure = one["figures"].get(name)
        if figure is None or figure["value"] is None:
            continue
        edge = figure["high" if way == "min" else "low"]
        found.append((figure["value"], figure["value"] if edge is None else edge, f"{one['name']}, {one['rows']} rows"))
    if not found:
        return None
    return min(found, key=lambda one: one[1]) if way == "min" else max(found, key=lambda one: one[1])


def check_budgets(budgets: Mapping[Any, Any]) -> None:
    """Raise :class:`SettingsError` for a limit on the wrong side: rows a second can be too few, all else too much."""
    for name, limit in budgets.items():
        own, other = ("min", "max") if name in LEAST else ("max", "min")
        if not isinstance(limit, (int, float)) and other in limit:
            raise SettingsError(f"budgets: {name} has a {own} and no {other}: {name}: {{{own}: {limit[other]:g}}}")


def judge_budget(name: str, ours: float | None, theirs: float | None, limit: Any) -> list[Gate]:
    """Gates for a limit on its own, and for one that hangs on the champion."""
    own, word = ("min", "at least") if name in LEAST else ("max", "at most")
    said: Mapping[str, float] = {own: limit} if isinstance(limit, (int, float)) else limit
    made = []
    if own in said:
        made.append(_within(name, ours, said[own], f"{word} {said[own]:g}"))
    if "times_champion" in said:
        times = said["times_champion"]
        if theirs is None:
            made.append(Gate(name, True, ours, f"{word} {times:g} times the champion's", "no champion yet"))
        else:
            made.append(_within(name, ours, times * theirs, f"{word} {times:g} times the champion's {theirs:.4g}"))
    return made


def _within(name: str, value: float | None, limit: float, asked: str) -> Gate:
    if value is None:
        return Gate(name, False, None, asked, "it could not be measured")
    return Gate(name, value >= limit if name in LEAST else value <= limit, value, asked)


def judge_rollback(probed: Mapping[str, Any]) -> Gate:
    """Whether the champion still opens and answers, so that one could go back to it."""
    asked = "the champion opens in a fresh process and answers as it did, so that there is a way back"
    if "error" in probed:
        return Gate("rollback", False, None, asked, str(probed["error"]))
    different = int(probed["different"])
    return Gate(
        "rollback", different == 0, float(different), asked, "" if not different else f"{different} answers differ"
    )


def judge_contract(ours: Sequence[Column], theirs: Sequence[Column]) -> Gate:
    """Whether what callers of the champion send fits the new version too."""
    known = {one.name: one for one in theirs}
    faults = []
    for column in ours:
        before = known.get(column.name)
        if before is None:
            if not column.nullable:
                faults.append(f"{column.name} is needed, and callers do not send it")
        elif before.kind != column.kind and (before.kind, column.kind) != ("int", "float"):
            faults.append(f"{column.name} was {before.kind} and is {column.kind}")
        elif before.nullable and not column.nullable:
            faults.append(f"{column.name} could be missing and cannot any more")
    asked = "what callers of the champion send fits (contract: any lets it differ)"
    return Gate("contract", not faults, float(len(faults)), asked, "; ".join(faults[:5]))
