"""Cross-validation itself: a pipeline that learns and tests a candidate once for each fold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from solvent.config import REQUIRED
from solvent.data import Table
from solvent.errors import PlanError, SettingsError
from solvent.graph.declared.recipe import Recipe
from solvent.graph.pipelines import Pipeline, pipeline
from solvent.graph.steps import Options, Step, active
from solvent.learn.assembly import Predictor, assemble
from solvent.learn.evaluation import Report, evaluate
from solvent.learn.splits.parts import Split
from solvent.learn.training import train
from solvent.learn.transforms import fit, transform
from solvent.learn.validation.gathering import gather_folds
from solvent.learn.validation.testing import Tested, answer_fold, open_fold, trace_fold

__all__ = ["Candidate", "CrossValidation", "Use", "cross_validate", "learner_of", "tester_of"]

Candidate = Step[Any, Any] | type | Recipe
"""What is learnt: a step or pipeline of training rows that gives a predictor, or the class of a model."""


class CrossValidation(NamedTuple):
    """What a cross-validation came to.

    ``report`` holds the means over the folds with their intervals (``report.method`` says which), ``scores`` one row
    for each fold, ``summary`` one for each figure (mean, spread, range, interval, gain over the baseline).
    ``answers`` are all rows that were tested on, with the ``fold`` and what was answered by a predictor that had not
    learnt from them. ``predictor`` has learnt from all the ``rows`` that were given besides; None without such.
    """

    report: Report
    scores: Table
    summary: Table
    answers: Table
    predictor: Predictor | None = None


@pipeline
def cross_validate(
    candidate: Candidate,
    folds: list[Split],
    rows: Table | None = None,
    *,
    target: str = REQUIRED,
    seed: int = REQUIRED,
) -> CrossValidation:
    """Learn and test the candidate once for each fold: ``cross_validate(candidate, folds, target="late")``.

    ``candidate`` is a step or pipeline that takes rows to learn from and gives a predictor; it never sees the rows
    that it is tested on. The class of a model will do as well: its rows are then prepared by :func:`fit`, whose
    settings stand beside it. ``folds`` are those of ``random_folds``, ``stratified_folds``, ``group_folds``,
    ``time_folds``, or any list of :class:`Split`. With ``rows``, the candidate learns from all of these at last, and
    that is the ``predictor``.

    The steps of each fold have keys of their own: a fold that is there already is not repeated. Settings of the
    candidate stand at ``steps.candidate``, those of the tests at ``steps.evaluate``. A class learns from ``seed`` in
    every fold; the steps of a candidate have seeds of their own.
    """
    use = Use(candidate, target, seed)
    tested = tester_of(use).map(folds)
    gathered = gather_folds(tested)
    last = None if rows is None else learner_of(use).named("refit")(rows)
    return CrossValidation(*gathered, last)


@dataclass(frozen=True)
class Use:
    """One use of a candidate: under which name, and with which drawn settings over its own."""

    candidate: Candidate
    target: str | None
    seed: int
    name: str = "candidate"
    drawn: Mapping[str, Any] = field(default_factory=dict)


def learner_of(use: Use) -> Pipeline[Any, Any]:
    """The pipeline that makes a predictor of rows by a candidate."""
    learn = _learning(use)

    def learner(rows: Table) -> Any:
        return learn(rows)

    return Pipeline(learner, Options(beside=True))


def tester_of(use: Use) -> Pipeline[Any, Any]:
    """The pipeline that learns from the one part of a fold, and is tested on the other."""
    learn, target = _learning(use), use.target
    if target is None:
        raise SettingsError("over folds the column that is predicted has to be named: target: NAME")

    def folds(fold: Split) -> Tested:
        parts = open_fold(fold, target=target)
        predictor = learn(parts.train)
        trace_fold(predictor, parts.train, parts.test, target=target)
        report = evaluate(predictor, parts.test, target=target, seed=use.seed, draws=0)
        return Tested(report, answer_fold(predictor, parts.test, target=target), parts.learnt)

    return Pipeline(folds, Options(beside=True))


def _learning(use: Use) -> Callable[[Any], Any]:
    """How rows become a predictor."""
    made, given = _step_of(use.candidate)

    def learn(rows: Any) -> Any:
        used, values = _varied(made, use.name, use.drawn)
        if not made.options.role:
            return used(rows, **values)
        features = fit(rows, target=use.target)
        ready = transform(features, rows)
        return assemble(features, used(ready, target=use.target, seed=use.seed, **given, **values))

    return learn


def _step_of(candidate: Candidate) -> tuple[Step[Any, Any], dict[str, Any]]:
    """The step that learns, and what it is given in the code besides; raises :class:`PlanError` for what is none."""
    if isinstance(candidate, Recipe):
        return train, {"use": candidate.use, "with_": dict(candidate.with_)}
    if isinstance(candidate, type):
        return train, {"use": candidate}
    if not isinstance(candidate, Step):
        raise PlanError(
            f"cross_validate: the candidate is a step or pipeline, or the class of a model, not {candidate!r:.80}"
        )
    if candidate.options.role:
        if candidate.raw is not train.raw:
            raise PlanError(f"cross_validate: {candidate.name!r} gives no model, so there is nothing to be tested")
        return candidate, {}
    taken = [one.name for one in candidate.signature.data]
    if len(taken) != 1:
        raise PlanError(
            f"cross_validate: the candidate {candidate.name!r} takes {', '.join(taken) or 'no rows'}; it has to take "
            f"the rows to learn from, and nothing else, so that it cannot see those that it is tested on: "
            f"def {candidate.name}(rows) -> Predictor; in settings of: rows"
        )
    return candidate, {}


def _varied(step: Step[Any, Any], name: str, drawn: Mapping[str, Any]) -> tuple[Step[Any, Any], dict[str, Any]]:
    """The step by its name, with what was drawn over its settings, and what of it stands in the call."""
    if not drawn:
        return step.named(name), {}
    vary = getattr(active(), "vary", None)
    if vary is not None:
        return vary(step, "candidate", name, drawn), {}
    deep = [path for path in drawn if "." in path]
    if deep:
        raise SettingsError(f"search: {deep[0]!r} lies inside of the candidate; this needs a pipeline to be run")
    return step.named(name), dict(drawn)
