"""``solvent data diff``: files and tables of a project, with exit codes that scripts can rely on."""

from __future__ import annotations

import json
import subprocess
import sys

import polars as pl
import pytest

import solvent as sv

ROWS = pl.DataFrame({"id": [1, 2, 3], "x": [1.0, 2.0, 3.0]})


@sv.step
def make(*, factor: float = 1.0) -> pl.DataFrame:
    """Rows."""
    return ROWS.with_columns(pl.col("x") * factor)


@sv.pipeline
def making() -> pl.DataFrame:
    """One table."""
    return make()


def call(folder, *words: str) -> tuple[int, str]:
    """The exit code, and what is printed."""
    command = [sys.executable, "-m", "solvent", "data", "diff", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def files(tmp_path):
    """A folder with two files."""
    ROWS.write_parquet(tmp_path / "one.parquet")
    ROWS.with_columns(x=pl.Series([1.0, 2.5, 3.0])).write_csv(tmp_path / "two.csv")
    return tmp_path


def test_files_need_no_project(files):
    """Exit 0 for the same, 1 for a difference, 2 for wrong use; nothing is made."""
    assert call(files, "one.parquet", "one.parquet")[0] == 0
    code, text = call(files, "one.parquet", "two.csv", "--key", "id")
    assert code == 1 and "x: 1" in text and "2.0 → 2.5" in text
    code, text = call(files, "one.parquet", "two.csv", "--key", "idd")
    assert code == 2 and "Did you mean 'id'" in text
    assert sorted(one.name for one in files.iterdir()) == ["one.parquet", "two.csv"]


def test_json_is_the_difference(files):
    """What a script reads."""
    code, text = call(files, "one.parquet", "two.csv", "--key", "id", "--json")
    found = json.loads(text)["difference"]
    assert code == 1 and found["rows"]["changed"] == 1 and found["changed"] == {"x": 1}


def test_tables_of_a_project_are_compared_by_reference(project):
    """Two runs of one step; a file beside a table."""
    sv.run(making, project=project)
    sv.run(making, config={"steps": {"make": {"factor": 2.0}}}, project=project)
    code, text = call(project.root, "making-1/make", "making-2/make", "--key", "id")
    assert code == 1 and "3 changed" in text and "figures that changed" in text
    ROWS.write_parquet(project.root / "rows.parquet")
    assert call(project.root, "making-1/make", "rows.parquet")[0] == 0


def test_wrong_use_exits_with_two(files):
    """A tolerance without a key, a key that is none, a file that is not there: each in a line."""
    for words, says in [
        (("--tolerance", "0.1"), "a tolerance needs a key"),
        (("--key", "word"), "is no key: in before"),
        (("--key", "id", "--examples", "-1"), "0 or more"),
    ]:
        ROWS.with_columns(word=pl.lit("x")).write_parquet(files / "word.parquet")
        code, text = call(files, "word.parquet", "word.parquet", *words)
        assert code == 2 and says in text and "Traceback" not in text
    code, text = call(files, "one.parquet", "none.parquet")
    assert code == 2 and "none.parquet" in text


def test_names_and_values_cannot_write_to_the_terminal(files):
    """Control signs of columns and cells are shown, not obeyed."""
    bad = pl.DataFrame({"id": [1], "\x1b[2Jname": ["\x1b]0;title\x07"]})
    bad.write_parquet(files / "bad.parquet")
    bad.with_columns(pl.lit("=1+1").alias("\x1b[2Jname")).write_parquet(files / "worse.parquet")
    code, text = call(files, "bad.parquet", "worse.parquet", "--key", "id", "--examples", "1")
    assert code == 1 and "\x1b" not in text and "\\x1b[2Jname: 1" in text


@pytest.mark.slow
def test_the_page_shows_what_was_found_and_both_sides_of_each_changed_column(files):
    """One file that loads nothing: the text of the difference, and a picture for each column that changed."""
    assert call(files, "one.parquet", "two.csv", "--key", "id", "--html", "page.html") == (1, "page.html: different\n")
    page = (files / "page.html").read_text()
    assert "default-src 'none'; img-src data:" in page
    assert page.count("data:image/svg+xml;base64,") == 1 and "<h3>x</h3>" in page and "1 cells changed" in page
    assert "3 rows before, 3 after\n" in page and "\\x0a" not in page and "<script" not in page
    code, out = call(files, "one.parquet", "one.parquet", "--html", "no/such/page.html")
    assert code == 2 and "--html: no/such/page.html: No such file or directory" in out
