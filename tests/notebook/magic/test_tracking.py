"""``%load_ext solvent``: what cells read, made and altered is recorded, and no cell is ever the worse for it."""

from __future__ import annotations

import base64
import io

import pytest

import solvent as sv


def test_each_cell_is_a_step_run_with_its_code_and_values(session):
    """Order, code, what it read and what it made are there without being asked for, and can be loaded."""
    session.run("import polars as pl", "raw = pl.DataFrame({'a': [1, 2, 3]})\nk = 2", "few = raw.head(k)\nfew.height")
    steps = session.steps
    assert [name for name in steps if name.startswith("cell")] == ["cell-1", "cell-2", "cell-3"]
    assert set(steps["cell-2"].outputs) == {"raw", "k"}
    assert steps["cell-3"].inputs == {"raw": steps["cell-2"].outputs["raw"], "k": steps["cell-2"].outputs["k"]}
    assert steps["cell-3"].source.startswith("few = raw.head(k)")
    assert sv.load("notebook/cell-3.few").height == 2
    assert sv.load("notebook/cell-3._") == 2


def test_lineage_goes_through_cells(session):
    """What led to a variable is found across the cells that made it."""
    session.run("a = [1]", "b = a + [2]", "#| label: last\nc = b + [3]")
    found = sv.open().lineage("notebook/last.c")
    assert {place.name for place in found.places.values()} == {"cell-1", "cell-2", "last"}


@pytest.mark.parametrize(
    "alter",
    ["rows.append(4)", "f(rows)", "rows[0] = 7", "exec('rows = [9]')", "globals()['rows'] = [5]", "rows += [3]"],
)
def test_an_object_altered_in_place_is_a_new_result(session, alter):
    """Whether syntax tells it or not: by a method, a function, an item, or behind the back of syntax."""
    session.run("rows = [1, 2]\ndef f(x):\n    x.append(3)", alter)
    steps = session.steps
    assert steps["cell-2"].outputs["rows"] != steps["cell-1"].outputs["rows"]
    assert sv.load("notebook/cell-2.rows") == session.shell.user_ns["rows"]


def test_what_is_altered_later_was_kept_as_it_was(session):
    """Arrays and pandas frames are written after the next cell may have altered them; what is kept is the old state."""
    pd, np = pytest.importorskip("pandas"), pytest.importorskip("numpy")
    session.run(
        "import pandas as pd, numpy as np\nx = np.zeros(4)\nd = pd.DataFrame({'a': [1, 2]})\nn = {'deep': [x]}",
        "x[:] = 1\nd.loc[0, 'a'] = 9",
    )
    assert np.array_equal(sv.load("notebook/cell-1.x"), [0, 0, 0, 0])
    assert np.array_equal(sv.load("notebook/cell-2.x"), [1, 1, 1, 1])
    assert np.array_equal(sv.load("notebook/cell-1.n")["deep"][0], [0, 0, 0, 0])
    assert list(sv.load("notebook/cell-1.d", pd.DataFrame).a) == [1, 2]
    assert list(sv.load("notebook/cell-2.d", pd.DataFrame).a) == [9, 2]


def test_functions_read_what_they_read(session):
    """A cell that calls a function of the notebook depends on the globals of that function."""
    session.run("k = 3", "def f(x):\n    return x + k", "y = f(1)")
    assert set(session.steps["cell-3"].inputs) == {"k"}


def test_a_cell_that_raises_or_is_interrupted_is_recorded_as_such(session):
    """The error is the user's own, the record says what became of the cell, and the next one goes on."""
    assert isinstance(session.fails("a = 1\n1 / 0"), ZeroDivisionError)
    assert isinstance(session.fails("raise KeyboardInterrupt"), KeyboardInterrupt)
    session.fails("a b c")
    session.run("b = a")
    steps = session.steps
    assert [steps[f"cell-{n}"].status for n in (1, 2, 3, 4)] == ["failed", "cancelled", "failed", "ran"]
    assert steps["cell-1"].error["type"] == "ZeroDivisionError"
    assert set(steps["cell-1"].outputs) == {"a"}


HOSTILE = """
class Hostile:
    def __getattribute__(self, name):
        raise SystemExit(name)
    __repr__ = __eq__ = __hash__ = __len__ = __iter__ = __bool__ = __call__ = None
class Shy:
    def __reduce__(self):
        raise RuntimeError
    def __repr__(self):
        raise RuntimeError
    def __eq__(self, other):
        raise RuntimeError
    def __deepcopy__(self, memo):
        raise RuntimeError
hostile, shy = Hostile(), Shy()
"""


