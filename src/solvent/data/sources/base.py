"""The plug for sources: where the rows of an input come from."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["Readable", "Source"]


class Readable(Protocol):
    """What an input needs of the place where its data comes from."""

    def describe(self) -> dict[str, Any]:
        """Where the data comes from, as plain JSON: it is recorded, and is part of what a version is known under."""

    def version(self) -> str | None:
        """A cheap token that changes whenever the content may have; None where only reading can tell."""

    def read(self, wanted: Any) -> Any:
        """The value as ``wanted`` (an annotation) asks for it. Raises :class:`InputError` where that cannot be."""


class Source(Readable, Protocol):
    """One place where data comes from, as the settings name it."""

    def found(self) -> dict[str, Any]:
        """What is there, as plain JSON: types, formats, order, and what a reader should know; without any secret."""

    def close(self) -> None:
        """Let go of what is open."""
