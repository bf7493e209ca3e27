"""Searching over folds: each trial is cross-validated, and the best one learns from all rows."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from solvent.data import Table
from solvent.errors import PlanError
from solvent.graph.pipelines import Pipeline, when
from solvent.graph.promise import Promise, node_of
from solvent.graph.steps import Options, Step
from solvent.learn.evaluation import Report
from solvent.learn.searching.choosing import Goal, Trial, choose, finish_trial, goes_on
from solvent.learn.splits.parts import Split
from solvent.learn.validation.gathering import gather_folds
from solvent.learn.validation.wiring import Use, learner_of, tester_of

__all__ = ["holds_folds", "search_folds"]


def holds_folds(data: Sequence[Any]) -> bool:
    """Whether what a search was given begins with folds."""
    if not data:
        return False
    first = data[0]
    if type(first) is Promise:
        return Split in typing.get_args(node_of(first)[2])
    return isinstance(first, (list, tuple)) and bool(first) and all(isinstance(one, Split) for one in first)


def search_folds(use: Use, drawn: Sequence[Mapping[str, Any]], data: Sequence[Any], goal: Goal) -> Trial:
    """Cross-validate each trial of a candidate, and let the one with the best mean learn from all rows."""
    if len(data) != 2:
        raise PlanError(
            "search: over folds it is given the folds, and the rows that the best candidate learns from at last: "
            "search(candidate, folds, parts.train); in settings of: [folds, parts.train]"
        )
    folds, rows = data
    reports: list[Report | None] = []
    for place, said in enumerate(drawn, 1):
        tested = tester_of(replace(use, name=f"trial-{place}", drawn=said)).named(f"folds-{place}").map(folds)
        reports.append(gather_folds.named(f"gather-{place}")(tested).report)
    made = []
    for place, said in enumerate(drawn, 1):
        best = goes_on.named(f"best-is-{place}")(reports, place=place - 1, keep=1, goal=goal)
        finish = _finisher(learner_of(replace(use, name=f"best-{place}", drawn=said))).named(f"finish-{place}")
        made.append(when(best, finish, rows, reports[place - 1]))
    return choose(made, reports, goal=goal, drawn=list(drawn))


def _finisher(learner: Step[Any, Any]) -> Pipeline[Any, Any]:
    """The pipeline that lets the best trial learn from all rows, and keeps what it was worth over the folds."""

    def finish(rows: Table, report: Report) -> Trial:
        return finish_trial(learner(rows), report)

    return Pipeline(finish, Options(beside=True))
