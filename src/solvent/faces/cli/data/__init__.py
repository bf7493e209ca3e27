"""``solvent data``: tables, what they hold, and what became of them. One file for each verb."""

from __future__ import annotations

import click

from solvent.faces.cli.late import Late

__all__ = ["data"]

# Name: (module, what it does).
COMMANDS = {
    "list": ("seeing", "List the tables that steps and sources made, the newest first."),
    "show": ("seeing", "Show a table's profile."),
    "profile": ("profiling", "Show what a file or table holds, column by column; --html writes a page."),
    "drift": ("drifting", "Say whether two files or tables hold the same: exit 0 if so, 1 where a column drifted."),
    "check": ("checking", "Check a file or table against a contract; --infer writes one."),
}


@click.group(cls=Late, table=COMMANDS, room="solvent.faces.cli.data")
def data() -> None:
    """Look at tables and keep them well."""
