"""Runs, steps and artifacts as plain data: what ``--json`` prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from solvent.engine.views.run import Run, StepRun

__all__ = ["run_facts", "step_facts"]


def run_facts(run: Run[Any], *, steps: bool = False) -> dict[str, Any]:
    """A run: at least ``id, pipeline, status, started, seconds, user``."""
    facts: dict[str, Any] = {
        "id": run.id,
        "pipeline": run.pipeline,
        "status": run.status,
        "started": run.started,
        "seconds": run.seconds,
        "user": run.user,
        "host": run.host,
        "seed": run.seed,
        "reused": run.reused,
        "error": run.error,
    }
    if steps:
        facts["record"] = {name: value for name, value in run.record.items() if name not in ("diff", "plan")}
        facts["steps"] = [step_facts(step) for step in run.steps]
    return facts


def step_facts(step: StepRun) -> dict[str, Any]:
    """A step run with its settings, inputs, outputs and cost."""
    return {
        "name": step.name,
        "step": step.step,
        "kind": step.kind,
        "status": step.status,
        "key": step.key,
        "started": step.started,
        "seconds": step.seconds,
        "cpu": step.cpu,
        "peak_mb": step.peak_mb,
        "settings": step.settings,
        "inputs": step.inputs,
        "outputs": step.outputs,
        "logged": json.loads(json.dumps(step.logged, default=str)),
        "notes": step.notes,
        "error": step.error,
        "reused_from": step.reused_from,
        "items": {name: step_facts(item) for name, item in step.items.items()},
    }
