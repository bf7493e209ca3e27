"""The programs on the page about looking at data run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "look-at-data.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", BLOCKS)
def test_a_program_of_the_page_runs(text, tmp_path, monkeypatch, capsys):
    """The block runs in an empty folder and leaves what it says."""
    pytest.importorskip("vl_convert")
    monkeypatch.chdir(tmp_path)
    exec(compile(text, str(PAGE), "exec"), {"__name__": "page"})
    made = {one.name for one in tmp_path.iterdir()}
    assert made == set(re.findall(r'save\("(.*?)"\)', text))
    if "print(" in text:
        assert "stand-in" in capsys.readouterr().out
