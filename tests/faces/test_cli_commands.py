"""The command line: what one sees, and the exit codes that scripts rely on."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def test_a_run_shows_each_step_and_the_second_reuses_all(solvent):
    """Plain lines where there is no terminal: each step with its fate, then the run."""
    code, out, _ = solvent("run", "flow.yaml")
    assert code == 0
    assert "ran       numbers" in out and "ran       total" in out and "flow-1: succeeded" in out
    code, out, _ = solvent("run", "flow.yaml")
    assert code == 0 and "flow-2: all reused" in out


def test_quiet_says_nothing_and_json_says_all(solvent):
    """--quiet prints nothing, what steps print included; --json prints the run with its steps and nothing else."""
    assert solvent("run", "flow.yaml", "--quiet") == (0, "", "")
    code, out, err = solvent("run", "flow.yaml", "--json", "--set", "steps.numbers.count=4")
    facts = json.loads(out)
    assert code == 0 and err == "" and facts["status"] == "succeeded" and len(facts["steps"]) == 3
    assert "counting\nloudly\n" in solvent("log", "numbers")[1]


def test_a_failed_run_is_json_too(solvent):
    """With --json a run that fails still prints its record, says on stderr what failed, and exits with 1."""
    code, out, err = solvent("run", "flow.yaml", "--json", "--set", "steps.total.fail=true")
    assert code == 1 and json.loads(out)["status"] == "failed" and "ValueError" in err


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


def test_the_failed_item_of_a_mapped_step_shows_its_line(solvent):
    """A mapped step that fails for one item shows the user's line, and names the item."""
    code, out, err = solvent("run", "each.yaml")
    assert code == 1
    assert out.count("ran       check[") == 4 and out.count("failed    check[") == 1
    assert 'raise ValueError("six")' in err


def test_a_gate_that_says_no_is_no_error_but_exits_1(solvent):
    """A rejected run shows which step said no and why, ends as rejected, and exits with 1."""
    code, out, _ = solvent("run", "judged.yaml")
    assert code == 1
    assert "rejected  gate" in out and "only 3 of 4" in out and "judged-1: rejected" in out


def test_a_secret_is_shown_by_nothing(solvent, shop, monkeypatch):
    """Neither plan, run, show, log nor any JSON has the text of a secret; they show the reference."""
    monkeypatch.setenv("TOKEN", "hunter2")
    settings = "pipeline: flowcli:sending\ninputs: {start: {value: 4}}\nsteps: {send: {token: '${secret:TOKEN}'}}\n"
    (shop / "sending.yaml").write_text(settings)
    shown = ""
    for words in (
        *(("run", "sending.yaml"), ("plan", "sending.yaml"), ("plan", "sending.yaml", "--json"), ("show",)),
        *(("show", "--json"), ("show", "send"), ("show", "send", "--json"), ("why", "send"), ("log",)),
        *(("lineage", "send", "--json"), ("run", "sending.yaml", "--json", "--no-reuse")),
    ):
        code, out, err = solvent(*words)
        assert code == 0, err
        shown += out + err
    assert "hunter2" not in shown
    assert "secret:TOKEN" in shown or "***" in shown


def test_a_log_can_be_followed_to_its_end(solvent, shop):
    """`log --follow` prints as the run writes, and ends with the run."""
    run = subprocess.Popen([sys.executable, "-m", "solvent", "run", "slow.yaml", "-q"], cwd=shop)
    while '"running"' not in solvent("runs", "--json")[1]:
        assert run.poll() is None
    code, out, _ = solvent("log", "slow-1", "--follow")
    assert run.wait() == 0
    assert code == 0 and "tick 0" in out and "tick 7" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "flow.yaml", "--set", "steps.numbers.cuont=7"), "Did you mean 'count'"),
        (("run", "flow.yaml", "--set", "steps.numbers.count=many"), "steps.numbers.count"),
        (("run", "flwo.yaml"), "Did you mean 'flow.yaml'"),
        (("run",), "nothing says what to run"),
        (("run", "flow.yaml", "--to", "totl"), "Did you mean 'total'"),
        (("run", "flow.yaml", "--rerun", "totl"), "Did you mean 'total'"),
        (("show",), "Begin with: solvent run FILE"),
        (("why", "nothing"), "Begin with: solvent run FILE"),
        (("run", "flowcli:flwo"), "Did you mean 'flow'"),
        (("run", "nowhere:flow"), "no module 'nowhere'"),
        (("run", "flowcli:helper"), "is no pipeline"),
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
    assert json.loads(solvent("runs", "--json")[1]) == []


@pytest.mark.parametrize(
    ("text", "line"), [("def (", "def ("), ("1 / 0", "    1 / 0"), ("import solvnet", "no module 'solvnet'")]
)
def test_a_module_that_cannot_be_imported_shows_the_users_line(solvent, shop, text, line):
    """A fault while the user's module is imported: exit code 2, the user's line, none of Solvent's."""
    (shop / "broken_flow.py").write_text(f"x = 1\n{text}\n")
    code, _, err = solvent("run", "broken_flow:flow")
    assert code == 2
    assert line in err and "faces" not in err and "importlib" not in err


PARSING = """import json
import solvent as sv
@sv.step
def a(*, text: str = '{') -> dict:
    return json.loads(text)
@sv.pipeline
def flow() -> dict:
    return a()
"""


