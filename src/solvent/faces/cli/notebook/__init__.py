"""``solvent notebook``: from exploration to a pipeline, with proof. One file for each verb."""

from __future__ import annotations

import click

from solvent.faces.cli.late import Late

__all__ = ["notebook"]

# Name: (module, what it does).
COMMANDS = {
    "check": ("checking", "Run notebooks twice from their top, and say what is wrong with them."),
    "convert": ("converting", "Make a pipeline of a notebook, run it, and prove that its values are the notebook's."),
    "open": ("opening", "Write a notebook with the inputs of a step run loaded and its code in cells."),
}


@click.group(cls=Late, table=COMMANDS, room="solvent.faces.cli.notebook")
def notebook() -> None:
    """Check notebooks, and make pipelines of them."""
