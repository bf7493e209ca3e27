"""What is written to the catalog: frozen values, one for each thing that happens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["ArtifactRow", "BlobRow", "Discovered", "Figure", "InputRow", "RunStart", "StepEnd", "StepStart"]


@dataclass(frozen=True, slots=True)
class RunStart:
    """A run begins: who, where, what. ``record`` holds the digests of what is long (settings, environment …)."""

    pipeline: str
    kind: str
    started: float
    user: str
    host: str
    pid: int
    pid_started: str
    boot: str
    record: dict[str, Any]
    plan: str
    whole: bool
    seed: int | None


@dataclass(frozen=True, slots=True)
class StepStart:
    """A step run begins."""

    run: int
    path: str
    item: str
    kind: str
    step: str
    key: str | None
    fingerprint: str | None
    settings: str
    started: float


@dataclass(frozen=True, slots=True)
class InputRow:
    """One artifact that went into a step run, at one place of one parameter, and the step run that made it."""

    name: str
    place: str
    digest: str
    producer: int | None


@dataclass(frozen=True, slots=True)
class BlobRow:
    """One blob: its bytes where it is small, else only that it is there, and since which boot of the machine."""

    digest: str
    size: int
    data: bytes | None
    boot: str | None


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """One artifact: its document's body (as JSON text, or in a blob where it is long) and its blobs."""

    digest: str
    format: str
    body: str | None
    body_blob: str | None
    size: int
    facts: str
    blobs: tuple[BlobRow, ...] = ()
    refers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Discovered:
    """A file that a step read without declaring it (or an outside thing that it depends on)."""

    path: str
    digest: str | None
    place: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that ``sv.log`` noted."""

    name: str
    step: int
    place: int
    kind: str
    number: float | None
    text: str | None


@dataclass(frozen=True, slots=True)
class StepEnd:
    """A step run ends. Everything here is written in one transaction, or not at all."""

    id: int
    status: str
    ended: float
    reusable: bool
    cpu: float | None = None
    peak_mb: float | None = None
    log: str | None = None
    notes: str | None = None
    error: str | None = None
    outputs: dict[str, str] = field(default_factory=dict)
    inputs: tuple[InputRow, ...] = ()
    discovered: tuple[Discovered, ...] = ()
    figures: tuple[Figure, ...] = ()
    artifacts: tuple[ArtifactRow, ...] = ()
