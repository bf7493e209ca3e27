"""What a worker is told to do, as a line that its parent writes to it, and what it tells its parent."""

from __future__ import annotations

from dataclasses import dataclass

from solvent.delivery.server.opening import Shipped
from solvent.delivery.server.running.endpoint import Endpoint

__all__ = ["Job", "Post", "Report", "read_job", "write_job"]


@dataclass(frozen=True)
class Post:
    """Which worker it is, and the descriptors that it was given.

    ``listening`` is the socket, ``report`` a pipe to the parent, ``figures`` the files of the parent (the first) and
    of each worker by its number.
    """

    number: int
    listening: int
    report: int
    figures: tuple[int, ...]


@dataclass(frozen=True)
class Job:
    """What is served, of a project or out of a folder, and how."""

    endpoint: Endpoint
    root: str | None = None
    references: tuple[str, ...] = ()
    shipped: Shipped | None = None
    post: Post | None = None


@dataclass(frozen=True)
class Report:
    """That a worker answers, or the error that keeps it from it: the class and the text."""

    ready: bool = False
    error: str = ""
    text: str = ""


def write_job(job: Job) -> bytes:
    """A job as a line."""
    import msgspec

    return msgspec.json.encode(job) + b"\n"


def read_job(line: bytes) -> Job:
    """The job that a line is."""
    import msgspec

    return msgspec.json.decode(line, type=Job)
