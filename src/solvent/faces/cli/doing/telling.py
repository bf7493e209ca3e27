"""What there is to say of a step and of a run that have ended, as short texts."""

from __future__ import annotations

from typing import Any

from solvent.engine.events import RunEnded, StepEnded
from solvent.faces.cli.output import duration, number, safe

__all__ = ["ending", "facts_of"]


def facts_of(event: StepEnded) -> tuple[str, str, str, str]:
    """Rows, time, memory and error of a step that has ended, as texts."""
    worked = event.status not in ("reused", "skipped", "blocked")
    return (
        f"{number(event.rows)} rows" if event.rows is not None else "",
        duration(event.seconds) if worked else "",
        f"{event.peak_mb:.0f} MB" if event.peak_mb is not None else "",
        safe(event.error or "").partition("\n")[0],
    )


def ending(event: RunEnded) -> str:
    """The line that a run ends with."""
    run = event.run
    word = "all reused" if event.status == "succeeded" and _all_reused(run) else event.status
    published = f", published {', '.join(event.published)}" if event.published else ""
    return f"{run.id}: {word} in {duration(event.seconds)}{published}"


def _all_reused(run: Any) -> bool:
    """Whether no step had work to do; looking at a file again is none."""
    return bool(run.reused) or all(step.status == "reused" for step in run.steps if step.kind != "input")
