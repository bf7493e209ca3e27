"""`solvent data check` holds any file to a contract without a project, and writes one to begin with."""

from __future__ import annotations

import json
import os
import sys

import polars as pl
import pytest

from solvent.faces.cli import main

CSV = "id,zip,amount,day\n1,01234,5.5,2024-01-01\n2,99999,x,2024-01-02\n2,12,7,2024-01-03\n"
CONTRACT = r"""
key: {is: id, severity: warn}
freshness: {column: day, within: 2 days}
columns:
  id: {type: int64}
  zip: {type: text, pattern: '\d{5}'}
  amount: {type: float64, max: 6}
  day: {type: date}
"""


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    """Call `solvent data check` in a folder with a file and a contract; gives exit code, output and complaints."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.csv").write_text(CSV)
    (tmp_path / "shop.yaml").write_text(CONTRACT)

    def called(*words):
        monkeypatch.setattr(sys, "argv", ["solvent", "data", "check", *words])
        code = 0
        try:
            main()
        except SystemExit as error:
            code = int(error.code or 0)
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return called


def test_a_broken_contract_exits_1_and_names_the_rows(call):
    """Rows and keys of what is broken; a CSV is read as the contract types it, leading zeros and dates included."""
    code, out, _ = call("shop.csv", "--contract", "shop.yaml", "--now", "2024-01-04")
    assert code == 1
    assert "row 2 (id=2): '12'" in out and "row 1 (id=2): 'x'" in out
    assert "warn       key" in out and "3 failed" not in out and "2 failed" in out
    assert "columns.day" not in out and "freshness" not in out
    assert sorted(os.listdir()) == ["shop.csv", "shop.yaml"]


def test_the_moment_is_stated(call):
    """--now says what freshness is measured against, and JSON tells it."""
    code, out, _ = call("shop.csv", "--contract", "shop.yaml", "--now", "2024-02-01T00:00Z", "--json", "-n", "1")
    told = json.loads(out)
    assert code == 1 and told["now"] == "2024-02-01T00:00:00+00:00" and not told["ok"] and told["rows"] == 3
    broken = {one["path"]: one for one in told["findings"] if one["status"] == "violated"}
    assert set(broken) == {"key", "freshness", "columns.zip.pattern", "columns.amount.type"}
    assert broken["key"]["severity"] == "warn"
    assert call("shop.csv", "--contract", "shop.yaml", "--now", "soon")[0] == 2


def test_an_inferred_contract_is_kept_by_what_it_came_from(call, tmp_path):
    """--infer writes YAML with comments, refuses to overwrite without --force, and the file keeps it: exit 0."""
    code, out, _ = call("shop.csv", "--infer", "new/made.yaml")
    assert code == 0 and "4 columns" in out
    text = (tmp_path / "new" / "made.yaml").read_text(encoding="utf-8")
    assert "# seen 1 … 2 in 3 rows of shop.csv" in text and str(tmp_path) not in text
    code, out, _ = call("shop.csv", "--contract", "new/made.yaml", "--all")
    assert code == 0 and "contract kept" in out and "✓" in out
    code, _, err = call("shop.csv", "--infer", "new/made.yaml")
    assert code == 2 and "--force" in err
    assert call("shop.csv", "--infer", "new/made.yaml", "--force")[0] == 0
    assert call("shop.csv", "--infer", "made.txt")[0] == 2


def test_typed_files_and_patterns_are_checked_as_they_are(call, tmp_path):
    """Parquet has types of its own; a pattern is one table."""
    rows = pl.DataFrame({"id": [1, 2], "zip": [1234, 12345], "amount": [1.0, 2.0], "day": ["2024-01-01"] * 2})
    for one in (1, 2):
        rows.with_columns(pl.col("id") + 2 * one).write_parquet(tmp_path / f"part-{one}.parquet")
    code, out, _ = call("part-*.parquet", "--contract", "shop.yaml", "--now", "2024-01-02", "--json")
    told = json.loads(out)
    assert code == 1 and told["rows"] == 4
    paths = {one["path"] for one in told["findings"] if one["status"] == "violated"}
    assert paths == {"columns.zip.type", "columns.day.type", "freshness"}


def test_the_same_messages_in_another_encoding_keep_the_contract(call, tmp_path):
    """Text in Latin-1 is held to the contract that was inferred from UTF-8, once it is said what it is."""
    text = "label,text\n" + "".join(f"{'ham' if one % 4 else 'spam'},£{one} für dich\n" for one in range(100))
    (tmp_path / "spam8.csv").write_text(text, encoding="utf-8")
    (tmp_path / "spam1.csv").write_text(text, encoding="latin-1")
    assert call("spam8.csv", "--infer", "spam.yaml")[0] == 0
    code, _, err = call("spam1.csv", "--contract", "spam.yaml")
    assert code == 2 and "encoding: latin-1" in err
    assert call("spam1.csv", "--contract", "spam.yaml", "--open-options", "encoding=latin-1")[0] == 0
    code, out, _ = call("spam1.csv", "--contract", "spam.yaml", "--open-options", "encoding=cp437")
    assert code == 1 and "columns.text.pattern" in out
    assert call("spam1.csv", "--contract", "spam.yaml", "--open-options", "encoding")[0] == 2


def test_wrong_use_is_told_in_a_line(call):
    """Neither or both of the two uses, a contract with faults, a word that names nothing: exit 2."""
    assert call("shop.csv")[0] == 2
    assert call("shop.csv", "--contract", "shop.yaml", "--infer", "x.yaml")[0] == 2
    code, _, err = call("shop.csv", "--contract", "shp.yaml")
    assert code == 2 and "Did you mean 'shop.yaml'?" in err
    code, _, err = call("shop.csv", "--contract", "shop.csv")
    assert code == 2 and "end in" in err
    code, _, err = call("run/step", "--contract", "shop.yaml")
    assert code == 2 and "no table" in err


def test_hostile_text_does_not_reach_the_terminal(call, tmp_path):
    """Names and values with control signs are shown harmlessly."""
    pl.DataFrame({"\x1b[31mred": ["\x07bell"]}).write_parquet(tmp_path / "evil.parquet")
    (tmp_path / "c.yaml").write_text('columns: {"\\e[31mred": {values: [a]}}')
    code, out, _ = call("evil.parquet", "--contract", "c.yaml")
    assert code == 1 and "\x1b" not in out and "\x07" not in out
