"""The page on reuse says what is so: its examples are fingerprinted."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "reuse.md"


def blocks():
    """The Python examples of the page."""
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)


def test_the_first_example_reaches_its_helper_and_its_constant(modules):
    """What the page says of the example: the helper, the constant and Polars count."""
    mod = modules.load("join_example", blocks()[0])
    found = modules.print(mod.join)
    assert [one.name for one in found.definitions] == ["join", "late"]
    assert found.values == (("LIMIT", "15"),)
    assert "polars" in dict(found.distributions) and not found.hidden and not found.uncached


def test_the_second_example_reads_the_clock(modules):
    """The hidden input is found by the name that the page says."""
    mod = modules.load("recent_example", blocks()[1])
    found = modules.print(mod.recent)
    assert [(one.kind, one.name) for one in found.hidden] == [("clock", "datetime.date.today")]
