"""The page about work by block: its programs run as they stand, one after the other."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "how-to" / "work-by-block.md"


def test_the_programs_of_the_page_run(tmp_path):
    """All Python of the page is one program; it runs in an empty folder, and its steps do what the page says."""
    text = "\n".join(re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL))
    program = tmp_path / "page.py"
    program.write_text(
        text + "\n\n@sv.pipeline\ndef whole(orders: pl.DataFrame) -> float:\n    prepared = prepare(orders)\n"
        "    revenue(prepared)\n    return invoice(prepared)\n\n\n"
        'run = sv.run(whole, inputs={"orders": orders})\nassert run["revenue"].value() == {"total": 2.0}\n'
        "assert run.value() == 2.0\n"
    )
    done = subprocess.run([sys.executable, program.name], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
