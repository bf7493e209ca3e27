"""``%solvent``: runs and results asked for in the notebook."""

from __future__ import annotations

import pytest

import solvent as sv


def begun(session):
    """A notebook with data, a step, and a decorated step that takes a setting."""
    session.run(
        "import polars as pl, solvent as sv\nraw = pl.DataFrame({'delay_minutes': [1, 2, 3]})",
        "%%step clean -> frame\nframe = raw.filter(pl.col('delay_minutes') > 1)",
        "@sv.step\ndef top(rows: pl.DataFrame, *, count: int = 1) -> pl.DataFrame:\n    return rows.head(count)",
        "first = top(frame)",
    )


def test_runs_and_show(session):
    """Runs, a run, a step, a cell and a result are shown, each by what names it."""
    begun(session)
    assert [row[0] for row in session.run("%solvent runs")] == ["notebook-1"]
    assert type(session.run("%solvent show")).__name__ == "Run"
    assert session.run("%solvent show notebook").id == "notebook-1"
    assert session.run("%solvent show clean").name == "clean"
    assert session.run("%solvent show notebook/cell-1").kind == "cell"
    shown = session.run("%solvent show clean.frame")
    assert shown.profile.rows == 2 and shown.first[0] == {"delay_minutes": 2}
    digest = session.steps["clean"].outputs["frame"]
    assert session.run(f"%solvent show #{digest[:12]}").profile.rows == 2


def test_find(session):
    """By the name of a step or a variable, by a column, by a piece of code; from Python too."""
    begun(session)
    session.run("%solvent runs")
    for text, by in (("clean", "name"), ("FRAME", "name"), ("delay_min", "column"), ("> 1)", "code"), ("100%", None)):
        found = session.run(f"%solvent find {text}")
        kinds = {row[1] for row in found}
        assert (by in kinds) if by else not kinds
    found = sv.open().find("first")
    assert found[0].reference == "notebook-1/cell-3.first"
    assert sv.load(found[0].reference).height == 1


def test_diff(session):
    """Two tables, or the steps of two runs."""
    begun(session)
    found = session.run("%solvent diff notebook/cell-1.raw clean.frame")
    assert (found.rows["before"], found.rows["after"]) == (3, 2)
    session.run("%unload_ext solvent", "%load_ext solvent", "raw = raw.head(2)")
    rows = list(session.run("%solvent diff notebook-1 notebook-2"))
    assert rows[0][0] == "cell-1" and "raw" in rows[0][1]


def test_lineage_down(session):
    """What a result led to."""
    begun(session)
    found = session.run("%solvent lineage notebook/cell-1.raw --down")
    assert "clean" in {place.name for place in found.places.values()}


def test_config_gives_settings_to_steps(session, tmp_path):
    """From the file on, a step takes its settings from there; without a file, from code again."""
    begun(session)
    (tmp_path / "flights.yaml").write_text("steps:\n  top:\n    count: 2\n")
    session.run("%solvent config flights.yaml", "second = top(raw)")
    assert session.run("second.height") == 2
    session.run("%solvent config", "third = top(raw)")
    assert session.run("third.height") == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("rums", "Did you mean 'runs'"),
        ("show nope", "nope"),
        ("show 'a", "quot"),
        ("why", "takes the name"),
        ("diff a", "takes two"),
        ("lineage", "one reference"),
        ("find", "text"),
        ("config nowhere.yaml", "nowhere.yaml"),
        ("show clean.nothing", "nothing"),
        ("diff clean.frame notebook/cell-3.n", "no"),
    ],
)
def test_mistakes_are_said_in_a_line(session, line, said):
    """What is wrong with a command is told without a traceback."""
    from IPython.core.error import UsageError

    begun(session)
    error = session.fails(f"%solvent {line}")
    assert type(error) is UsageError
    assert said in str(error)


def test_help(session, capsys):
    """Without a word it says what there is."""
    session.run("%solvent")
    assert "%solvent lineage" in capsys.readouterr().out
