"""The search itself: a pipeline that wires one candidate for each trial, with what was drawn over its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from solvent.config import REQUIRED
from solvent.errors import PlanError, SettingsError
from solvent.graph.pipelines import pipeline, when
from solvent.graph.steps import Step, active
from solvent.learn.searching.choosing import Goal, Trial, check_goal, choose, goes_on, take_share
from solvent.learn.searching.drawing import check_space, draw_trials
from solvent.learn.searching.folded import holds_folds, search_folds
from solvent.learn.validation.wiring import Candidate, Use

__all__ = ["search"]


@pipeline
def search(
    candidate: Candidate,
    *data: Any,
    space: Mapping[str, Any] = REQUIRED,
    goal: Goal = REQUIRED,
    trials: int = 20,
    method: Literal["random", "halving"] = "random",
    factor: int = 3,
    smallest: float = 0.1,
    target: str | None = None,
    seed: int = REQUIRED,
) -> Trial:
    """Find the best of ``trials`` candidates: ``best = search(candidate, parts.train, parts.valid)``.

    ``candidate`` is a step or pipeline that takes the data and gives a :class:`Trial` (or a predictor and a report).
    ``space`` says what is drawn: by the name of one of its own settings, or by a path such as
    ``steps.train.with.max_depth`` or ``steps.fit.use``. ``goal`` is a figure of the report and a direction:
    ``{roc_auc: max}``.

    ``random`` tries each on all of the data. ``halving`` (Jamieson and Talwalkar 2016, Li and others 2017) begins
    with the share ``smallest`` of the rows of the first table, and goes on with the best ``1/factor`` of the trials
    on ``factor`` times as many rows, until all rows are used. Each trial's steps have keys of their own: a wider
    search repeats none of a narrower one.

    Over folds, ``best = search(candidate, folds, parts.train)``, each trial is cross-validated on ``target``
    (:func:`cross_validate` says what a candidate is then), the means over the folds are what the goal looks at, and
    the best one learns from the rows that are given last.
    """
    check_space(space)
    check_goal(goal)
    if trials < 1 or factor < 2 or not 0 < smallest <= 1:
        raise SettingsError("search: trials is at least 1, factor at least 2, and smallest a share above 0, at most 1")
    drawn = draw_trials(space, trials, seed)
    if holds_folds(data):
        if method != "random":
            raise SettingsError("search: halving takes a part of the rows, and folds are cut already: method: random")
        return search_folds(Use(candidate, target, seed), drawn, data, goal)
    if not isinstance(candidate, Step) or candidate.options.role:
        raise PlanError(
            "search: a model alone is tried over folds: search(candidate, folds, parts.train). On two parts the "
            "candidate is a step or pipeline that has to give a predictor and a report: -> Trial"
        )
    if method == "random":
        made = [_try(candidate, f"trial-{place + 1}", said, data) for place, said in enumerate(drawn)]
        return choose(made, goal=goal, drawn=drawn)
    return _halve(candidate, drawn, data, _Halving(goal, factor, smallest, seed))


class _Halving:
    """How rounds follow one another."""

    def __init__(self, goal: Goal, factor: int, smallest: float, seed: int) -> None:
        self.goal, self.seed = goal, seed
        self.shares = [1.0]
        while self.shares[0] / factor >= smallest * 0.999:
            self.shares.insert(0, self.shares[0] / factor)
        self.factor = factor


def _halve(candidate: Step[Any, Any], drawn: Sequence[Mapping[str, Any]], data: Sequence[Any], how: _Halving) -> Trial:
    """Rounds on more and more rows; who is not among the best is skipped from then on."""
    if not data:
        raise PlanError("search: halving begins with a part of the rows, and the search was given no table")
    going: list[Any] = [True] * len(drawn)
    made: list[Any] = []
    left = len(drawn)
    for number, share in enumerate(how.shares, 1):
        rows = data[0]
        if share < 1:
            rows = take_share.named(f"rows-{number}")(rows, share=share, seed=how.seed)
        made = [
            _try(candidate, f"round-{number}-trial-{place + 1}", said, (rows, *data[1:]), going[place])
            for place, said in enumerate(drawn)
        ]
        if share < 1:
            left = max(1, -(-left // how.factor))
            reports = [one.report for one in made]
            going = [
                goes_on.named(f"round-{number}-keeps-{place + 1}")(reports, place=place, keep=left, goal=how.goal)
                for place in range(len(drawn))
            ]
    return choose(made, goal=how.goal, drawn=list(drawn))


def _try(candidate: Step[Any, Any], name: str, said: Mapping[str, Any], data: Sequence[Any], going: Any = True) -> Any:
    """One use of the candidate, with what was drawn over its settings, if it still takes part."""
    caller = active()
    vary = getattr(caller, "vary", None)
    if vary is not None:
        made = when(going, vary(candidate, "candidate", name, said), *data)
    else:
        deep = [path for path in said if "." in path]
        if deep:
            raise SettingsError(f"search: {deep[0]!r} lies inside of the candidate; this needs a pipeline to be run")
        made = when(going, candidate, *data, **said)
    return _trial(made, candidate)


def _trial(made: Any, candidate: Step[Any, Any]) -> Any:
    fields = made if isinstance(made, dict) else made._asdict() if hasattr(type(made), "_asdict") else {}
    if set(fields) != {"predictor", "report"}:
        raise PlanError(
            f"search: the candidate {candidate.name!r} has to give a predictor and a report: -> Trial, with "
            f"return Trial(predictor, report); in settings result: {{predictor: …, report: …}}"
        )
    return Trial(**fields)
