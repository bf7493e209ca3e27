"""``%%step``: a cell with the key, the reuse and the record of a step."""

from __future__ import annotations

import traceback

import pytest

import solvent as sv

CLEAN = """%%step clean -> frame
frame = raw.filter(pl.col("a") > limit)
calls.append(1)"""


def begun(session):
    """Cells before a step: data, a limit, and a list that counts nothing, for it is data of the step as well."""
    session.run("import polars as pl\nraw = pl.DataFrame({'a': [1, 2, 3]})\nlimit = 1\ncalls = []")


def status(session):
    """What became of the last carrying-out of each step, in order."""
    return [(name, step.status) for name, step in session.steps.items() if not name.startswith("cell")]


def test_a_second_time_it_is_reused(session, capsys):
    """The same code and data give the same key: the cell does nothing, and its names have their values again."""
    begun(session)
    session.run(CLEAN, "del frame", CLEAN)
    assert status(session) == [("clean", "ran"), ("clean-2", "reused")]
    assert session.run("frame.height") == 2
    assert "reused clean from notebook-1: frame" in capsys.readouterr().out


def test_a_new_session_reuses_what_an_old_one_made(session):
    """The key holds nothing of the session."""
    begun(session)
    session.run(CLEAN, "%unload_ext solvent", "%load_ext solvent")
    session.run("raw = pl.DataFrame({'a': [1, 2, 3]})", CLEAN)
    assert status(session) == [("clean", "reused")]


@pytest.mark.parametrize(
    ("change", "kind", "name"),
    [("limit = 2", "input", "limit"), ("raw = raw.head(2)", "input", "raw")],
)
def test_why_names_the_data_that_changed(session, change, kind, name):
    """Free names are inputs; `why` compares with the carrying-out before, in the same session too."""
    begun(session)
    session.run(CLEAN, change, CLEAN)
    found = session.run("%solvent why clean")
    assert found.step == "clean-2"
    assert [(one.kind, one.name) for one in found.changes] == [(kind, name)]


def test_functions_of_the_notebook_are_part_of_the_fingerprint(session):
    """A function that the cell calls, and a constant that this reads, count; comments do not."""
    session.run("factor = 2", "def double(x):\n    return factor * x")
    cell = "%%step doubled -> y\ny = double(4)"
    session.run(cell, "def double(x):\n    # the same\n    return factor * x", cell)
    assert session.steps["doubled-2"].status == "reused"
    session.run("factor = 3", cell)
    assert session.steps["doubled-3"].status == "ran"
    assert [(one.kind, one.name) for one in session.run("%solvent why doubled").changes] == [("value", "factor")]
    session.run("def double(x):\n    return x * x", cell)
    assert session.run("%solvent why doubled").changes[0].kind == "code"
    assert session.run("y") == 16


def test_without_an_arrow_it_gives_all_that_it_makes(session):
    """Names it binds and data that it alters; imports and definitions stay the notebook's own."""
    session.run("rows = [1]")
    session.run(
        "%%step\nimport math\ndef half(x):\n    return x / 2\nrows.append(2)\nfor i in range(3):\n    last = half(i)"
    )
    step = session.steps["last"]
    assert set(step.outputs) == {"rows", "i", "last"}
    assert session.run("rows, math.floor(half(5)), last") == ([1, 2], 2, 1.0)


def test_what_cannot_be_kept_is_made_again(session):
    """A file is nothing to keep: the cell gives it all the same, and is carried out again when it is needed."""
    cell = "%%step opened\nimport io\nf = io.StringIO('x')\nn = 1"
    session.run(cell, "del f", cell)
    assert session.run("f.read()") == "x"
    assert [state for _, state in status(session)] == ["ran", "reused", "ran"]


def test_no_reuse(session):
    """--no-reuse carries the cell out whatever is known of it."""
    session.run("%%step one -> a\na = 1", "%%step one -> a --no-reuse\na = 1", "%%step one --no-reuse -> a\na = 1")
    assert [state for _, state in status(session)] == ["ran", "ran", "ran"]


def test_lineage_goes_from_step_to_cell(session):
    """The step's data is known to come from the cell that made it, and what follows from the step."""
    begun(session)
    session.run(CLEAN, "small = frame.head(1)")
    found = sv.open().lineage("notebook/cell-2.small")
    assert {place.name for place in found.places.values()} >= {"cell-1", "clean", "cell-2"}


def test_the_traceback_is_the_users_own(session):
    """An error names the cell's own line, and no frame of Solvent's stands between."""
    error = session.fails("%%step bad -> y\nx = 1\ny = x / 0")
    assert isinstance(error, ZeroDivisionError)
    shown = "".join(traceback.format_tb(error.__traceback__)[-1:])
    assert "line 3" in shown and "y = x / 0" in shown
    assert session.steps["bad"].status == "failed"


def test_multi_line_texts_stay_as_they_are(session):
    """Making a function of the cell moves no text that goes over several lines."""
    session.run('%%step text -> a, b\na = """one\n  two\n"""\nb = f"""{a}\nend"""')
    assert session.run("a, b") == ("one\n  two\n", "one\n  two\n\nend")