def test_hostile_objects_break_nothing(session):
    """Objects whose every method raises are said not to be compared; the cell and those after it are none the worse."""
    session.run(HOSTILE, "pair = [hostile, shy]\nz = 1", "pair2 = pair * 2\nw = z")
    steps = session.steps
    assert steps["cell-3"].outputs.keys() >= {"w"}
    assert {"hostile", "shy"} <= {note.partition(":")[0] for note in steps["cell-1"].notes["not_compared"]}


def test_what_cannot_be_kept_is_said(session):
    """Generators, files and values too large for the time have a reason in the record, and no digest."""
    session.run("g = (i for i in 'ab')\nf = open('/dev/null')\nok = 1")
    step = session.steps["cell-1"]
    assert set(step.outputs) == {"ok"}
    assert sorted(note.partition(":")[0] for note in step.notes["not_compared"]) == ["f", "g"]
    assert session.run("list(g)") == ["a", "b"]  # looking did not use it up
    session.run("f.close()")


def test_secrets_are_not_kept(session):
    """Text under the name of a secret is neither kept nor shown in the code of its cell."""
    session.run("api_key = 'hunter-22'\ntokens = ['a']", "MY_PASSWORD = 'hunter-22' + api_key")
    first, second = session.steps["cell-1"], session.steps["cell-2"]
    assert set(first.outputs) == {"tokens"} and not second.outputs
    assert "hunter" not in first.source and "***" in first.source
    assert first.notes["not_compared"] == ["api_key: its name says that it is a secret"]


def test_the_time_for_a_cell_is_limited(session, monkeypatch):
    """Beyond its budget nothing more is looked at: it is stamped as not compared, and said so."""
    monkeypatch.setattr("solvent.notebook.magic.tracking.BUDGET", 0.0)
    session.run("big = [0] * 100\nsmall = 1")
    step = session.steps["cell-1"]
    assert set(step.outputs) == {"small"}
    assert step.notes["not_compared"] == ["big: the time for this cell was used up"]


def test_pictures_are_kept(session):
    """What a cell displays as a picture belongs to its results."""
    dot = base64.b64encode(
        base64.b64decode(
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
        )
    )
    session.run(f"from IPython.display import display\ndisplay({{'image/png': {dot.decode()!r}}}, raw=True)")
    assert sv.load("#" + session.steps["cell-1"].outputs["picture-1"]).kind == "png"


def test_deleting_star_imports_and_await(session):
    """``del``, names from ``import *`` and top-level await are followed as they happen."""
    session.run(
        "a = 1", "del a", "from string import *", "import asyncio\nasync def f():\n    return 5", "b = await f()"
    )
    steps = session.steps
    assert steps["cell-2"].notes["deleted"] == ["a"]
    assert "digits" in steps["cell-3"].outputs
    assert sv.load("notebook/cell-5.b") == 5


def test_loading_twice_and_unloading(session):
    """A second %load_ext changes nothing, %unload_ext ends the run, and loading again begins a new one."""
    session.run("%load_ext solvent", "a = 1")
    assert list(session.steps) == ["cell-1"]
    session.run("%unload_ext solvent", "b = 2")
    assert [(run.id, run.status) for run in sv.open().runs()] == [("notebook-1", "succeeded")]
    session.run("%load_ext solvent", "c = 3")
    assert list(session.steps) == ["cell-1"]
    assert set(session.steps["cell-1"].outputs) == {"c"}


def test_the_run_is_named_after_the_notebook(session, monkeypatch):
    """The front end says which notebook it is; the name is found again whatever the notebook is called."""
    session.run("%unload_ext solvent")
    monkeypatch.setenv("JPY_SESSION_NAME", "/somewhere/My analysis (3).ipynb")
    session.run("%load_ext solvent", "a = 1")
    assert sv.open().run().id == "My-analysis-3-2"
    assert sv.load("My-analysis-3/cell-1.a") == sv.load("notebook/cell-1.a") == 1


def test_a_project_that_cannot_be_written_is_said_once(tmp_path, session, monkeypatch):
    """Where nothing can be recorded the notebook works on, and one line says so."""
    session.run("%unload_ext solvent")
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / ".solvent").write_text("a file where the archive would be")
    (blocked / "solvent.toml").touch()
    monkeypatch.chdir(blocked)
    said = io.StringIO()
    monkeypatch.setattr("sys.stderr", said)
    session.run("%load_ext solvent", "a = 1", "%%step\nb = a + 1", "c = b")
    assert session.shell.user_ns["c"] == 2
    assert said.getvalue().count("not tracked") == 1
