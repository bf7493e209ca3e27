"""Type checkers see the user's own types, inside pipelines too: mypy and pyright on programs as people write them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "examples"
SOURCE = Path(__file__).resolve().parents[2] / "src"


def mypy(file):
    """The lines on which mypy --strict finds an error."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file=", str(file)],
        capture_output=True, text=True, cwd=SOURCE, env={"MYPYPATH": str(SOURCE), "PATH": ""},
    )  # fmt: skip
    found = re.findall(rf"{file.name}:(\d+): error: (.*)", done.stdout)
    assert done.returncode in (0, 1), done.stderr
    return {int(line): text for line, text in found}


def pyright(file, tmp_path):
    """The lines on which pyright (as basedpyright brings it, in pyright's own standard mode) finds an error."""
    settings = {
        "typeCheckingMode": "standard",
        "extraPaths": [str(SOURCE)],
        "include": [str(file)],
        "reportUnusedExpression": False,
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    command = Path(sys.executable).with_name("basedpyright")
    done = subprocess.run(
        [str(command), "--outputjson", "--project", "pyrightconfig.json", "--pythonpath", sys.executable],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {
        one["range"]["start"]["line"] + 1: one["message"]
        for one in found
        if one["severity"] == "error" and one["file"].endswith(file.name)
    }


def check(file, checker, tmp_path):
    """The errors of one checker by line."""
    return mypy(file) if checker == "mypy" else pyright(file, tmp_path)


def wrong_lines(file, checker):
    """The lines that say that this checker refuses them."""
    return {
        number
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if "# wrong:" in line and checker in line.partition("# wrong:")[2]
    }


CHECKERS = [
    pytest.param("mypy", marks=pytest.mark.slow),
    pytest.param(
        "pyright",
        marks=[
            pytest.mark.slow,
            pytest.mark.skipif(
                shutil.which("basedpyright", path=str(Path(sys.executable).parent)) is None, reason="no basedpyright"
            ),
        ],
    ),
]


@pytest.mark.parametrize("checker", CHECKERS)
def test_programs_as_people_write_them_have_no_errors(checker, tmp_path):
    """Steps, pipelines, records, maps, conditions and runs type-check without a single error."""
    assert check(HERE / "accepted.py", checker, tmp_path) == {}


@pytest.mark.parametrize("checker", CHECKERS)
@pytest.mark.parametrize("program", ["flights.py", "flights_features.py"])
def test_the_main_job_has_no_errors(program, checker, tmp_path):
    """The example of the design, as it is run: library steps and the user's own, wired and typed (sklearn is not)."""
    assert check(HERE.parents[2] / "examples" / "flights" / program, checker, tmp_path) == {}


@pytest.mark.parametrize("checker", CHECKERS)
def test_mistakes_are_seen_on_their_lines(checker, tmp_path):
    """Wrong frames, misspelt and wrongly typed settings, missing data and wrong results are each refused."""
    found = check(HERE / "refused.py", checker, tmp_path)
    assert set(found) == wrong_lines(HERE / "refused.py", checker), found