def test_the_last_value_is_shown(session, capsys):
    """As in any cell, unless a semicolon says no; umlauts before it do no harm."""
    session.run("%%step -> ä\nä = 4; ä + 1")
    session.run("%%step -> b\nb = 4\nb + 1;")
    assert capsys.readouterr().out.split("\n")[:1] == ["5"]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%%step a b\nx = 1", "one name"),
        ("%%step 9\nx = 1", "cannot name a step"),
        ("%%step --fast\nx = 1", "knows no --fast"),
        ("%%step a -> \nx = 1", "names of variables"),
        ("%%step a -> x.y\nx = 1", "names of variables"),
        ("%%step a -> y\nx = 1", "did not make y"),
        ("%%step a 'b\nx = 1", "quot"),
        ("%%step a --reuse never\nx = 1", "reuse is"),
        ("%%step a\nawait f()", "cannot wait"),
        ("%%step a\nfrom os import *", "hides"),
        ("%%step a\nglobal x\nx = 1", "globals"),
        ("%%step a\n# nothing", "has none"),
    ],
)
def test_what_is_no_step_is_said_in_a_line(session, cell, said):
    """A wrong line, and code that cannot be a step, are told without a traceback, and bind nothing."""
    from IPython.core.error import UsageError

    error = session.fails(cell)
    assert type(error) is UsageError
    assert said in str(error)


def test_syntax_errors_are_pythons(session):
    """Code that is no Python fails as it would in any cell."""
    assert isinstance(session.fails("%%step a\nx = (1"), SyntaxError)
    assert isinstance(session.fails("%%step a\nreturn 3"), SyntaxError)


def test_steps_of_the_notebook_are_helpers_inside(session):
    """A decorated step that the cell calls is part of it, as in any step."""
    session.run(
        "import solvent as sv\n@sv.step\ndef add(x: int) -> int:\n    return x + 1",
        "%%step total -> t\nt = add(1) + add(2)",
    )
    assert session.run("t") == 5
    assert [name for name, _ in status(session)] == ["total"]


FRAMES = """%%step made -> one, many, deep
one = raw[raw.a > 1]
many = [raw, raw]
deep = {"by": {"x": (raw, 1)}}"""


@pytest.mark.parametrize("change", ["del one, many, deep", "%unload_ext solvent\n%load_ext solvent"])
def test_frames_come_back_as_the_kind_that_the_cell_made(session, change):
    """In containers too, when it ran and when it is reused, in this session or another; with their index."""
    pytest.importorskip("pandas")
    session.run("import pandas as pd\nraw = pd.DataFrame({'a': [1, 2, 3]}, index=[5, 6, 9])", FRAMES)
    kinds = "type(one), type(many[1]), type(deep['by']['x'][0]), list(one.index)"
    first = session.run(kinds)
    assert [getattr(kind, "__name__", kind) for kind in first] == ["DataFrame", "DataFrame", "DataFrame", [6, 9]]
    assert first[0].__module__.startswith("pandas")
    assert session.run(change, FRAMES, kinds) == first
    assert status(session)[-1][1] == "reused"


def test_the_kind_of_frame_that_a_cell_takes_is_part_of_its_key(session):
    """The same rows as another kind of frame are other data to the code, inside of containers too."""
    pytest.importorskip("pandas")
    session.run("import polars as pl\nraw = {'a': pl.DataFrame({'a': [1, 2, 3]})}")
    cell = "%%step kind -> kind, ours\nkind = type(raw['a']).__module__.partition('.')[0]\nours = raw['a']"
    assert session.run(cell, "kind, type(ours).__module__.partition('.')[0]") == ("polars", "polars")
    session.run("raw = {'a': raw['a'].to_pandas()}")
    assert session.run(cell, "kind, type(ours).__module__.partition('.')[0]") == ("pandas", "pandas")
    assert status(session) == [("kind", "ran"), ("kind-2", "ran")]


MIXED = "frame = pd.DataFrame({'a': [1, 'x']})\ntwice = pd.DataFrame([[1, 2]], columns=['a', 'a'])\nrows = 5"


def test_a_table_that_cannot_be_kept_is_left_out_like_any_other_value(session, capsys):
    """Columns of several types, and of one name: without an arrow the session has them, and the rest is reused."""
    pytest.importorskip("pandas")
    session.run("import pandas as pd", "%%step mixed\n" + MIXED)
    assert session.run("frame.shape, twice.shape, rows") == ((2, 1), (1, 2), 5)
    session.run("del frame, twice, rows", "%%step mixed\n" + MIXED)
    assert session.run("frame.shape, twice.shape, rows") == ((2, 1), (1, 2), 5)


def test_what_was_made_is_not_lost_with_an_error_of_keeping_it(session):
    """Behind an arrow it has to be kept, and the error says why it cannot; its value is there, as after any cell."""
    pytest.importorskip("pandas")
    session.run("import pandas as pd")
    error = session.fails("%%step mixed -> frame, rows\n" + MIXED)
    assert "column 'a' mixes types" in str(error)
    assert session.run("frame.shape, rows") == ((2, 1), 5)
