"""Type checkers see the user's own types, inside pipelines too: mypy and pyright on programs as people write them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "examples"
ROOT = Path(__file__).resolve().parents[2]
FLIGHTS = [ROOT / "examples" / "flights" / name for name in ("flights.py", "flights_features.py")]
FILES = [HERE / "accepted.py", HERE / "refused.py", *FLIGHTS]
# The stubs of scikit-learn that pyright brings say that this takes text only.
NOT_OURS = '"early_stopping"'
pytestmark = pytest.mark.slow


def mypy():
    """The lines of each file on which mypy --strict finds an error. Scikit-learn has no types; that is not asked."""
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--ignore-missing-imports",
        "--config-file=",
        "--no-incremental",
        f"--cache-dir={os.devnull}",  # a cache that another process writes may be damaged
    ]
    environment = {"MYPYPATH": f"{ROOT / 'src'}:{FLIGHTS[0].parent}", "PATH": ""}
    done = subprocess.run([*command, *FILES], capture_output=True, text=True, cwd=ROOT / "src", env=environment)
    assert done.returncode in (0, 1), done.stderr
    found = {}
    for name, line, text in re.findall(r"([\w.]+\.py):(\d+): error: (.*)", done.stdout):
        found.setdefault(name, {})[int(line)] = text
    return found


def pyright(folder):
    """The lines of each file on which pyright (as basedpyright brings it, in pyright's own standard mode) finds one."""
    command = Path(sys.executable).with_name("basedpyright")
    if not command.exists():
        pytest.skip("basedpyright is not installed")
    settings = {
        "typeCheckingMode": "standard", "extraPaths": [str(ROOT / "src"), str(FLIGHTS[0].parent)],
        "include": [str(file) for file in FILES], "reportUnusedExpression": False,
    }  # fmt: skip
    place = folder / "pyrightconfig.json"
    place.write_text(json.dumps(settings))
    words = [command, "--outputjson", "--project", place, "--pythonpath", sys.executable]
    done = subprocess.run(words, capture_output=True, text=True, cwd=folder)
    found = {}
    for one in json.loads(done.stdout)["generalDiagnostics"]:
        if one["severity"] == "error" and NOT_OURS not in one["message"]:
            found.setdefault(Path(one["file"]).name, {})[one["range"]["start"]["line"] + 1] = one["message"]
    return found


def wrong_lines(checker):
    """The lines of refused.py that say that this checker refuses them."""
    lines = (HERE / "refused.py").read_text().splitlines()
    return {number for number, line in enumerate(lines, 1) if checker in line.partition("# wrong:")[2]}


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_programs_have_no_errors_and_mistakes_are_seen_on_their_lines(checker, tmp_path):
    """Steps, records, maps, conditions, runs and the whole main job are accepted without a single error; wrong
    frames, misspelt and wrongly typed settings, missing data and wrong results are each refused where they stand."""
    found = mypy() if checker == "mypy" else pyright(tmp_path)
    refused = found.pop("refused.py", {})
    assert found == {}
    assert wrong_lines(checker) and set(refused) == wrong_lines(checker), refused
