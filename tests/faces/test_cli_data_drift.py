"""``solvent data drift``: files and tables compared, with exit codes that scripts rely on."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest


@pytest.fixture
def files(shop):
    """Two files of one population, and one that moved."""
    dice = np.random.default_rng(1)
    for name, mean in (("a.csv", 0), ("b.parquet", 0), ("c.csv", 3)):
        frame = pl.DataFrame({"x": dice.normal(mean, 1, 400), "city": dice.choice(["Köln", "東京"], 400)})
        frame.write_csv(shop / name) if name.endswith("csv") else frame.write_parquet(shop / name)
    return shop


def test_the_exit_code_says_whether_a_column_drifted(solvent, files):
    """0 without drift, whatever the formats; 1 with it, the strongest effect first."""
    code, out, err = solvent("data", "drift", "a.csv", "b.parquet")
    assert (code, err) == (0, "") and "0 drifted" in out
    code, out, _ = solvent("data", "drift", "a.csv", "c.csv")
    assert code == 1 and "1 drifted" in out and out.splitlines()[4].split()[:2] == ["drift", "x"]
    assert solvent("data", "drift", "a.csv", "c.csv", "--columns", "c*")[0] == 0
    assert solvent("data", "drift", "a.csv", "c.csv", "--profiles")[0] == 1


def test_json_holds_the_whole_comparison(solvent, files):
    """Drifted columns, figures and lines, and the classifier's finding where it was asked for."""
    code, out, _ = solvent("data", "drift", "a.csv", "c.csv", "--json", "--two-sample", "--seed", "3")
    facts = json.loads(out)
    assert code == 1 and facts["drifted"] == ["x"] and facts["lines"]["psi"] == 0.2
    assert facts["two_sample"]["verdict"] == "drift" and facts["two_sample"]["seed"] == 3
    assert facts["columns"][0]["figures"]["ks"] > 0.8 and facts["rows"] == [400, 400]


def test_the_classifier_is_told_as_text(solvent, files):
    """AUC with its interval, and the column that it needed."""
    _, out, _ = solvent("data", "drift", "a.csv", "c.csv", "--two-sample")
    assert "told apart by a classifier: drift, AUC 0.9" in out and out.rstrip().splitlines()[-1].endswith(" x")


def test_what_is_not_there_is_said(solvent, files):
    """A file that is missing, a column that is not there, and a file that is none end with 2 and a message."""
    code, _, err = solvent("data", "drift", "a.csv", "d.csv")
    assert code == 2 and "d.csv" in err
    code, _, err = solvent("data", "drift", "a.csv", "c.csv", "--columns", "citty")
    assert code == 2 and "Did you mean 'city'" in err
    code, _, err = solvent("data", "drift", "a.csv", "nowhere/result")
    assert code == 2 and "no file or pattern" in err
    (files / "broken.parquet").write_bytes(b"PAR1 no parquet")
    code, _, err = solvent("data", "drift", "a.csv", "broken.parquet")
    assert code == 2 and "broken.parquet" in err and "Traceback" not in err


def test_tables_of_a_project_are_compared(solvent, shop):
    """A run's tables are named as everywhere; what is no table is refused."""
    (shop / "tables.py").write_text(
        "import polars as pl\nimport solvent as sv\n\n"
        "@sv.step\ndef made(start: int) -> pl.DataFrame:\n"
        "    return pl.DataFrame({'x': [float((row * 37) % 101) + start * 30 for row in range(500)]})\n\n"
        "@sv.pipeline\ndef flow(start: int) -> pl.DataFrame:\n    return made(start)\n"
    )
    for start in (1, 3):
        (shop / "tables.yaml").write_text(f"pipeline: tables:flow\ninputs: {{start: {{value: {start}}}}}\n")
        assert solvent("run", "tables.yaml", "-q")[0] == 0
    assert solvent("data", "drift", "flow-1/made", "flow-1/made")[0] == 0
    code, out, _ = solvent("data", "drift", "flow-1/made", "flow-2/made")
    assert code == 1 and "KS" in out
    assert solvent("run", "flow.yaml", "-q")[0] == 0
    code, _, err = solvent("data", "drift", "flow-1/made", "flow-3/total")
    assert code == 2 and "is no table" in err


def test_the_page_has_a_picture_of_every_column_the_drifted_first(solvent, files):
    """One file that loads nothing and runs nothing, in which no name or value is markup."""
    hostile = "<script>alert(1)</script>"
    for name in ("a.csv", "c.csv"):
        pl.read_csv(files / name).rename({"city": hostile}).write_csv(files / f"h{name}")
    code, out, _ = solvent("data", "drift", "ha.csv", "hc.csv", "--html", "page.html")
    assert (code, out) == (1, "page.html: 1 of 2 columns drifted\n")
    page = (files / "page.html").read_text()
    assert page.count("data:image/svg+xml;base64,") == 2 and "<script" not in page and "&lt;script&gt;" in page
    assert "drift: " in page and "1 drifted" in page
    assert solvent("data", "drift", "a.csv", "a.csv", "--html", "same.html")[0] == 0
    assert "a.csv (2)" in (files / "same.html").read_text()
