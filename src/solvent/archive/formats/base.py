"""The plug for formats: how one family of Python types becomes bytes and comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypedDict

__all__ = ["Document", "Format", "Sink", "Source", "Written"]


class Document(TypedDict):
    """An artifact as it is recorded: plain JSON; ``body`` refers to blobs by digest, never to code."""

    format: str
    digest: str
    body: Any


@dataclass(frozen=True, slots=True)
class Written:
    """What a format makes of one value, without having to write large bytes yet.

    ``identity`` is the structure whose hash is the artifact's digest: canonical, and final once ``write``
    returns. Either ``body`` (JSON) is there at once, or ``finish`` makes it later, perhaps on the writer's
    thread, from data that can no longer change. ``keep`` gives a consumer a live value that no other
    consumer and no producer can alter; without it, consumers read the artifact back. ``facts`` are small
    numbers worth showing in lists (rows, columns, shape).
    """

    identity: Any
    body: Any = None
    finish: Callable[[Sink], Any] | None = None
    keep: Callable[[Any], Any] | None = None
    size: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)


class Sink(Protocol):
    """Where a format puts its bytes."""

    def blob(self, data: bytes | bytearray | memoryview) -> str:
        """Keep these bytes, and give their digest."""

    def file(self, path: Path) -> str:
        """Adopt a finished file that lies in a folder from :meth:`scratch`, and give its digest."""

    def scratch(self) -> Path:
        """A new empty folder on the store's own disk, removed when the artifact is done."""

    def near(self, format: str) -> Sequence[Any]:
        """The bodies of values of a format that are kept, all there, and likely to share blobs with this one."""

    def share(self, name: str) -> None:
        """Refer to a blob of one of these, instead of writing it again."""

    def behaviour(self, kind: type) -> str:
        """The fingerprint of a class: user code by closure, third-party code by distribution and version."""

    def write(self, value: Any) -> Written:
        """Write a value that lies inside this one, by its own format."""

    def digest(self, value: Any, written: Written) -> str:
        """The digest of an inner value, by its own format: what the outer value's identity holds of it."""

    def document(self, value: Any, written: Written) -> Document:
        """The document of an inner value (finished now, if it was not)."""


class Source(Protocol):
    """Where a format gets its bytes back. Everything that it gives has been verified."""

    def blob(self, digest: str) -> bytes:
        """The bytes of a blob."""

    def path(self, digest: str) -> Path:
        """A local, read-only file with the bytes of a blob (for mapping or scanning)."""

    def scratch(self) -> Path:
        """A new folder on the store's own disk that lasts until this process ends."""

    def read(self, document: Document, wanted: Any = Any) -> Any:
        """Read an inner value."""


class Format(Protocol):
    """One family of types. ``name`` is recorded with each artifact and changes with the encoding (``npy.1``)."""

    name: str

    def accepts(self, value: Any) -> bool:
        """Whether this format keeps this value."""

    def write(self, value: Any, sink: Sink) -> Written:
        """Make the value storable. Canonical: the same value gives the same identity in every process."""

    def read(self, body: Any, source: Source, wanted: Any) -> Any:
        """Bring a value back, as ``wanted`` (an annotation; ``Any`` when nothing is asked for)."""
