"""What a check finds: faults and hints, each with its cell, its line, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from solvent.notebook.observing.watching import Watched
from solvent.notebook.reading.cells import Notebook

__all__ = ["KINDS", "Finding", "Kind", "Report", "Severity", "count", "listed"]

Severity = Literal["fault", "hint"]
Kind = Literal[
    "unreadable", "syntax", "error", "timeout", "dead-kernel", "output-size", "input", "missing-file",
    "missing-package", "network", "version-drift", "order", "used-before", "undefined", "deleted-cell", "redefined",
    "mutated", "unseeded", "saved-output", "not-repeatable", "path", "shell", "magic", "secret", "constant",
]  # fmt: skip

# In the words of a heading.
KINDS: dict[Kind, str] = {
    "unreadable": "cannot be read",
    "syntax": "is no Python",
    "error": "does not run",
    "timeout": "takes too long",
    "dead-kernel": "ends the kernel",
    "output-size": "shows too much",
    "input": "asks for input",
    "missing-file": "file is missing",
    "missing-package": "package is missing",
    "network": "needs the network",
    "version-drift": "written for another version",
    "order": "run in another order",
    "used-before": "used before its definition",
    "undefined": "never defined",
    "deleted-cell": "left by a deleted cell",
    "redefined": "defined anew",
    "mutated": "changed by another cell",
    "unseeded": "random without a seed",
    "saved-output": "not what was saved",
    "not-repeatable": "not the same twice",
    "path": "path of one machine",
    "shell": "shell line",
    "magic": "magic",
    "secret": "secret in plain sight",
    "constant": "could be a setting",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or could be better (a hint).

    ``cell`` counts code cells from 1; ``line`` counts in the cell. Both are None for what concerns the whole notebook.
    ``mend`` is what ``--fix`` needs to know, if it can repair this.
    """

    kind: Kind
    severity: Severity
    cell: int | None
    line: int | None
    text: str
    remedy: str
    mend: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """Cell and line, as people find it."""
        if self.cell is None:
            return "notebook"
        return f"cell {self.cell}" if self.line is None else f"cell {self.cell}, line {self.line}"

    def to_json(self) -> dict[str, Any]:
        """As a mapping for JSON."""
        return {
            "kind": self.kind, "severity": self.severity, "cell": self.cell, "line": self.line, "text": self.text,
            "remedy": self.remedy,
        }  # fmt: skip


@dataclass(frozen=True)
class Report:
    """What was found in one notebook, which is None where it could not be read; ``watched`` is how it first ran."""

    path: Path
    findings: tuple[Finding, ...] = ()
    notebook: Notebook | None = None
    seconds: float = 0.0
    watched: Watched | None = None

    @property
    def ran(self) -> int:
        """How many of its code cells ran."""
        return 0 if self.watched is None else sum(one.status == "ok" for one in self.watched.cells)

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The findings that are no hints."""
        return tuple(one for one in self.findings if one.severity == "fault")

    @property
    def hints(self) -> tuple[Finding, ...]:
        """The findings that are only hints."""
        return tuple(one for one in self.findings if one.severity == "hint")

    @property
    def ok(self) -> bool:
        """Whether it has no fault."""
        return not self.faults

    def sorted(self) -> Report:
        """The same with each finding once, in the order of the cells."""
        once = dict.fromkeys(self.findings)
        order = sorted(once, key=lambda one: (one.cell or 0, one.line or 0, one.severity, one.kind))
        return replace(self, findings=tuple(order))

    def to_json(self) -> dict[str, Any]:
        """As a mapping for JSON."""
        return {
            "path": str(self.path), "ok": self.ok, "seconds": round(self.seconds, 3),
            "cells": len(self.notebook.code) if self.notebook else 0, "ran": self.ran,
            "findings": [one.to_json() for one in self.findings],
        }  # fmt: skip


def count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(words: Sequence[object], most: int = 5) -> str:
    """Words in a row, the first few of them."""
    shown = ", ".join(str(one) for one in words[:most])
    return shown if len(words) <= most else f"{shown} and {len(words) - most} more"
