"""The roster: which version answers for which model just now, and what takes part beside it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from solvent.delivery.server.lines.batching import Batcher
from solvent.delivery.server.lines.served import Served
from solvent.errors import UsageError

__all__ = ["Line", "Roster", "Seat"]


@dataclass(frozen=True)
class Seat:
    """A served version with its queue."""

    served: Served
    batcher: Batcher

    @classmethod
    def of(cls, served: Served) -> Seat:
        """A seat for a version, with a queue of its own."""
        return cls(served, Batcher(served))


@dataclass(frozen=True)
class Line:
    """The versions of one model that take part: who answers, who answers a share, and who only answers for the log.

    ``canary`` and ``shadow`` are seats with the share of requests that they get, from 0 to 1.
    """

    name: str
    seat: Seat
    canary: tuple[Seat, float] | None = None
    shadow: tuple[Seat, float] | None = None

    def choose(self, number: int) -> Seat:
        """Who answers the request with this number (of 32 bits, taken from its id)."""
        if self.canary is not None and number < self.canary[1] * 2**32:
            return self.canary[0]
        return self.seat

    def follows(self, number: int) -> Seat | None:
        """Who is asked besides, without being heard."""
        if self.shadow is None:
            return None
        turned = zlib.crc32(number.to_bytes(4, "little"))  # so that shadow and canary are drawn apart
        return self.shadow[0] if turned < self.shadow[1] * 2**32 else None

    def seats(self) -> list[Seat]:
        """All that take part."""
        return [self.seat, *(one[0] for one in (self.canary, self.shadow) if one is not None)]

    def places(self) -> list[tuple[str, Served]]:
        """What takes part, with the name of its place."""
        beside = (("canary", self.canary), ("shadow", self.shadow))
        return [("seat", self.seat.served), *((name, one[0].served) for name, one in beside if one is not None)]


@dataclass
class Roster:
    """Lines by model. A line is replaced as a whole; requests under way keep the seat that they took."""

    lines: dict[str, Line] = field(default_factory=dict)

    @classmethod
    def of(cls, *served: Served) -> Roster:
        """A roster of versions, one for each model."""
        roster = cls()
        for one in served:
            if one.model in roster.lines:
                raise UsageError(f"{one.model} is served once only; another version of it can be a canary or a shadow")
            roster.lines[one.model] = Line(one.model, Seat.of(one))
        return roster

    @property
    def only(self) -> Line | None:
        """The line, if there is one only: what ``/predict`` and ``/invocations`` mean without a name."""
        return next(iter(self.lines.values())) if len(self.lines) == 1 else None

    def put(self, served: Served, place: str = "seat", share: float = 1.0) -> None:
        """Let a version take a place from now on: ``seat``, ``canary`` or ``shadow``."""
        seat = Seat.of(served)
        line = self.lines.get(served.model)
        if line is None:
            self.lines = {**self.lines, served.model: Line(served.model, seat)}
        else:
            changed = replace(line, **{place: seat if place == "seat" else (seat, share)})  # type: ignore[arg-type]
            self.lines = {**self.lines, served.model: changed}

    def take_away(self, model: str, place: str) -> None:
        """Let nobody have a place beside the seat."""
        self.lines = {**self.lines, model: replace(self.lines[model], **{place: None})}  # type: ignore[arg-type]

    def versions(self) -> Mapping[str, list[str]]:
        """The versions of each model that take part."""
        return {name: [one.served.version for one in line.seats()] for name, line in self.lines.items()}
