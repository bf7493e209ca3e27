"""A session that is tracked: switched on once, named after its notebook, switched off with all that it holds."""

from __future__ import annotations

import atexit
import os
import re
from pathlib import PurePath
from typing import Any

from solvent.data.packs.reading import lazy_kind
from solvent.engine.execute.behind.profiling import profile_jobs
from solvent.engine.exploring import Recorder, begin, end
from solvent.engine.project import find_project
from solvent.graph.steps import RECORDERS
from solvent.names import LONGEST, is_name
from solvent.notebook.magic.failing import notice
from solvent.notebook.magic.tracking import Tracker

__all__ = ["label_of", "load", "tracker_of", "unload"]

_AT_EXIT = 10.0
_AT_UNLOAD = 120.0
"""Seconds for what waits to be written. Whoever ends a kernel waits less long than who asks for the end of a run."""

_SESSIONS: dict[int, tuple[Any, Tracker | None]] = {}


def load(shell: Any) -> None:
    """Track this session, and give it ``%solvent`` and ``%%step``; a second time changes nothing."""
    from solvent.notebook.magic.commands import solvent_line
    from solvent.notebook.magic.stepping import step_cell

    if id(shell) in _SESSIONS:
        return
    tracker = None
    try:
        project = find_project()
        recorder = next((one for one in RECORDERS if isinstance(one, Recorder) and one.project is project), None)
        # What the thread behind needs is imported here: imports of two threads at once can meet half-made modules.
        profile_jobs(project, {"": project.archive.prepare(lazy_kind()({"a": [1]}))})
        tracker = Tracker(shell, recorder or begin(project, label_of(shell)))
        tracker.begin()
    except Exception as error:  # a folder that cannot be written is no reason to refuse the magics
        notice(f"this session is not tracked ({type(error).__name__}: {error})")
    _SESSIONS[id(shell)] = (shell, tracker)
    shell.register_magic_function(solvent_line(shell, tracker), "line", "solvent")
    shell.register_magic_function(step_cell(shell, tracker), "cell", "step")
    atexit.register(_leave, shell)


def unload(shell: Any) -> None:
    """Track no more; what was tracked is written, and the exploration ends."""
    _, tracker = _SESSIONS.pop(id(shell), (None, None))
    atexit.unregister(_leave)
    for kind, name in (("line", "solvent"), ("cell", "step")):
        shell.magics_manager.magics[kind].pop(name, None)
    if tracker is not None:
        tracker.end(_AT_UNLOAD)
        end(tracker.recorder.project)


def tracker_of(shell: Any) -> Tracker | None:
    """Who tracks this session, if it is tracked."""
    return _SESSIONS.get(id(shell), (None, None))[1]


def label_of(shell: Any) -> str:
    """The name of the notebook as far as its front end tells, else ``notebook``."""
    told = shell.user_ns.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME") or ""
    path = PurePath(str(told).replace("\\", "/"))
    stem = path.stem if path.suffix == ".ipynb" else ""
    name = re.sub(r"[^\w-]+", "-", stem).strip("-")[:LONGEST]
    return name if is_name(name) else "notebook"


def _leave(shell: Any) -> None:
    _, tracker = _SESSIONS.get(id(shell), (None, None))
    if tracker is not None:
        tracker.end(_AT_EXIT)
