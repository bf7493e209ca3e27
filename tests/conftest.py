"""What all tests share."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("solvent", derandomize=True, deadline=None)
settings.load_profile("solvent")


@pytest.fixture(autouse=True)
def _no_project_from_outside(monkeypatch):
    """A developer's own project, token or wish to see more must not reach the tests."""
    for name in ("SOLVENT_PROJECT", "SOLVENT_TOKEN", "SOLVENT_DEBUG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _secrets_of_one_test():
    """What a test reveals is masked in its own records, and not in those of the tests after it."""
    yield
    from solvent.config import secret

    secret._REVEALED.clear()
