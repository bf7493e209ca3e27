"""A gate: one check that a bundle has to pass, with what was measured and what was asked."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Gate"]


@dataclass(frozen=True)
class Gate:
    """One check: its name, whether it passed, what was measured, and what was asked, in words."""

    name: str
    passed: bool
    measured: float | None
    asked: str
    note: str = ""

    def __str__(self) -> str:
        measured = "" if self.measured is None else f" {self.measured:.4g}"
        verdict = "passed" if self.passed else "REFUSED"
        return f"{verdict} {self.name}{measured} ({self.asked}){self.note and ': ' + self.note}"
