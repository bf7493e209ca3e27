"""A worker: a process that answers on its parent's socket until it is told to stop, or its parent is gone.

The job comes on the standard input, which the parent keeps open. Its end is how a worker notices that the parent is
gone, however that ended.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading

import msgspec

from solvent.delivery.server.opening import open_places, open_shipped
from solvent.delivery.server.running.figures import Figures
from solvent.delivery.server.running.metrics import Metrics
from solvent.delivery.server.serving import Behind, answer
from solvent.delivery.server.workers.job import Job, Post, Report, read_job
from solvent.errors import NotFound, SolventError

__all__ = ["main"]


def main() -> int:
    """Do the job that the standard input says; gives the exit code."""
    job = read_job(_first_line())
    assert job.post is not None
    threading.Thread(target=_end_with_the_parent, name="solvent-parent", daemon=True).start()
    try:
        _work(job, job.post)
    except SolventError as error:
        _tell(job.post, Report(error=type(error).__name__, text=str(error)))
        return 1
    return 0


def _first_line() -> bytes:
    """Read without a buffer, since a thread goes on reading there."""
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(0, 65536)
        if not part:
            sys.exit(0)
        line += part
    return line


def _end_with_the_parent() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _work(job: Job, post: Post) -> None:
    from solvent.delivery.server.lines.roster import Roster

    figures = [Figures(one) for one in post.figures]
    metrics = Metrics(figures.pop(post.number), figures)
    if job.shipped is not None:
        roster, behind = Roster.of(open_shipped(job.shipped)), Behind(metrics=metrics, worker=post.number)
    else:
        from solvent.engine.project import find_project

        project = find_project(job.root)
        if not project.begun:  # the archive went away, and to ask it would begin another
            raise NotFound(f"there is no archive in {project.root} any more")
        roster, now = open_places(project, job.references, job.endpoint.asides)
        behind = Behind(project, now, metrics, post.number)
    with socket.socket(fileno=post.listening) as listening:
        answer(listening, roster, job.endpoint, lambda address: _tell(post, Report(ready=True)), behind)


def _tell(post: Post, report: Report) -> None:
    os.write(post.report, msgspec.json.encode(report) + b"\n")


if __name__ == "__main__":
    sys.exit(main())
