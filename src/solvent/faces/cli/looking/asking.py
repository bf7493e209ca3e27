"""``solvent runs``, ``show`` and ``why``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from solvent.errors import NotFound, did_you_mean
from solvent.faces.cli.completing import complete_reference
from solvent.faces.cli.looking.facts import run_facts, step_facts
from solvent.faces.cli.looking.kept import find_kept
from solvent.faces.cli.output import ago, duration, safe, show_json, show_table, write

if TYPE_CHECKING:
    from solvent.engine.views.run import Run, StepRun

__all__ = ["runs", "show", "why"]

_FEW = 6
_DIGEST = re.compile("[0-9a-f]{64}")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.argument("pipeline", required=False)
@click.option("--limit", "-n", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@_JSON
@click.pass_obj
def runs(project: str | None, pipeline: str | None, limit: int, as_json: bool) -> None:
    """List runs, the newest first."""
    from solvent.engine.project import find_project

    opened = find_project(project)
    found = opened.runs(pipeline, limit) if opened.begun else []
    if as_json:
        show_json([run_facts(run) for run in found])
        return
    if not found and pipeline and opened.begun:
        known = dict.fromkeys(run.pipeline for run in opened.runs(limit=1000))
        raise NotFound(f"no pipeline {pipeline!r} ran in {opened.root}.{did_you_mean(pipeline, known)}")
    if not found:
        write("Nothing ran here yet. Begin with: solvent run FILE")
        return
    rows = [
        (
            run.id,
            f"{run.status} (reused)" if run.reused else run.status,
            ago(run.started),
            duration(run.seconds),
            run.user,
        )
        for run in found
    ]
    show_table(("run", "status", "started", "took", "user"), rows)


@click.command()
@click.argument("reference", default="last", shell_complete=complete_reference)
@_JSON
@click.pass_obj
def show(project: str | None, reference: str, as_json: bool) -> None:
    """Show a run (an id, a pipeline or 'last') or one of its steps (RUN/STEP)."""
    from solvent.archive.catalog import query
    from solvent.engine.references import find_step, path_of

    opened = find_kept(project)
    if "/" not in reference and query.find_run(opened.catalog, reference) is not None:
        run = opened.run(reference)
        show_json(run_facts(run, steps=True)) if as_json else _show_run(run)
        return
    if "/" not in reference and query.find_step_run(opened.catalog, path_of(reference)) is None:
        opened.run(reference)  # raises, with a hint
    run, step, _ = find_step(opened, reference)
    show_json({"run": run.id, **step_facts(step)}) if as_json else _show_step(run, step)


def _show_run(run: Run[Any]) -> None:
    record = run.record
    write(f"{run.id}   {run.status}   {ago(run.started)}   {duration(run.seconds)}")
    dirty = " with uncommitted changes" if record.get("dirty") else ""
    where = f"   commit {record['commit'][:10]}{dirty}" if record.get("commit") else ""
    write(safe(f"by {run.user} on {run.host}   seed {run.seed}   Python {record['environment']['python']}{where}"))
    write(safe(f"command: {' '.join(record.get('command', []))}"))
    if run.error:
        write(safe(f"error: {run.error}"))
    write()
    rows = []
    for step in run.steps:
        logged = [f"{name}={_short(value)}" for name, value in step.logged.items()]
        facts = "  ".join([*logged[:_FEW], f"… and {len(logged) - _FEW} more"] if len(logged) > _FEW else logged)
        memory = f"{step.peak_mb:.0f} MB" if step.peak_mb else ""
        rows.append((step.name, step.status, duration(step.seconds), memory, facts))
        rows.extend((f"  {item.name}", item.status, duration(item.seconds), "", "") for item in step.items.values())
    show_table(("step", "status", "took", "memory", "logged"), rows)


def _show_step(run: Run[Any], step: StepRun) -> None:
    write(safe(f"{run.id}/{step.name}   {step.status}   {duration(step.seconds)}   {step.step}"))
    if step.reused_from:
        write(f"reused from {step.reused_from}")
    for name, setting in step.settings.items():
        beaten = "".join(f", over {value} ({origin})" for value, origin in setting.get("beat", ()))
        write(safe(f"  setting {name} = {setting['value']}   ({setting['origin']}{beaten})"))
    for kind, values in (("input", step.inputs), ("output", step.outputs)):
        for name, digest in values.items():
            write(safe(f"  {kind} {name}: #{digest[:12]}"))
    for name, value in step.logged.items():
        write(safe(f"  logged {name} = {_short(value)}"))
    for kind, notes in step.notes.items():
        for note in notes:
            write(safe(f"  {kind.replace('_', ' ')}: {note}"))
    if step.error:
        write(safe(step.error["traceback"]))


@click.command()
@click.argument("reference", shell_complete=complete_reference)
@_JSON
@click.pass_obj
def why(project: str | None, reference: str, as_json: bool) -> None:
    """Say why a step (RUN/STEP, or STEP of the last run that has it) ran, or why it did not."""
    found = find_kept(project).why(reference)
    if as_json:
        changes = [{"kind": one.kind, "name": one.name, "text": one.text} for one in found.changes]
        show_json({
            "run": found.run, "step": found.step, "status": found.status, "verdict": found.verdict,
            "before": found.before, "changes": changes,
        })  # fmt: skip
        return
    write(safe(f"{found.run}/{found.step} {found.verdict}"))
    for change in found.changes:
        first, *rest = change.text.split("\n")
        write(safe(f"  {change.kind} {change.name}: {first}"))
        for line in rest:
            write(safe(f"    {line}"))


def _short(value: Any) -> str:
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
    text = f"{value:.0f}" if whole else f"{value:.6g}" if isinstance(value, float) else str(value)
    if _DIGEST.fullmatch(text):  # a picture: `solvent show` and sv.load know it by this
        return f"#{text[:12]}"
    return text if len(text) <= 60 else text[:57] + "…"
