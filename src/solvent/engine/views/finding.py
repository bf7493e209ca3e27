"""Finding results again: by the name of a step, cell or variable, by a column, or by a piece of code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from solvent.archive.catalog import query

if TYPE_CHECKING:
    from solvent.engine.home import Home

__all__ = ["Found", "search"]

_MOST = 200


@dataclass(frozen=True, slots=True)
class Found:
    """A step run or one of its results. ``by`` is ``name``, ``column`` or ``code``, ``text`` what was found there.

    ``reference`` is what :func:`solvent.load` and ``solvent show`` take.
    """

    reference: str
    by: str
    text: str
    when: float


def search(project: Home, text: str, limit: int = 20) -> list[Found]:
    """Where a text stands in what was recorded, the newest first; capitals make no difference."""
    project.catch_up()
    if not project.begun or not text.strip():
        return []
    found: dict[str, Found] = {}
    for number, output, by in query.find_text(project.catalog, text.strip(), _MOST):
        row = query.step_by_id(project.catalog, number)
        run = query.run_by_id(project.catalog, row.run).name
        path = f"{row.path}[{row.item}]" if row.item else row.path
        reference = f"{run}/{path}" + (f".{output}" if output and output != "value" else "")
        said = _said(project, row, output, by, text.strip().lower())
        if said is not None and reference not in found:
            found[reference] = Found(reference, by, said, row.started)
        if len(found) >= limit:
            break
    return list(found.values())


def _said(project: Home, row: query.StepRow, output: str | None, by: str, text: str) -> str | None:
    """What stands there; None where it only seemed so."""
    if by == "name":
        return output or row.path
    if by == "column":
        digest = query.step_outputs(project.catalog, row.id).get(output or "")
        profile = query.profile(project.catalog, digest) if digest else None
        names = [str(one["name"]) for one in (profile or {}).get("columns", ())]
        return next((name for name in names if text in name.lower()), None)
    closure = json.loads(query.text(project.catalog, row.fingerprint) or "{}")
    lines = [line for one in closure.get("definitions", ()) for line in str(one.get("source", "")).splitlines()]
    return next((line.strip() for line in lines if text in line.lower()), None)
