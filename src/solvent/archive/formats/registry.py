"""The formats that are known here, and which of them keeps a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.archive.formats.refusal import refuse
from solvent.errors import ArchiveError, did_you_mean

if TYPE_CHECKING:
    from solvent.archive.formats.base import Document, Format, Sink, Source, Written

__all__ = ["Formats"]


class Formats:
    """Formats in the order in which they are asked; the first that accepts a value keeps it."""

    __slots__ = ("_all", "_named")

    def __init__(self, formats: Sequence[Format]) -> None:
        self._all = tuple(formats)
        self._named: dict[str, Format] = {}
        for one in self._all:
            self._named.setdefault(one.name, one)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all formats, as artifacts record them."""
        return tuple(self._named)

    def find(self, value: Any) -> Format:
        """The format that keeps a value. Raises :class:`NoFormat`, which names the ways out."""
        for one in self._all:
            if one.accepts(value):
                return one
        raise refuse(value)

    def write(self, value: Any, sink: Sink) -> tuple[Format, Written]:
        """Make a value storable. Raises :class:`NoFormat` where nothing can keep it, or something inside it."""
        kept = self.find(value)
        return kept, kept.write(value, sink)

    def identify(self, kept: Format, written: Written) -> str:
        """The digest of the artifact that a value is."""
        return digest.of_structure("artifact.1", [kept.name, written.identity])

    def read(self, document: Document, source: Source, wanted: Any = Any) -> Any:
        """Bring a value back, as ``wanted`` asks for it."""
        name = document["format"]
        kept = self._named.get(name)
        if kept is None:
            raise ArchiveError(
                f"the artifact #{document['digest'][:12]} was written in the format {name!r}, which is not known here."
                f"{did_you_mean(name, self._named)} Install the package that brings it, name it in solvent.toml "
                f'(`formats = ["module:Name"]`), or use a newer Solvent.'
            )
        return kept.read(document["body"], source, wanted)
