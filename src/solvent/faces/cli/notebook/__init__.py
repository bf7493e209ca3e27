"""``solvent notebook``: from exploration to a pipeline, with proof. One file for each verb."""

from __future__ import annotations

import signal
import sys
import threading

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
@click.pass_context
def notebook(context: click.Context) -> None:
    """Check notebooks, and make pipelines of them."""
    if threading.current_thread() is threading.main_thread():  # told to end, it takes its kernel and copies along
        before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        context.call_on_close(lambda: signal.signal(signal.SIGTERM, before))
