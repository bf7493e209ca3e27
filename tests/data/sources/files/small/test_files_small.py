"""Many small files: what is told of each, and the rows that are read, are those of each file looked at by itself."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import polars as pl
import pytest

from solvent.data.sources import open_source
from solvent.data.sources.files.options import Options
from solvent.data.sources.files.small.surveying import survey_small
from solvent.data.sources.files.surveying import survey_file
from solvent.errors import InputError

_CELLS = [
    "", "1", "-7", "0", "007", "+4", "1.5", "1e400", "-0", "nan", "9007199254740993", "12345678901234567890",
    "9" * 39, "true", "FALSE", "x", "2024-01-02", "2024-01-02 03:04", "2024-01-02T03:04:05Z", "NA", "Ü", " 1", "1 ",
]  # fmt: skip
_VALUES = [
    "1", "-7", "-0", "1.5", "1e3", "1e400", "9007199254740993", "12345678901234567890123", "true", "null", '"x"',
    '"2024-01-02"', '"2024-01-02T03:04"', '"\\u00dc"', '"Ü"', '""', "[]", "[1, 2]", '["a", null]', "[1, 1.5]", "{}",
    '{"x": 1}', '{"x": null, "y": "z"}', '{"x": {"z": [1]}}', '[{"q": 1}, {"r": "2"}]', '{"x": 1, "x": 2}',
]  # fmt: skip


def _csv(dice):
    """A CSV file of some rows: mostly columns of one kind, at times with something that has to be looked at."""
    names = ["id", "day", "n"] if dice.random() < 0.8 else ["n", "id"]
    pools = {name: dice.sample(_CELLS, dice.choice([1, 1, 2, 3])) for name in names}
    lines = [",".join(names)]
    lines += [",".join(dice.choice(pools[name]) for name in names) for _ in range(dice.randrange(4))]
    end = dice.choice(["\n", "\n", "\r\n"])
    text = end.join(lines) + (end if dice.random() < 0.8 else "")
    odd = dice.random()
    if odd < 0.05:
        text = text.replace(lines[-1], f'"{lines[-1]}')
    elif odd < 0.1:
        text += end
    elif odd < 0.15:
        text += "1,2,3,4\n"
    elif odd < 0.2:
        text += "1\n"
    return text.encode("utf-8" if dice.random() < 0.97 else "latin-1")


def _json(dice):
    """A JSON file: one object, several, a list, or a list inside of an object."""
    keys = ["id", "v", "w"]
    pools = {key: dice.sample(_VALUES, dice.choice([1, 1, 2])) for key in keys}

    def row():
        have = [key for key in keys if dice.random() < 0.9]
        return "{" + ", ".join(f'"{key}": {dice.choice(pools[key])}' for key in have) + "}"

    rows = [row() for _ in range(dice.choice([1, 1, 2, 5]))]
    form = dice.randrange(4)
    text = "\n".join(rows) if form == 0 else f"[{','.join(rows)}]" if form == 1 else f'{{"items": [{",".join(rows)}]}}'
    return (rows[0] if form == 3 else text).encode()


def _alone(path, options):
    try:
        return survey_file(path, path.name, options)
    except InputError as error:
        return str(error)


def _told(part):
    return {name: value for name, value in part.to_json().items() if name != "version"}


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"types": {"id": "text"}},
        {"header": False},
        {"null": ["NA"]},
        {"delimiter": ";"},
        {"quote": ""},
        {"types": {"id": "float64"}},
    ],
)
@pytest.mark.parametrize("kind", ["csv", "json"])
def test_each_file_is_told_as_if_it_were_the_only_one(kind, said, tmp_path):
    """Hundreds of files of all sorts: types, findings, looks, rows and layout, together and one by one."""
    dice = random.Random(f"{kind} {said}")
    for number in range(250):
        (tmp_path / f"f{number:03}.{kind}").write_bytes((_csv if kind == "csv" else _json)(dice))
    options = Options(**said)
    found = open_source("*", tmp_path)._finder.find()
    together = survey_small(found, options)
    for one in found:
        if one.label in together:
            assert _told(together[one.label]) == _told(_alone(one.open(), options)), one.label
    least = {"csv": 60, "json": 30}[kind]
    assert len(together) >= least or said.get("types") == {"id": "float64"}  # where one misfit makes all be looked at


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json"])
def test_the_rows_are_those_that_each_file_gives(kind, tmp_path):
    """Read as one frame, in the order of files, with any columns, with what folders say, and pinned types."""
    for number in range(60):
        folder = tmp_path / f"day={number % 7}"
        folder.mkdir(exist_ok=True)
        rows = [{"id": number, "x": number / 4, "t": f"n{row}"} for row in range(number % 4)]
        if number % 9 == 0:
            rows = [{**row, "more": True} for row in rows]
        frame = pl.DataFrame(rows) if rows else pl.DataFrame({"id": [], "x": [], "t": []})
        path = folder / f"f{number:02}.{kind}"
        if kind == "csv":
            frame.write_csv(path)
        elif kind == "jsonl":
            frame.write_ndjson(path)
        else:
            path.write_text(json.dumps(rows))
    source = open_source({"files": "day=*/*", "types": {"x": "decimal(10,2)"}}, tmp_path)
    survey = source.survey()
    whole = source.frame(survey).collect()
    parts = [source.frame(survey, [part.label]).collect() for part in survey.parts]
    assert whole.height == sum(number % 4 for number in range(60))
    assert whole.equals(pl.concat(parts))
    assert dict(whole.schema) == survey.dtypes()
    for some in (["day"], ["t", "id"], ["more", "day"]):
        assert source.frame(survey).select(some).collect().equals(whole.select(some))
    assert source.frame(survey).select(pl.len()).collect().item() == whole.height


def test_a_value_that_does_not_fit_is_named_by_its_own_file_and_line(tmp_path):
    """Among alike ones: in the survey for a pinned type, while reading for one that other files have."""
    for number in range(40):
        (tmp_path / f"f{number:02}.csv").write_text(f"id,v\n{number},1\n{number},{'x' if number == 17 else 2}\n")
    with pytest.raises(InputError, match=r"f17\.csv cannot be read as csv: line 3, column 'v': 'x' is no Int64"):
        open_source({"files": "*.csv", "types": {"v": "int64"}}, tmp_path).survey()
    frozen = open_source({"files": "*.csv", "schema": "freeze"}, tmp_path)
    with pytest.raises(Exception, match=r"f17\.csv cannot be read as csv: line 3, column 'v': 'x' is no Int64"):
        frozen.frame(frozen.survey()).collect()


def test_a_file_that_changes_after_the_survey_is_not_read(tmp_path):
    """Nor is one that is gone: nothing of what was told would be true of its rows."""
    for number in range(80):
        (tmp_path / f"f{number:02}.csv").write_text(f"id\n{number}\n")
    source = open_source("*.csv", tmp_path)
    survey = source.survey()
    frame = source.frame(survey)
    (tmp_path / "f20.csv").write_text("id\n99\n")
    with pytest.raises(Exception, match=r"f20\.csv changed while it was read"):
        frame.collect()
    (tmp_path / "f20.csv").unlink()
    with pytest.raises(InputError, match=r"f20\.csv went away"):
        source.frame(survey)
    with pytest.raises(InputError, match=r"f20\.csv is gone"):
        source.check(survey)


def test_a_file_that_cannot_be_read_is_named_among_many(tmp_path):
    """One that is cut off, in Latin-1, or full of zero bytes does not hide behind the others."""
    for number in range(40):
        (tmp_path / f"f{number:02}.csv").write_text(f"id,t\n{number},a\n")
    for wrong, said in (
        (b"id,t\n1,\xfc\n", r"f30\.csv line 2: invalid utf-8"),
        (b"id,t\n1\n", r"f30\.csv cannot be read as csv: line 2: found fewer fields"),
        (b"", r"f30\.csv is empty"),
        (b"id,id\n1,2\n", r"f30\.csv: its header names more than one column 'id'"),
    ):
        (tmp_path / "f30.csv").write_bytes(wrong)
        with pytest.raises(InputError, match=said):
            open_source("*.csv", tmp_path).survey()


@pytest.mark.slow
def test_twenty_thousand_files_of_one_row_are_read_in_less_queries_than_files(tmp_path):
    """A glob over very many files: counted are the calls of Polars' reader, in a process of its own."""
    for number in range(20_000):
        (tmp_path / f"f{number:05}.csv").write_text(f"id,day,v\n{number},2024-01-02,{number}.5\n")
    script = """
import sys
import polars as pl
from pathlib import Path
from solvent.data.sources import open_source
calls, reader = [], pl.read_csv
pl.read_csv = lambda *words, **more: calls.append(1) or reader(*words, **more)
source = open_source("*.csv", Path(sys.argv[1]))
survey = source.survey()
frame = source.frame(survey).collect()
print(frame.height, frame["id"].sum(), len(survey.parts), len(calls))
"""
    found = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert found[:3] == ["20000", str(sum(range(20_000))), "20000"]
    assert int(found[3]) < 100
