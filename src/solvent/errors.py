"""Every error that Solvent raises, in one family, sorted by what the reader can do about it.

SolventError
├── UsageError                change the call or the definition
│   ├── DefinitionError       a step or pipeline cannot be defined like this
│   ├── PlanError             a pipeline's body wires what cannot be wired
│   ├── NotFound              no such run, step, artifact, model or name
│   └── NoValue               the step has no value to give (it failed, or was skipped)
├── SettingsError             change the settings: all problems at once, each with file and line
├── DataError                 change the data, or what is said of it
│   ├── InputError            an input is missing, unreadable, or not what the parameter asks for
│   ├── OutputError           a step returned something other than what it declares
│   └── NoFormat              no format can keep a value of this type
├── WorkError                 the work itself failed: look at the user's own code first
│   ├── RunFailed             a run failed or was cancelled; carries the run
│   └── Rejected              a gate said no
├── ArchiveError              look after the archive
│   ├── Corrupted             stored bytes are not what was stored
│   ├── CatalogTooNew         a newer Solvent made this catalog
│   └── Unwritable            the disk is full or read-only
└── MissingExtra              install what the message names
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "ArchiveError",
    "CatalogTooNew",
    "Corrupted",
    "DataError",
    "DefinitionError",
    "InputError",
    "MissingExtra",
    "NoFormat",
    "NoValue",
    "NotFound",
    "OutputError",
    "PlanError",
    "Problem",
    "Rejected",
    "RunFailed",
    "SettingsError",
    "SolventError",
    "Unwritable",
    "UsageError",
    "WorkError",
    "did_you_mean",
]


class SolventError(Exception):
    """Root of the family. The message says what happened, where, and what to do next."""


class UsageError(SolventError):
    """The call or the definition has to change."""


class DefinitionError(UsageError, TypeError):
    """A function cannot be a step or a pipeline as it is written."""


class PlanError(UsageError):
    """A pipeline's body wires what cannot be wired; the message names file and line."""


class NotFound(UsageError, LookupError):
    """Nothing is known under this name or reference."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class NoValue(UsageError):
    """The step run has no value to give."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the settings: where it stands, and what is expected instead."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class SettingsError(SolventError, ValueError):
    """The settings are wrong; ``problems`` holds every fault that was found, before anything ran.

    ``what`` is what holds them, where that is a file of another kind.
    """

    def __init__(self, problems: list[Problem] | tuple[Problem, ...] | str, what: str = "settings") -> None:
        if isinstance(problems, str):
            problems = (Problem("", problems),)
        self.problems: tuple[Problem, ...] = tuple(problems)
        lines = [str(problem) for problem in self.problems]
        if len(lines) == 1:
            message = lines[0]
        else:
            message = f"{len(lines)} problems in the {what}:\n" + "\n".join(f"  {line}" for line in lines)
        super().__init__(message)


class DataError(SolventError):
    """The data, or what is said of it, has to change."""


class InputError(DataError):
    """An input is missing, cannot be read, or is not what the parameter asks for. ``problems`` may name each fault."""

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems: tuple[Problem, ...] = tuple(problems)


class OutputError(DataError, TypeError):
    """A step returned something other than what its annotation declares."""


class NoFormat(DataError, TypeError):
    """No registered format can keep a value of this type."""


class WorkError(SolventError):
    """The work itself failed."""


class RunFailed(WorkError):
    """A run failed or was cancelled. ``run`` is its record; ``__cause__`` the user's own exception."""

    def __init__(self, message: str, run: Any = None) -> None:
        super().__init__(message)
        self.run = run


class Rejected(WorkError):
    """A gate said no. Raised inside a step, it ends the step and its run as ``rejected``, not as failed."""


class ArchiveError(SolventError):
    """The archive needs looking after."""


class Corrupted(ArchiveError):
    """Stored bytes are not the bytes that were stored; ``blob`` names them, and they are never loaded."""

    def __init__(self, message: str, blob: str | None = None) -> None:
        super().__init__(message)
        self.blob = blob


class CatalogTooNew(ArchiveError):
    """The catalog was made by a newer Solvent."""


class Unwritable(ArchiveError, OSError):
    """The archive cannot be written: the disk is full, or read-only."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class MissingExtra(SolventError, ImportError):
    """A package is needed that is not installed; the message says which extra brings it."""


def did_you_mean(name: str, known: Any) -> str:
    """The sentence `` Did you mean 'x'?`` for the nearest of ``known`` names, or an empty text."""
    import difflib

    close = difflib.get_close_matches(name, [str(one) for one in known], n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""
