"""What all tests share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_project_from_outside(monkeypatch):
    """A developer's own project, token or wish to see more must not reach the tests."""
    for name in ("SOLVENT_PROJECT", "SOLVENT_TOKEN", "SOLVENT_DEBUG"):
        monkeypatch.delenv(name, raising=False)
