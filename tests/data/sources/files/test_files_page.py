"""The page on reading files says what is so: its programs run, and its table names every option."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from solvent.data.sources.files import Options

PAGE = Path(__file__).resolve().parents[4] / "docs" / "how-to" / "read-files.md"


def test_the_programs_of_the_page_run(tmp_path, monkeypatch):
    """Each Python block by itself, one after another in one folder; what they assert holds."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4
    for text in blocks:
        exec(compile(text, PAGE.name, "exec"), {})


def test_every_option_is_in_the_table():
    """What can be said of files is told."""
    table = "".join(line for line in PAGE.read_text().splitlines() if line.startswith("| `"))
    for one in fields(Options):
        assert f"`{one.name}`" in table, one.name
