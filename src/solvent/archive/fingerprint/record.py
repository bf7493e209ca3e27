"""The record of a fingerprint: what it consists of, as plain values that can be kept and compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from solvent import digest as digests

__all__ = ["Definition", "Fingerprint", "Hidden"]


class Definition:
    """A function, class or assignment that counts: where it stands, and its source without what does not count."""

    __slots__ = ("_make", "_source", "file", "line", "name")

    def __init__(self, name: str, file: str, line: int, source: str | Callable[[], str]) -> None:
        self.name = name
        self.file = file
        self.line = line
        self._source = source if isinstance(source, str) else None
        self._make = None if isinstance(source, str) else source

    @property
    def source(self) -> str:
        """The source in one layout, without comments and docstrings; written when it is first asked for."""
        if self._source is None:
            assert self._make is not None
            self._source = self._make()
        return self._source

    @property
    def digest(self) -> str:
        """The digest of the source."""
        return digests.of_bytes("definition.1", self.source.encode("utf-8", "surrogatepass"))

    def __repr__(self) -> str:
        return f"<definition {self.name} at {self.file}:{self.line}>"


@dataclass(frozen=True, slots=True)
class Hidden:
    """An input that the signature does not show: ``kind`` is ``clock``, ``entropy``, ``env`` or ``host``."""

    kind: str
    name: str
    file: str
    line: int

    @property
    def where(self) -> str:
        """The file and line that read it."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The identity of a piece of code with all that it reaches in the user's own code.

    ``distributions`` are names and versions of what it uses, with what that needs; ``values`` the constants that
    it reads, as text. If ``uncached`` is not empty, its reasons say why results cannot be reused.
    """

    digest: str
    definitions: tuple[Definition, ...] = ()
    distributions: tuple[tuple[str, str], ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    uncached: tuple[str, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    check: Callable[[], list[str]] = field(default=list, repr=False, compare=False)

    def changed_values(self) -> list[str]:
        """The globals and other values that are no longer what they were when this was made, each as a reason."""
        return self.check()

    def to_json(self) -> dict[str, Any]:
        """The record as plain JSON values."""
        return {
            "digest": self.digest,
            "definitions": [
                {"name": one.name, "file": one.file, "line": one.line, "source": one.source, "digest": one.digest}
                for one in self.definitions
            ],
            "distributions": [list(one) for one in self.distributions],
            "values": [list(one) for one in self.values],
            "uncached": list(self.uncached),
            "hidden": [{"kind": one.kind, "name": one.name, "file": one.file, "line": one.line} for one in self.hidden],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Fingerprint:
        """A record that was kept; it cannot tell what changed since."""
        return cls(
            data["digest"],
            tuple(Definition(one["name"], one["file"], one["line"], one["source"]) for one in data["definitions"]),
            tuple((name, version) for name, version in data["distributions"]),
            tuple((name, text) for name, text in data["values"]),
            tuple(data["uncached"]),
            tuple(Hidden(one["kind"], one["name"], one["file"], one["line"]) for one in data["hidden"]),
        )
