"""The page on databases and buckets says what is so: its program runs, and its tables name every option."""

from __future__ import annotations

import re
from pathlib import Path

from solvent.data.sources.database import options as database
from solvent.data.sources.remote.options import NAMES

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "read-databases-and-buckets.md"


def test_the_program_of_the_page_runs(tmp_path, monkeypatch):
    """What it asserts holds."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    exec(compile(blocks[0], PAGE.name, "exec"), {})


def test_every_option_is_in_a_table():
    """What can be said of databases, buckets and pages is told."""
    table = "".join(line for line in PAGE.read_text().splitlines() if line.startswith("| `"))
    for name in (*database.KNOWN, *NAMES):
        assert f"`{name}`" in table, name
