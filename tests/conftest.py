"""What all tests share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_project_from_outside(monkeypatch):
    """A developer's own SOLVENT_PROJECT must not reach the tests."""
    monkeypatch.delenv("SOLVENT_PROJECT", raising=False)
