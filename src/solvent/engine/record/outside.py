"""Outside: what a step read without declaring it, as it is recorded, and as it is compared later."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from solvent import digest

__all__ = ["allowed_by", "allowing", "digest_now", "env_place", "file_place", "is_allowance", "named"]

_ENV, _ALLOWED = "env:", "allowed:"


def file_place(path: Path, root: Path) -> str:
    """A file as it is recorded: from the project's root (``./…``) where it lies inside, as a project may move."""
    try:
        return f"./{path.relative_to(os.path.abspath(root)).as_posix()}"
    except ValueError:
        return str(path)


def env_place(name: str) -> str:
    """An environment variable as it is recorded."""
    return f"{_ENV}{name}"


def named(place: str) -> tuple[str, str]:
    """What was recorded, in words: ``variable`` or ``file``, and its name."""
    return ("variable", place.removeprefix(_ENV)) if place.startswith(_ENV) else ("file", place)


def digest_now(place: str, root: Path) -> str | None:
    """What is there now: of a file, None where there is none; of a variable only the digest, never its value."""
    if place.startswith(_ENV):
        return digest.of_structure("env.1", os.environ.get(place.removeprefix(_ENV)))
    try:
        return digest.of_file("file.1", root / place)
    except OSError:
        return None


def allowing(reads: Sequence[str]) -> str:
    """That a step used what its ``reads`` allow it: whoever reuses its result has to be allowed as much."""
    return _ALLOWED + json.dumps(sorted(reads))


def is_allowance(place: str) -> bool:
    """Whether this was recorded by :func:`allowing`."""
    return place.startswith(_ALLOWED)


def allowed_by(place: str, reads: Sequence[str]) -> bool:
    """Whether ``reads`` allow all that an allowance says."""
    return set(json.loads(place.removeprefix(_ALLOWED))) <= set(reads)
