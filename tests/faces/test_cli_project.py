"""Where the command line looks, what it leaves alone, and what `solvent init` makes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


def test_the_project_may_be_named_before_and_behind_the_command(solvent, shop, tmp_path_factory, monkeypatch):
    """`solvent --project X runs`, `solvent runs --project X` and SOLVENT_PROJECT all look at X."""
    assert solvent("run", "flow.yaml", "-q")[0] == 0
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert json.loads(solvent("runs", "--json")[1]) == []
    for words in (("--project", str(shop), "runs"), ("runs", "--project", str(shop))):
        assert "flow-1" in solvent(*words)[1]
    assert json.loads(solvent("data", "list", "--json", "--project", str(shop))[1]) == []
    monkeypatch.setenv("SOLVENT_PROJECT", str(shop))
    assert "flow-1" in solvent("runs")[1]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("runs",), 0), (("runs", "--json"), 0), (("data", "list"), 0), (("models", "list"), 0), (("doctor",), 0),
        (("show",), 2), (("why", "x"), 2), (("lineage", "x"), 2), (("log",), 2), (("verify",), 2),
        (("debug", "x"), 2), (("data", "show", "x"), 2), (("models", "show", "x"), 2), (("serve", "x"), 2),
        (("models", "rollback", "x"), 2), (("models", "promote", "x"), 2),
    ],
)  # fmt: skip
def test_looking_makes_no_archive(solvent, shop, words, code):
    """Where nothing ran, asking says so, and leaves the folder as it was."""
    assert solvent(*words)[0] == code
    assert not (shop / ".solvent").exists()


def complete(folder, line):
    """What the shell is told when TAB is pressed at the end of the line."""
    words = line.split(" ")
    environment = {**os.environ, "_SOLVENT_COMPLETE": "bash_complete", "COMP_WORDS": line}
    environment["COMP_CWORD"] = str(len(words) - 1)
    start = "import sys; sys.argv = ['solvent']; from solvent.faces.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", start], env=environment, capture_output=True, text=True, cwd=folder)
    assert done.stderr == ""
    return [one.partition(",")[2] for one in done.stdout.split()]


def test_the_shell_completes_commands_options_runs_and_steps(solvent, shop):
    """TAB knows commands, options, run ids, and steps behind a run's slash."""
    solvent("run", "flow.yaml", "-q")
    assert complete(shop, "solvent ru") == ["run", "runs"]
    assert complete(shop, "solvent models ro") == ["rollback"]
    assert "--no-reuse" in complete(shop, "solvent run --no")
    assert complete(shop, "solvent why nu") == ["numbers"]
    assert complete(shop, "solvent show flow-1/t") == ["flow-1/total"]


@pytest.mark.slow
def test_init_makes_a_project_that_runs_and_whose_tests_pass(solvent, shop):
    """A new project runs, is wholly reused the second time, and its own tests pass, from any folder."""
    assert solvent("init", "store")[0] == 0
    store = shop / "store"
    for word in ("succeeded", "all reused"):
        done = subprocess.run([sys.executable, "-m", "solvent", "run"], cwd=store, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert word in done.stdout
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(store)]
    done = subprocess.run(words, cwd=shop, capture_output=True, text=True)
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout


def test_init_leaves_what_is_there_alone(solvent, shop):
    """A folder that holds something is never written into."""
    (shop / "store").mkdir()
    (shop / "store" / "mine.txt").write_text("mine")
    code, _, err = solvent("init", "store")
    assert code == 2 and "not empty" in err
    assert [one.name for one in (shop / "store").iterdir()] == ["mine.txt"]
