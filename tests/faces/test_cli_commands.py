"""The command line: what one sees, and the exit codes that scripts rely on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import pytest

from solvent.faces.cli import main

FLOW = '''
import solvent as sv

def helper(x):
    return x * 2

@sv.step
def numbers(start: int, *, count: int = 3) -> list[int]:
    """Count."""
    print("counting")
    return list(range(start, start + count))

@sv.step
def total(rows: list[int], *, fail: bool = False) -> int:
    """Add up."""
    if fail:
        raise ValueError("told to [bold]fail[/bold] \\x1b[31m")
    sv.log(n=len(rows))
    return helper(sum(rows))

@sv.pipeline
def flow(start: int) -> int:
    return total(numbers(start))
'''
SETTINGS = """
pipeline: flowcli:flow
inputs:
  start: {value: 4}
steps:
  numbers: {count: 5}
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A folder with a pipeline and its settings."""
    (tmp_path / "flowcli.py").write_text(FLOW)
    (tmp_path / "flow.yaml").write_text(textwrap.dedent(SETTINGS))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield tmp_path
    sys.modules.pop("flowcli", None)


@pytest.fixture
def solvent(shop, monkeypatch, capsys):
    """Call the command; gives exit code, what it printed, and what it complained of."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["solvent", *words])
        code = 0
        try:
            main()
        except SystemExit as error:
            code = int(error.code or 0)
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


def test_a_run_shows_each_step_and_the_second_reuses_all(solvent):
    """Plain lines where there is no terminal: each step with its fate, then the run."""
    code, out, _ = solvent("run", "flow.yaml")
    assert code == 0
    assert "ran       numbers" in out and "ran       total" in out and "flow-1: succeeded" in out
    code, out, _ = solvent("run", "flow.yaml")
    assert code == 0 and "flow-2: all reused" in out


def test_quiet_says_nothing_and_json_says_all(solvent):
    """--quiet prints nothing; --json prints the run with its steps."""
    assert solvent("run", "flow.yaml", "--quiet")[1].replace("counting\n", "") == ""
    code, out, _ = solvent("run", "flow.yaml", "--json")
    facts = json.loads(out)
    assert code == 0 and facts["status"] == "succeeded" and len(facts["steps"]) == 3


def test_runs_are_listed_with_the_promised_fields(solvent):
    """`runs --json` is a list of objects with at least id, pipeline, status, started, seconds, user."""
    assert "Nothing ran here yet" in solvent("runs")[1]
    solvent("run", "flow.yaml", "-q")
    (run,) = json.loads(solvent("runs", "--json")[1])
    assert {"id", "pipeline", "status", "started", "seconds", "user"} <= set(run)
    assert "flow-1" in solvent("runs")[1]


def test_failures_exit_1_with_the_users_frames_first(solvent):
    """A step that fails: exit code 1, the user's line, what to do next, and no control character."""
    code, _, err = solvent("run", "flow.yaml", "--set", "steps.total.fail=true")
    assert code == 1
    assert "flowcli.py" in err and "ValueError" in err and "solvent show flow-1" in err
    assert "\x1b" not in err
    assert "solvent/engine" not in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "flow.yaml", "--set", "steps.numbers.cuont=7"), "Did you mean 'count'"),
        (("run", "flow.yaml", "--set", "steps.numbers.count=many"), "steps.numbers.count"),
        (("run", "flwo.yaml"), "Did you mean 'flow.yaml'"),
        (("run",), "nothing says what to run"),
        (("run", "flow.yaml", "--to", "totl"), "Did you mean 'total'"),
        (("show", "nothing"), "Nothing ran here yet"),
        (("why", "nothing"), "no run"),
        (("rnu",), "Did you mean 'run'"),
        (("run", "--nonsense"), "nonsense"),
    ],
)
def test_wrong_use_exits_2_with_a_way_out(solvent, words, said):
    """Wrong settings, files, steps and commands: exit code 2, one message, no traceback."""
    code, _, err = solvent(*words)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_one_can_look_at_everything(solvent):
    """show, why, lineage, log, plan, verify, doctor, data list and models list all answer, as JSON too."""
    solvent("run", "flow.yaml", "-q")
    solvent("run", "flow.yaml", "-q", "--set", "steps.numbers.count=6")
    assert "total" in solvent("show")[1]
    assert "count = 6" in solvent("show", "flow-2/numbers")[1]
    assert "5 (flow.yaml:6) → 6 (--set)" in solvent("why", "numbers")[1]
    assert "inputs/start" in solvent("lineage", "total")[1]
    assert "flowchart" in solvent("lineage", "total", "--mermaid")[1]
    assert "counting" in solvent("log", "numbers")[1]
    assert "counting" in solvent("log", "flow-1")[1]
    assert "numbers   ← inputs/start" in solvent("plan", "flow.yaml")[1]
    assert "-- rows -->" in solvent("plan", "flow.yaml", "--mermaid")[1]
    assert solvent("verify", "--deep")[0] == 0
    assert solvent("doctor")[0] == 0
    for words in (
        *(("show", "--json"), ("why", "numbers", "--json"), ("lineage", "total", "--json"), ("verify", "--json")),
        *(
            ("doctor", "--json"),
            ("plan", "flow.yaml", "--json"),
            ("data", "list", "--json"),
            ("models", "list", "--json"),
        ),
        *(("plan", "flow.yaml", "--json", "--no-inputs"), ("show", "total", "--json")),
    ):
        code, out, _ = solvent(*words)
        assert code == 0 and json.loads(out) is not None


def test_a_step_run_can_be_tried_again_with_todays_code(solvent, shop):
    """`debug` stands ready with inputs and settings, and again() calls the step as it is written now."""
    from solvent.engine.project import find_project
    from solvent.faces.cli.doing.debugging import scene

    solvent("run", "flow.yaml", "-q")
    names = scene(find_project(shop), "total")
    assert names["rows"] == [4, 5, 6, 7, 8]
    assert names["again"]() == 60
    assert names["again"](rows=[1]) == 2


def test_help_imports_nothing_heavy():
    """`solvent --help` answers without pydantic, polars, numpy, rich or the engine."""
    script = (
        "import sys; sys.argv = ['solvent', '--help']\nfrom solvent.faces.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'pydantic', 'polars', 'numpy', 'rich', 'yaml', 'apsw', 'solvent.engine'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Commands:" in done.stdout


def test_listing_runs_imports_nothing_heavy(shop):
    """`solvent runs` reads the catalog and nothing more."""
    script = (
        "import sys; sys.argv = ['solvent', 'runs']\nfrom solvent.faces.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'pydantic', 'polars', 'numpy', 'rich', 'yaml', 'sklearn', 'pyarrow'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=shop)
    assert done.returncode == 0, done.stderr


def test_a_terminal_gets_the_live_tree(shop):
    """On a terminal the steps are drawn as they go, and the run ends with its own line."""
    import pty

    pid, handle = pty.fork()
    if pid == 0:
        os.environ.pop("CI", None)
        os.environ["TERM"] = "xterm"
        os.execv(
            sys.executable, [sys.executable, "-c", "from solvent.faces.cli import main; main()", "run", "flow.yaml"]
        )
    shown = b""
    while True:
        try:
            part = os.read(handle, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    assert os.waitpid(pid, 0)[1] == 0, shown
    text = shown.decode()
    assert "numbers" in text and "✓" in text and "flow-1: succeeded" in text
