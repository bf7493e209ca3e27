"""``solvent lineage`` and ``log``."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from solvent.faces.cli.completing import complete_reference
from solvent.faces.cli.looking.kept import find_kept
from solvent.faces.cli.output import mermaid_text, safe, show_json, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from solvent.engine.project import Project
    from solvent.engine.views.lineage import Lineage
    from solvent.engine.views.run import StepRun

__all__ = ["lineage", "log"]


@click.command()
@click.argument("reference", shell_complete=complete_reference)
@click.option("--down", is_flag=True, help="What it led to, instead of what led to it.")
@click.option("--mermaid", is_flag=True, help="Print a Mermaid graph.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def lineage(project: str | None, reference: str, down: bool, mermaid: bool, as_json: bool) -> None:
    """Show what led to a step's result, an artifact (#DIGEST) or a dataset (NAME@v3), or what it led to."""
    found = find_kept(project).lineage(reference, "down" if down else "up")
    if as_json:
        show_json({
            "start": found.start,
            "direction": found.direction,
            "places": [asdict(one) for one in found.places.values()],
            "links": [asdict(one) for one in found.links],
        })  # fmt: skip
    elif mermaid:
        write("flowchart LR")
        for place in found.places.values():
            write(f'  s{place.id}["{mermaid_text(place.name)}"]')
        for link in found.links:
            if link.producer is not None:
                write(f'  s{link.producer} -- "{mermaid_text(link.parameter)}" --> s{link.consumer}')
    else:
        _tree(found, found.start, "", set())


def _tree(found: Lineage, number: int, indent: str, seen: set[int], dataset: str = "") -> None:
    place = found.places[number]
    again = "   (see above)" if number in seen else ""
    run = f"   {place.run}" if dataset or not indent else ""
    through = f"   by {dataset}" if dataset else ""
    write(safe(f"{indent}{place.name}   {place.status}{run}{through}{again}"))
    if number in seen:
        return
    seen.add(number)
    for link in found.links:
        near, far = (link.consumer, link.producer) if found.direction == "up" else (link.producer, link.consumer)
        if near == number and far is not None:
            _tree(found, far, indent + "  ", seen, link.parameter if "@" in link.parameter else "")


@click.command()
@click.argument("reference", default="last", shell_complete=complete_reference)
@click.option("--follow", "-f", is_flag=True, help="Go on as the run writes more.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: what each step wrote.")
@click.pass_obj
def log(project: str | None, reference: str, follow: bool, as_json: bool) -> None:
    """Print what a step wrote (RUN/STEP), or what a whole run wrote (RUN)."""
    from solvent.archive.catalog import query
    from solvent.engine.references import find_step

    opened = find_kept(project)
    if query.find_run(opened.catalog, reference) is None:
        if reference == "last":
            opened.run(reference)  # raises, and says that nothing ran
        run, step, _ = find_step(opened, reference)
        each = [step, *step.items.values()]
        if as_json:
            show_json([{"run": run.id, "step": one.name, "text": one.log} for one in each if one.log or not step.items])
        elif step.items:
            _headed(each)
        else:
            write(safe(step.log).rstrip("\n"))
        return
    run = opened.run(reference)
    each = [part for step in run.steps for part in (step, *step.items.values())]
    if as_json:
        show_json([{"run": run.id, "step": step.name, "text": step.log} for step in each if step.log])
        return
    _headed([one for one in each if one.status == "reused"])
    _stream(opened, run.id, opened.folder / "logs" / f"{run.id}.log", follow)


def _headed(steps: Sequence[StepRun]) -> None:
    """What steps wrote, each below its name; of a reused one, what it wrote in the run that did the work."""
    for one in steps:
        if one.log:
            write(safe(f"{one.name}{f', reused from {one.reused_from}' if one.reused_from else ''}:"))
            write(safe(one.log).rstrip("\n"))


def _stream(project: Project, run: str, file: Path, follow: bool) -> None:
    place = 0
    while True:
        ended = project.run(run).status != "running"
        if file.exists():
            with file.open("rb") as text:
                text.seek(place)
                data = text.read()
            place += len(data)
            if data:
                click.echo(safe(data.decode("utf-8", "replace")), nl=False)
        if ended or not follow:
            return
        time.sleep(0.2)
