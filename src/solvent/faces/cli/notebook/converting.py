"""``solvent notebook convert``: a notebook becomes a project, which proves itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from solvent.faces.cli.notebook.faults import told
from solvent.faces.cli.output import safe, show_json, write

if TYPE_CHECKING:
    from solvent.notebook.converting.conversion import Conversion

__all__ = ["convert"]


@click.command()
@click.argument("path", metavar="NOTEBOOK", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, metavar="FOLDER", help="A new folder.")
@click.option("--python", default=sys.executable, metavar="PYTHON", help="The notebook's interpreter or environment.")
@click.option("--timeout", default=600.0, show_default=True, metavar="SECONDS", help="What one cell may take.")
@click.option("--deploy", "model", metavar="NAME", help="End the pipeline in a deployment of the last model.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def convert(path: Path, out: Path, python: str, timeout: float, model: str | None, as_json: bool) -> None:
    """Make a project of NOTEBOOK: steps, settings, a test. It is run from its top, in a copy of its folder.

    The pipeline is run too, and every value that the notebook had at its end is compared. Exit 0 if all are equal or
    close, 1 if not, or if the notebook does not run. This carries out the notebook's code, as opening it and running
    all cells would; shell lines are not carried out.
    """
    from solvent.notebook.converting.converting import convert as convert_notebook
    from solvent.notebook.observing.kernel import Running

    with told(path):
        made = convert_notebook(path.expanduser(), out.expanduser(), Running(path.parent, python, timeout), model=model)
    if as_json:
        show_json(_plain(made))
    else:
        write(safe("\n".join(_lines(made, out))))
    if made.proof is None or not made.proof.proven:
        sys.exit(1)


def _plain(made: Conversion) -> dict[str, Any]:
    proof = made.proof
    return {
        "notebook": str(made.notebook.path),
        "reason": made.reason or None,
        "steps": [{"name": one.name, "cells": one.cells, "reason": one.reason or None} for one in made.drafts],
        "left_out": [
            {"cell": one.statement.cell, "line": one.statement.first, "why": one.why} for one in made.left_out
        ],
        "ran": proof is not None and proof.ran,
        "proven": proof is not None and proof.proven,
        "error": None if proof is None else proof.error or None,
        "again": [] if proof is None else list(proof.again),
        "values": {} if proof is None else {
            name: {"verdict": one.verdict, "why": one.why or None} for name, one in proof.values.items()
        },
    }  # fmt: skip


def _lines(made: Conversion, out: Path) -> list[str]:
    from solvent.notebook.checking.findings import count

    proof = made.proof
    if proof is None or made.project is None:
        return [f"{made.notebook.path}: not converted: {made.reason}"]
    lines = [f"{made.notebook.path} → {out}: {count(len(made.drafts), 'step')}"]
    for draft in made.drafts:
        why = f"   {draft.reason}" if draft.reason else ""
        cells = f"cell{'s' if len(draft.cells) > 1 else ''} {', '.join(map(str, draft.cells))}"
        lines.append(f"  {draft.name:28} {cells}{why}")
    if not proof.ran:
        return [*lines, f"The pipeline does not run: {proof.error}"]
    for name, one in proof.values.items():
        lines.append(f"  {one.verdict:13} {name}{f'   {one.why}' if one.why else ''}")
    if made.left_out:
        left = count(len(made.left_out), "statement")
        lines.append(f"{left} left out: {out / 'README.md'} says which, and why.")
    again = f"steps done again: {', '.join(proof.again)}" if proof.again else "everything reused"
    lines.append(f"{'Proven' if proof.proven else 'NOT proven'}; run again: {again}. Next: cd {out}; solvent run "
                 f"{made.project.name}.yaml")  # fmt: skip
    return lines
