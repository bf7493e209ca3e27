"""Runs, step runs, and the answers to why and from where."""

from __future__ import annotations

from typing import Any

from solvent.engine.views.lineage import Lineage
from solvent.engine.views.run import Run, StepRun
from solvent.engine.views.why import Why
from solvent.notebook.showing.page import ago, box, clean, clip, columns, details, facts, grid, seconds, words, written

__all__ = ["show_lineage", "show_run", "show_step", "show_why"]

_HEAD = ("step", "status", "took", "made", "logged")
_MOST = 200


def show_run(run: Run[Any]) -> tuple[str, str]:
    """A run: when, how long, and its steps."""
    title = f"{run.id}   {run.status}   {ago(run.started)}   {seconds(run.seconds)}".rstrip()
    steps = run.steps
    rows = [
        (step.name, step.status, seconds(step.seconds), ", ".join(step.outputs), _logged(step))
        for step in steps[-_MOST:]
    ]
    left = [f"… and {len(steps) - _MOST} before these"] if len(steps) > _MOST else []
    text = "\n".join([clean(title), *([clean(run.error)] if run.error else []), *left, columns([_HEAD, *rows])])
    said = "".join(f"<p>{words(one)}</p>" for one in [*([run.error] if run.error else []), *left])
    page = grid(_HEAD, [tuple(words(clip(cell)) for cell in row) for row in rows])
    return text, box(title, said + page)


def _logged(step: StepRun) -> str:
    return ", ".join(f"{name}={_figure(value)}" for name, value in list(step.logged.items())[:6])


def _figure(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else clip(value)


def show_step(step: StepRun) -> tuple[str, str]:
    """A step run: what went in, what came out, what was noticed."""
    title = f"{step.name}   {step.status}   {seconds(step.seconds)}".rstrip()
    pairs: list[tuple[str, object]] = []
    if step.reused_from:
        pairs.append(("reused from", step.reused_from))
    pairs += [(f"setting {name}", one.get("value")) for name, one in step.settings.items()]
    pairs += [(f"input {name}", f"#{digest[:12]}") for name, digest in step.inputs.items()]
    pairs += [(f"output {name}", f"#{digest[:12]}") for name, digest in step.outputs.items()]
    pairs += [(name, _figure(value)) for name, value in step.logged.items()]
    pairs += [(kind.replace("_", " "), note) for kind, notes in step.notes.items() for note in notes]
    code, error = step.source, step.error
    text = "\n".join([clean(title), *(f"  {clean(name)}: {clean(clip(value))}" for name, value in pairs)])
    page = facts(pairs)
    if error:
        text += f"\n{error['type']}: {clean(error['message'])}"
        page += f"<p>{words(error['type'])}: {words(error['message'])}</p>" + details("traceback", error["traceback"])
    if code:
        page += details("code", code)
    return text, box(title, page)


def show_why(why: Why) -> tuple[str, str]:
    """Why a step ran or did not: the verdict, and each part of its key that changed."""
    title = f"{why.run}/{why.step} {why.verdict}"
    lines, page = [clean(title)], ""
    for change in why.changes:
        first, _, rest = change.text.partition("\n")
        lines.append(f"  {change.kind} {clean(change.name)}: {clean(first)}")
        lines += [f"    {clean(line)}" for line in rest.split("\n") if rest]
        name = f"{change.kind} {change.name}"
        page += details(f"{name}: {first}", rest) if rest else facts([(name, first)])
    return "\n".join(lines), box(title, page)


def show_lineage(found: Lineage) -> tuple[str, str]:
    """What led to a result, or what it led to, as a tree."""
    lines: list[str] = []
    _branch(found, found.start, 0, set(), lines)
    title = "What led to it" if found.direction == "up" else "What it led to"
    text = "\n".join(lines)
    return text, box(title, written(text))


def _branch(found: Lineage, number: int, depth: int, seen: set[int], lines: list[str], through: str = "") -> None:
    place = found.places[number]
    by = f"   by {through}" if through else ""
    again = "   (see above)" if number in seen else ""
    lines.append(clean(f"{'  ' * min(depth, 40)}{place.run}/{place.name}   {place.status}{by}{again}"))
    if number in seen or depth > 500:
        return
    seen.add(number)
    for link in found.links:
        near, far = (link.consumer, link.producer) if found.direction == "up" else (link.producer, link.consumer)
        if near == number and far is not None:
            _branch(found, far, depth + 1, seen, lines, link.parameter)
