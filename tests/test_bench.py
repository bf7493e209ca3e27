"""The measurements of notebooks run as they are told to, on the smallest folder that they can be given."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One notebook, which runs."""
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    pytest.importorskip("pandas")
    sources = ["import pandas as pd\nrows = pd.DataFrame({'a': [1.5, 2.25]})", "total = rows.a.sum()", "float(total)"]
    shown = {"output_type": "execute_result", "execution_count": 3, "metadata": {}, "data": {"text/plain": "3.75"}}
    cells = [
        {"cell_type": "code", "metadata": {}, "execution_count": count, "outputs": [shown] if count == 3 else [],
         "source": one}
        for count, one in enumerate(sources, 1)
    ]  # fmt: skip
    made = tmp_path_factory.mktemp("bench")
    (made / "one.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    return made


def told(*words: str) -> list[str]:
    """What a script prints, line by line."""
    done = subprocess.run(
        [sys.executable, *words], cwd=BENCH, capture_output=True, text=True, check=False, timeout=900
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_conversions_are_counted(folder: Path) -> None:
    """The notebook runs, its pipeline too, and every value is proven."""
    lines = told("notebooks.py", str(folder))
    assert "1 notebooks, 1 run from the top, 0 tracebacks" in lines
    assert "pipelines that run, of the notebooks that run: 1 of 1 = 100% (bar 85%)" in lines
    assert "every value equal or close, of those that run: 1 of 1 = 100% (bar 80%)" in lines
    assert "reused in the second run: 1 of 1" in lines


def test_planted_faults_are_counted(folder: Path) -> None:
    """Each kind that has a place in the notebook is planted, and found."""
    kinds = "order,used-before,deleted-cell,saved-output,undefined,redefined"
    lines = told("notebook_faults.py", str(folder), "--notebooks", "1", "--kinds", kinds)
    assert lines[-1] == "found: 6 of 6 = 100.0% (bar 100%)", lines
