"""Choosing among trials: who goes on to the next round, and which one is the best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Union

from solvent.config import REQUIRED
from solvent.data import Table
from solvent.engine.context import log
from solvent.errors import InputError, SettingsError, did_you_mean
from solvent.graph.steps import step
from solvent.learn.assembly import Predictor
from solvent.learn.evaluation import Report
from solvent.learn.tables.rows import frame_of

__all__ = ["Goal", "Trial", "check_goal", "choose", "finish_trial", "goes_on", "take_share"]

Goal = Mapping[str, Literal["max", "min"]]
_FIGURES = (
    "accuracy", "average_precision", "brier", "calibration_error", "f1", "f1_weighted", "log_loss", "mae", "mape",
    "precision", "r2", "recall", "rmse", "roc_auc",
)  # fmt: skip


def check_goal(goal: Goal) -> None:
    """Raise :class:`SettingsError` for more than one figure, or one whose name is nearly that of one of ours.

    A report of one's own may have figures of other names, which are not known before the first trial.
    """
    if len(goal) != 1:
        raise SettingsError(f"goal: it names one figure and its direction, such as {{roc_auc: max}}, not {dict(goal)}")
    name = next(iter(goal))
    hint = "" if name in _FIGURES else did_you_mean(name, _FIGURES)
    if hint:
        raise SettingsError(f"goal: there is no figure {name!r}.{hint} Reports have: {', '.join(_FIGURES)}")


class Trial(NamedTuple):
    """What a candidate gives: the predictor, and how good it is on rows that it did not learn from."""

    predictor: Predictor
    report: Report


def score_of(report: Report | None, goal: Goal) -> float:
    """The figure that the goal names, so that more is better; minus infinity where it is not defined, or no report."""
    if report is None:
        return -math.inf
    name, way = next(iter(goal.items()))
    if name not in report.figures:
        hint = did_you_mean(name, report.figures)
        raise SettingsError(f"goal: the report has no figure {name!r}.{hint} It has: {', '.join(report.figures)}")
    value = report.figures[name].value
    if value is None or not math.isfinite(value):
        return -math.inf
    return value if way == "max" else -value


@step
def goes_on(
    reports: list[Report | None], *, place: int = REQUIRED, keep: int = REQUIRED, goal: Goal = REQUIRED
) -> bool:
    """Whether the trial at ``place`` is among the ``keep`` best of its round (of equal ones, those drawn first)."""
    scores = [score_of(one, goal) for one in reports]
    order = sorted(range(len(scores)), key=lambda one: (-scores[one], one))
    kept = place in order[:keep] and scores[place] > -math.inf
    log(score=abs(scores[place]) if math.isfinite(scores[place]) else 0.0, rank=order.index(place) + 1)
    return kept


@step
def take_share(rows: Table, *, share: float = REQUIRED, seed: int = REQUIRED) -> Table:
    """A random share of the rows, in their order; a larger share holds all rows of a smaller one."""
    import numpy as np

    frame = frame_of(rows)
    count = max(1, round(frame.height * share))
    chosen = np.sort(np.random.default_rng(seed).permutation(frame.height)[:count])
    log(rows=count)
    return frame[chosen]


def _finished_kinds(settings: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """The predictor is of the class that it was made as."""
    return {"predictor": data.get("predictor", Predictor), "report": Report}


@step(kinds=_finished_kinds)
def finish_trial(predictor: Predictor, report: Report) -> Trial:
    """The best trial over folds: what it was worth there, and the predictor that learnt from all rows since."""
    return Trial(predictor, report)


def _chosen_kinds(settings: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """The predictor is of the class of one of those that are to be chosen among."""
    trials = [one for one in data.get("trials", ()) if isinstance(one, tuple) and one]
    kinds = tuple(dict.fromkeys(one[0] for one in trials)) or (Predictor,)
    return {"predictor": Union[kinds], "report": Report}  # noqa: UP007


@step(kinds=_chosen_kinds)
def choose(
    trials: list[Trial | None],
    reports: list[Report | None] | None = None,
    *,
    goal: Goal = REQUIRED,
    drawn: Sequence[Mapping[str, Any]] = REQUIRED,
) -> Trial:
    """The best of the trials by the goal (of equal ones, the one that was drawn first).

    ``reports`` are those of all trials, where only the best one was finished. What was drawn for each and what came of
    it are recorded, as a list and as a picture. Raises :class:`InputError` where the figure is not defined in any
    trial.
    """
    told_by = reports or [None if one is None else one.report for one in trials]
    scores = [score_of(one, goal) for one in told_by]
    place = max(range(len(scores)), key=lambda one: (scores[one], -one), default=-1)
    name, way = next(iter(goal.items()))
    if place < 0 or scores[place] == -math.inf:
        raise InputError(f"search: {name} is not defined in any of {len(trials)} trials, so none can be the best")
    best = trials[place]
    assert best is not None
    sign = 1.0 if way == "max" else -1.0
    told: dict[str, Any] = {
        "trials": len(trials),
        "best": place + 1,
        f"best_{name}": sign * scores[place],
        "chosen": ", ".join(f"{key}={value}" for key, value in drawn[place].items()),
        "search": draw_trial_scores(name, [sign * one for one in scores], drawn),
    }
    log(**told)
    return best


def draw_trial_scores(name: str, scores: Sequence[float], drawn: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The figure of each trial, with what was drawn for it, as a Vega-Lite picture."""
    points = [
        {"trial": place + 1, name: score, "settings": ", ".join(f"{key}={value}" for key, value in said.items())}
        for place, (score, said) in enumerate(zip(scores, drawn, strict=True))
        if math.isfinite(score)
    ]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": f"{name} of each trial",
        "data": {"values": points},
        "mark": {"type": "point", "tooltip": True},
        "encoding": {
            "x": {"field": "trial", "type": "quantitative"},
            "y": {"field": name, "type": "quantitative", "scale": {"zero": False}},
            "tooltip": [{"field": "trial"}, {"field": name}, {"field": "settings"}],
        },
    }
