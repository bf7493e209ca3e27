"""The digits: ten classes from a stratified split to an accepted bundle, by the command line as a user starts it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "digits"


@pytest.mark.slow
def test_the_digits_run_to_an_accepted_model(tmp_path: Path) -> None:
    """Each class has the same share in both parts, the figures are those of many classes, and the gate passes."""
    for name in ("digits.py", "digits.yaml"):
        shutil.copy(FOLDER / name, tmp_path)
    (tmp_path / "solvent.toml").write_text("")
    solvent = [sys.executable, "-m", "solvent"]
    run = [*solvent, "run", "digits.yaml", "--set", "steps.train.with.max_iter=15"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    shown = subprocess.run(
        [*solvent, "show", "last/stratified_split", "--json"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    logged = json.loads(shown.stdout)["logged"]
    assert (logged["rows_train"], logged["rows_test"], logged["kinds"]) == (1348, 449, 10)
    assert logged["rows_of_test_in_train"] == 0
    told = subprocess.run(
        [*solvent, "models", "show", "digits"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "accepted" in told.stdout and "✓ accuracy 0.9" in told.stdout
    again = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "reused" in again.stdout and "  ran       train" not in again.stdout