def test_the_debugger_opens_in_the_users_frame(shop):
    """--pdb stands in the user's own function, also where a library raised; the exit code is still 1."""
    (shop / "parsing.py").write_text(PARSING)
    words = [sys.executable, "-m", "solvent", "run", "parsing:flow", "--pdb"]
    done = subprocess.run(words, input="p 'text is ' + text\nq\n", capture_output=True, text=True, cwd=shop)
    assert done.returncode == 1
    assert "'text is {'" in done.stdout and "parsing.py(5)a()" in done.stdout


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
        *(
            ("log", "--json"),
            ("log", "numbers", "--json"),
            ("runs", "--json"),
            ("lineage", "inputs/start", "--down", "--json"),
        ),
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


@pytest.mark.parametrize(
    "words", [("runs",), ("data", "list"), ("data", "consumers", "x"), ("data", "profile", "x.csv")]
)
def test_a_limit_below_one_is_refused(solvent, shop, words):
    """Nothing is not what anybody asks for."""
    command = [sys.executable, "-m", "solvent", *words, "-n", "0"]
    done = subprocess.run(command, cwd=shop, capture_output=True, text=True)
    assert done.returncode == 2 and "0 is not in the range x>=1" in done.stderr


def test_debug_runs_what_comes_through_a_pipe(solvent, shop):
    """As a script: its exit code tells, and its traceback has the user's own lines only."""
    solvent("run", "flow.yaml", "-q")
    command = [sys.executable, "-m", "solvent", "debug", "total"]

    def piped(script):
        return subprocess.run(command, cwd=shop, input=script, capture_output=True, text=True)

    done = piped("for n in rows[:2]:\n    print('row', n)\nprint(again(rows=[1]))\n")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.splitlines()[:2] == ["row 4", "row 5"]
    assert done.stdout.splitlines()[-1] == "2"
    done = piped("again(fail=True)")
    assert done.returncode == 1 and 'File "<stdin>", line 1' in done.stderr and "in total" in done.stderr
    assert "debugging.py" not in done.stderr and "steps.py" not in done.stderr


def test_doctor_says_what_is_wrong_with_the_catalog_among_the_rest(solvent, shop):
    """A catalog of a newer Solvent is one line of many: what can be looked at is."""
    import apsw

    solvent("run", "flow.yaml", "-q")
    base = apsw.Connection(str(shop / ".solvent" / "catalog.db"))
    base.execute("PRAGMA user_version = 99")
    base.close()
    done = subprocess.run([sys.executable, "-m", "solvent", "doctor"], cwd=shop, capture_output=True, text=True)
    assert done.returncode == 1 and "Python: 3" in done.stdout
    assert "catalog: the catalog" in done.stdout and "version 99" in done.stdout and done.stderr == ""


def test_what_a_reused_step_wrote_is_shown_below_its_name(solvent):
    """The log of a run has what its steps wrote where the work was done, and a mapped step has that of its items."""
    solvent("run", "flow.yaml", "-q")
    solvent("run", "flow.yaml", "-q")
    assert "numbers, reused from flow-1:\ncounting\nloudly\n" in solvent("log", "flow-2")[1]
    solvent("run", "flow.yaml", "-q", "--set", "steps.total.fail=true")
    assert "numbers, reused from flow-1:\ncounting" in solvent("log", "flow-3")[1]


def test_a_value_in_the_settings_is_shown_in_the_plan(solvent, shop):
    """Not its digest alone."""
    assert "from value: 4, digest" in solvent("plan", "flow.yaml")[1]


def test_a_damaged_catalog_is_one_message(solvent, shop):
    """A catalog that is no database is named, without a traceback, and the exit code is 1."""
    (shop / ".solvent").mkdir()
    (shop / ".solvent" / "catalog.db").write_bytes(b"no database " * 500)
    for words in (("runs",), ("show",), ("run", "flow.yaml")):
        code, _, err = solvent(*words)
        assert code == 1 and "catalog.db" in err and len(err.splitlines()) == 1


def test_a_failed_item_can_be_tried_again(solvent, shop):
    """`debug` stands ready with one item of a mapped step."""
    from solvent.engine.project import find_project
    from solvent.faces.cli.doing.debugging import scene

    solvent("run", "each.yaml", "-q")
    steps = json.loads(solvent("show", "--json")[1])["steps"]
    items = next(step["items"] for step in steps if step["name"] == "check")
    (failed,) = (item["name"] for item in items.values() if item["status"] == "failed")
    names = scene(find_project(shop), failed)
    assert names["row"] == 6 and names["again"](row=5) == 5
    with pytest.raises(ValueError, match="six"):
        names["again"]()


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


def test_an_input_that_cannot_be_read_is_told_without_lines_that_nobody_wrote(solvent, shop):
    """As it fails, and at the end, with its line in the settings; no traceback of Python's own or of ours."""
    (shop / "bad.csv").write_text("a,b\n1,2\n3\n")
    (shop / "reading.py").write_text(
        "import polars as pl\nimport solvent as sv\n\n@sv.step\ndef count(rows: pl.DataFrame) -> int:\n"
        "    return rows.height\n\n@sv.pipeline\ndef flow(rows: pl.DataFrame) -> int:\n    return count(rows)\n"
    )
    (shop / "bad.yaml").write_text("pipeline: reading:flow\ninputs: {rows: {files: bad.csv}}\n")
    code, out, err = solvent("run", "bad.yaml")
    assert code == 1 and "File " not in err and "bad.yaml:2: input 'rows': bad.csv cannot be read as csv: line 3" in err
    assert len(err.splitlines()) == 2 and "failed    inputs/rows" in out
