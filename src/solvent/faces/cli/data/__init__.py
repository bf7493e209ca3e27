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
    "diff": ("diffing", "Show what is different in one table, seen from another."),
    "check": ("checking", "Check a file or table against a contract; --infer writes one."),
    "export": ("exporting", "Write a table to plain files: Parquet, CSV, Arrow or JSON lines."),
    "publish": ("publishing", "Make a table the next version of a dataset that others read."),
    "versions": ("publishing", "List the versions of a dataset, with tags."),
    "tag": ("publishing", "Point a tag at a version."),
    "consumers": ("publishing", "List who reads a dataset."),
    "deprecate": ("publishing", "Tell the readers of a dataset to go elsewhere."),
}


@click.group(cls=Late, table=COMMANDS, room="solvent.faces.cli.data")
def data() -> None:
    """Look at tables and keep them well."""
