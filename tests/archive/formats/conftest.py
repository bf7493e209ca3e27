"""The format tests share one contract suite, and an archive in memory."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[2] / "contracts"), str(Path(__file__).parent)]

from format_suite import Memory  # noqa: E402

from solvent.archive.formats import BUILTIN, Formats  # noqa: E402


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    """An archive in memory, with the built-in formats."""
    return Memory(Formats(BUILTIN), tmp_path)
