"""Bad input: each fault one clear error, or a recorded finding, by file, row and column; nothing is lost in silence."""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import re
from pathlib import Path

import polars as pl
import pytest

from solvent.data.sources import open_source
from solvent.errors import InputError


def _read(spec, folder) -> pl.DataFrame:
    return open_source(spec, folder).read(pl.DataFrame)


def test_a_parquet_file_that_is_cut_off(write_files, tmp_path):
    """At the end, in the middle, or damaged inside of a page: the file is named."""
    file = io.BytesIO()
    pl.DataFrame({"a": range(50_000)}).write_parquet(file, compression="zstd", statistics=False)
    data = file.getvalue()
    broken = data[:4] + b"\xff" * 60 + data[64:]
    for name, content in (("end", data[:-9]), ("half", data[: len(data) // 2]), ("page", broken), ("none", b"")):
        write_files(tmp_path, {"good.parquet": data, f"{name}.parquet": content})
        with pytest.raises(InputError, match=rf"{name}\.parquet cannot be read as parquet"):
            _read(["good.parquet", f"{name}.parquet"], tmp_path)


def test_a_packed_file_that_is_cut_off(write_files, tmp_path):
    """Rows before the cut are not taken for all."""
    body = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * 7919) for n in range(300_000)))
    write_files(tmp_path, {"a.csv.gz": body[: len(body) // 2], "b.jsonl.gz": gzip.compress(b'{"a":1}\n' * 9)[:-9]})
    for name in ("a.csv.gz", "b.jsonl.gz"):
        with pytest.raises(InputError, match=rf"{name} cannot be read: .*Is it whole\?"):
            _read(name, tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n3,4,5\n", "line 3: found more fields than the header has: 3 of 2"),
        ("a,b\n1,2\n3\n", "line 3: found fewer fields than the header has: 1 of 2.*ragged: fill"),
        (b"a,b\n1,x\n2,caf\xe9\n", r"a\.csv line 3: invalid utf-8: the byte 0xe9 near '2,caf.*encoding: latin-1"),
        ("a,a\n1,2\n", "names more than one column 'a'"),
        ("a,,\n1,2,3\n", "unnamed"),
        ("a,b\n1,2\n".encode("utf-16-le"), "full of zero bytes.*utf-16-le"),
        ("", "is empty"),
        ("\n\n", "is empty"),
    ],
)
def test_a_broken_csv_is_told_by_its_line(content, said, write_files, tmp_path):
    """Rows of another width, bytes of another encoding, headers that name twice or nothing."""
    write_files(tmp_path, {"a.csv": content})
    with pytest.raises(InputError, match=f"(?s){said}"):
        _read("a.csv", tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", '{"a": 1}\n{"a": }\n', "a.jsonl line 2: cannot be read as jsonl: Expecting value"),
        ("a.jsonl", '{"a": 1}\n[1]\n', "a.jsonl line 2: a row is an object"),
        ("a.jsonl", '{"a": 1}\n{"a": NaN}\n', "a.jsonl line 2: .*NaN is no JSON"),
        ("a.jsonl", b'{"a": "x"}\n{"a": "\xff"}\n', "a.jsonl line 2: invalid utf-8"),
        ("a.json", '[{"a": 1},\n {"a": }]', "a.json cannot be read as json: line 2: Expecting value"),
        ("a.json", '[{"a": 1},\n {"a": 2}', "line 2: the text ends before the list does"),
        ("a.json", '[{"a": 1},\n {"a"', "line 2"),
        ("a.json", "[1, 2]", "each element of the list is to be an object"),
        ("a.json", '[{"a": 1}] x', "more text after the end of the list"),
        ("a.json", "3", "a list of objects, or an object, is expected"),
        ("a.json", " ", "is empty"),
        ("a.json", b'[{"a": "\xff"}]', "invalid utf-8"),
    ],
)
def test_broken_json_is_told_by_its_line(name, content, said, write_files, tmp_path):
    """What is no JSON, no object, not whole, or in another encoding."""
    write_files(tmp_path, {name: content})
    with pytest.raises(InputError, match=f"(?s){said}"):
        _read(name, tmp_path)


def test_a_file_that_changes_while_it_is_read(monkeypatch, write_files, tmp_path):
    """What grew meanwhile is an error that says to run again, at the survey and after it."""
    from solvent.data.sources.files import source as module

    write_files(tmp_path, {"a.jsonl": '{"a":1}\n', "b.parquet": pl.DataFrame({"a": [1]})})
    source = open_source(["a.jsonl", "b.parquet"], tmp_path)
    survey = source.survey()
    frame = source.frame(survey)
    with (tmp_path / "a.jsonl").open("a") as file:
        file.write('{"a":2}\n')
    with pytest.raises(InputError, match=r"a\.jsonl changed while it was read; .*run again"):
        frame.collect()
    for call in (source.frame, source.check):
        with pytest.raises(InputError, match=r"a\.jsonl changed while it was read"):
            call(survey)
    (tmp_path / "a.jsonl").unlink()
    with pytest.raises(InputError, match=r"a\.jsonl went away while it was read"):
        source.frame(survey)
    with pytest.raises(InputError, match=r"matches no file"):
        source.check(survey)

    inner = module.survey_file

    def slow(path, *rest):
        found = inner(path, *rest)
        pl.DataFrame({"a": [1, 2]}).write_parquet(path)
        return found

    monkeypatch.setattr(module, "survey_file", slow)
    with pytest.raises(InputError, match=r"b\.parquet changed while it was read"):
        open_source("b.parquet", tmp_path).survey()


def test_numbers_beyond_64_bits_are_kept(write_files, tmp_path):
    """Up to 38 digits exactly, as decimals; beyond that as text; never as fractions."""
    big, huge = "9" * 38, "1" + "0" * 40
    write_files(
        tmp_path,
        {"a.csv": f"a,b\n{big},{huge}\n-{big},1\n", "a.jsonl": f'{{"a":{big},"b":{huge}}}\n{{"a":-{big},"b":1}}\n'},
    )
    for name in ("a.csv", "a.jsonl"):
        found = _read(name, tmp_path)
        assert found.schema == {"a": pl.Decimal(38, 0), "b": pl.String}
        assert [int(one) for one in found["a"]] == [int(big), -int(big)]
        assert found["b"].to_list() == [huge, "1"]
    write_files(tmp_path, {"c.csv": "a\n18446744073709551615\n1\n"})
    assert _read("c.csv", tmp_path)["a"].to_list() == [18446744073709551615, 1]
    assert open_source("c.csv", tmp_path).found()["findings"][0]["kind"] == "large number"


def test_large_numbers_among_fractions_in_json(write_files, tmp_path):
    """2^53 + 1 beside a half would lose its last digit: the column is text, and recorded."""
    write_files(
        tmp_path, {"a.jsonl": '{"a":9007199254740993}\n{"a":0.5}\n', "b.jsonl": '{"a":9007199254740992}\n{"a":0.5}\n'}
    )
    assert _read("a.jsonl", tmp_path)["a"].to_list() == ["9007199254740993", "0.5"]
    assert _read("b.jsonl", tmp_path)["a"].to_list() == [9007199254740992.0, 0.5]


def test_nan_and_null_and_empty_text_stay_apart(write_files, tmp_path):
    """Nothing is null, NaN is a number, quotes around nothing are text."""
    write_files(tmp_path, {"a.csv": 'x,t\nNaN,""\n,\n1.5,NaN\n'})
    x, t = _read("a.csv", tmp_path)
    assert math.isnan(x[0])
    assert x.to_list()[1:] == [None, 1.5]
    assert t.to_list() == ["", None, "NaN"]


def test_five_thousand_columns(write_files, tmp_path):
    """Wide files are read as any other; the names are all there."""
    names = [f"column number {n} of many" for n in range(5000)]
    row = [str(n) if n % 2 else f"{n}.5" for n in range(5000)]
    write_files(tmp_path, {"a.csv": ",".join(names) + "\n" + (",".join(row) + "\n") * 3})
    found = _read("a.csv", tmp_path)
    assert found.columns == names
    assert found.shape == (3, 5000)
    assert found.dtypes[:2] == [pl.Float64, pl.Int64]


def test_a_very_large_cell(monkeypatch, write_files, tmp_path):
    """A cell many times larger than what is read at once is whole, with line ends in it, in CSV and JSON."""
    monkeypatch.setattr("solvent.data.sources.files.text.decoding.read_chunks.__defaults__", (100_000,))
    cell = "x,\n" * 1_700_000
    write_files(
        tmp_path, {"a.csv": f'n,t\n1,"{cell}"\n2,y\n', "a.json": json.dumps([{"n": 1, "t": cell}, {"n": 2, "t": "y"}])}
    )
    for name in ("a.csv", "a.json"):
        found = _read(name, tmp_path)
        assert found["n"].to_list() == [1, 2]
        assert found["t"][0] == cell


def test_hostile_names_are_names(write_files, tmp_path):
    """Formulas, markup, control signs and names of folders are columns like any other."""
    names = ["=1+1", "<b>", "^.*$", "*", "\x1b[31m", "a=b", "Ü", "", "'"]
    write_files(tmp_path, {"a.csv": ",".join(names) + "\n" + ",".join("123456789") + "\n"})
    found = _read("a.csv", tmp_path)
    assert found.columns == names
    assert found.row(0) == tuple(range(1, 10))
    found.write_parquet(tmp_path / "b.parquet")
    spec = {"files": ["a.csv", "b.parquet"], "types": {"^.*$": "float64"}}
    assert _read(spec, tmp_path).rows() == [found.row(0)] * 2


def test_files_without_rows(write_files, tmp_path):
    """A header alone is a table without rows; beside others it takes their types."""
    write_files(
        tmp_path,
        {"1.csv": "a,b\n", "2.csv": "a,b\n1,x\n", "3.parquet": pl.DataFrame(schema={"a": pl.Int64, "b": pl.String})},
    )
    assert _read("1.csv", tmp_path).shape == (0, 2)
    assert _read("*.*", tmp_path).rows() == [(1, "x")]
    assert open_source("*.*", tmp_path).survey().changes == ()


def test_links_that_go_round(write_files, tmp_path):
    """A link to a folder above ends, and one to itself that is not called like a file of rows is none."""
    write_files(tmp_path, {"d/1.csv": "a\n1\n"})
    (tmp_path / "d/up").symlink_to(tmp_path)
    (tmp_path / "d/self").symlink_to(tmp_path / "d/self")
    for pattern in ("d", "d/*.csv", "**/*.csv"):
        assert _read(pattern, tmp_path)["a"].to_list() == [1], pattern


@pytest.mark.slow
def test_very_many_files_are_found_in_one_pass(tmp_path):
    """Each of 20,000 files is looked at once: what is asked of the system grows no faster than they do."""
    import os

    folder = tmp_path / "d"
    folder.mkdir()
    for n in range(20_000):
        (folder / f"{n}.csv").write_bytes(b"a\n1\n")
    counts = []
    for pattern in ("d/1*.csv", "d/*.csv"):
        seen, real = 0, os.stat

        def counted(*args, real=real, **options):
            nonlocal seen
            seen += 1
            return real(*args, **options)

        os.stat = counted
        try:
            found = open_source(pattern, tmp_path)._finder.find()
        finally:
            os.stat = real
        counts.append((len(found), seen))
    (few, looks), (many, all_looks) = counts
    assert many == 20_000
    assert all_looks / many <= 1.2 * looks / few
    assert [one.label for one in found] == sorted(one.label for one in found)


@pytest.mark.slow
def test_a_large_file_is_read_in_little_memory(write_files, tmp_path):
    """The memory to read a CSV does not grow with the file."""
    if not Path("/proc/self/status").exists():
        pytest.skip("the system does not tell the peak of a process")
    import subprocess
    import sys

    program = (
        "import sys, polars as pl\n"
        "from pathlib import Path\n"
        "from solvent.data.sources import open_source\n"
        "lazy = open_source(sys.argv[1], Path(sys.argv[2])).read(pl.LazyFrame)\n"
        "print(lazy.select(pl.col('a').sum()).collect(engine='streaming').item())\n"
        "print(next(one for one in open('/proc/self/status') if one.startswith('VmHWM')).split()[1])\n"
    )
    line = b"1," + b"x" * 97 + b"\n"
    peaks = {}
    for name, count in (("small.csv", 2_500_000), ("large.csv", 6_000_000)):
        (tmp_path / name).write_bytes(b"a,t\n" + line * count)
        done = subprocess.run(
            [sys.executable, "-c", program, name, str(tmp_path)], capture_output=True, text=True, check=True
        )
        total, peak = done.stdout.split()
        assert int(total) == count
        peaks[name] = int(peak) // 1024
        (tmp_path / name).unlink()
    assert peaks["large.csv"] < peaks["small.csv"] + 100
    assert peaks["large.csv"] < 6_000_000 * len(line) // 2**20


def test_objects_without_a_key_are_rows(write_files, tmp_path):
    """Each is a row of nulls beside others; by themselves they are no table."""
    write_files(tmp_path, {"1.jsonl": "{}\n{}\n", "2.jsonl": '{"a":1}\n', "k=1/3.jsonl": "{}\n"})
    assert _read(["1.jsonl", "2.jsonl"], tmp_path)["a"].to_list() == [None, None, 1]
    assert _read(["2.jsonl", "k=1"], tmp_path).rows() == [(1, None), (None, 1)]
    with pytest.raises(InputError, match=r"1\.jsonl has 2 rows without any column"):
        _read("1.jsonl", tmp_path)


@pytest.mark.parametrize("place", ["days", "days/*.csv", "days/**/*.csv", "days/b.csv"])
def test_a_link_that_leads_nowhere_is_named(tmp_path, place):
    """Rows that should be there are not missed in silence, whether the file is gone or the link goes in a circle."""
    (tmp_path / "days").mkdir()
    (tmp_path / "days" / "a.csv").write_text("x\n1\n")
    link = tmp_path / "days" / "b.csv"
    link.symlink_to("gone.csv")
    with pytest.raises(InputError, match=r"b\.csv is a link to gone\.csv, which is not there"):
        open_source(place, tmp_path).read(pl.DataFrame)
    link.unlink()
    link.symlink_to("b.csv")
    with pytest.raises(InputError, match=r"b\.csv is a link to b\.csv, which goes round in a circle"):
        open_source(place, tmp_path).read(pl.DataFrame)
    link.unlink()
    (tmp_path / "days" / ".b.csv").symlink_to("gone.csv")  # an editor's mark
    assert open_source("days/*.csv", tmp_path).read(pl.DataFrame).height == 1


def test_a_folder_that_is_called_like_a_file_is_read(tmp_path):
    """Other tools write ``sales.csv`` as a folder of parts; a pattern that fits its name means them."""
    (tmp_path / "sales.csv").mkdir()
    for name in ("part-0.csv", "part-1.csv"):
        (tmp_path / "sales.csv" / name).write_text("x\n1\n")
    (tmp_path / "more.csv").write_text("x\n2\n")
    assert open_source("*.csv", tmp_path).read(pl.DataFrame)["x"].sort().to_list() == [1, 1, 2]


@pytest.mark.parametrize(
    "line, said",
    [
        ('{"a": 1, "a": 2}', "line 2: cannot be read as jsonl: the key 'a' stands there twice"),
        ('{"a": {"b": 1, "b": 2}, "a": 3}', "line 2: cannot be read as jsonl: the key 'b' stands there twice"),
        ('{"a": "x\\ud83d"}', r"line 2: \ud83d is half of a character"),
        ('{"a": ' + "[" * 5_000 + "]" * 5_000 + "}", "line 2: it is nested too deeply"),
    ],
)
def test_json_that_is_not_what_it_seems_is_told_by_its_line(line, said, tmp_path):
    """Not the first of two values, not a NUL in the place of half a character, and no error of a library's own."""
    (tmp_path / "x.jsonl").write_text('{"a": null}\n' + line + "\n")
    with pytest.raises(InputError, match=re.escape(said)):
        open_source({"files": "x.jsonl"}, tmp_path).read(pl.DataFrame)


def test_json_of_several_kinds_is_text_as_it_is_written(tmp_path):
    """Numbers keep their spelling, lists and objects are JSON; a number that no type holds makes a column text."""
    rows = ['{"a": 1.50, "b": [1, 2], "c": 1e400, "d": "\\ud83d\\ude00"}', '{"a": "x", "b": {"k": 1.5}, "c": null}']
    rows += ['{"a": 12345678901234567890123, "b": "t", "c": 2}', '{"a": true}']
    (tmp_path / "x.jsonl").write_text("\n".join(rows) + "\n")
    made = open_source({"files": "x.jsonl"}, tmp_path).read(pl.DataFrame)
    assert made["a"].to_list() == ["1.50", "x", "12345678901234567890123", "true"]
    assert made["b"].to_list() == ["[1, 2]", '{"k": 1.5}', "t", None]
    assert made["c"].to_list() == ["1e400", None, "2", None] and made["d"][0] == "😀"


def test_json_whose_kinds_change_in_a_later_piece_is_text_as_it_is_written(monkeypatch, tmp_path):
    """Also where text came first, and a piece of numbers alone would be text too."""
    from solvent.data.sources.files.text import decoding

    rows = [f'{{"a":"x{n}","n":{n}}}' for n in range(500)] + [f'{{"a":{n}.50,"n":{n}}}' for n in range(500)]
    (tmp_path / "x.jsonl").write_text("\n".join(rows) + "\n")
    monkeypatch.setattr(decoding, "_CHUNK", 2_000)
    monkeypatch.setattr(decoding.read_chunks, "__defaults__", (2_000,))
    made = open_source({"files": "x.jsonl"}, tmp_path).read(pl.DataFrame)
    assert made["a"].to_list() == [f"x{n}" for n in range(500)] + [f"{n}.50" for n in range(500)]


@pytest.mark.parametrize(
    "content, said",
    [
        (b"<!DOCTYPE html>\n<html><body>Log in</body></html>\n", "x.csv is no csv: it holds a web page"),
        (b"\n  <HTML><body>a,b</body>", "x.csv is no csv: it holds a web page"),
        (b"PAR1" + b"\0" * 40, "x.csv is no csv: by its content it is parquet. Rename it, or say format: parquet"),
        (b"PK\x03\x04" + b"\0" * 40, "x.csv is no csv: by its content it is excel"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_told(content, said, tmp_path):
    """Not read as text of one strange column."""
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(InputError, match=re.escape(said)):
        open_source({"files": "x.csv"}, tmp_path).read(pl.DataFrame)


@pytest.mark.parametrize(
    "text",
    ['{"a":1,"b":1,"b":2}\n{"a":2}\n', '{"a":1,"a":2}\n{}\n', '{"a":1,"\\u0061":2}\n', '{"a":1}\n{"a":1,"a":2}\n{}\n'],
)
def test_a_key_that_stands_twice_is_told_also_where_another_row_lacks_it(text, tmp_path):
    """However it is written."""
    (tmp_path / "x.jsonl").write_text(text)
    with pytest.raises(InputError, match="stands there twice"):
        open_source({"files": "x.jsonl"}, tmp_path).read(pl.DataFrame)


def test_numbers_among_texts_of_one_piece_are_as_they_are_written(tmp_path):
    """Also where Polars makes them text by itself."""
    (tmp_path / "x.jsonl").write_text('{"a":1.10}\n{"a":"x"}\n{"a":12345678901234567890.10}\n{"a":true}\n')
    made = open_source({"files": "x.jsonl"}, tmp_path).read(pl.DataFrame)
    assert made["a"].to_list() == ["1.10", "x", "12345678901234567890.10", "true"]


def test_a_pipe_is_no_file_that_can_be_read_twice(tmp_path):
    """It is said to be one, instead of not being there."""
    os.mkfifo(tmp_path / "ff.csv")
    with pytest.raises(InputError, match=r"'ff\.csv' is a pipe, a socket or a device"):
        open_source("ff.csv", tmp_path).survey()


def test_lines_that_end_in_two_ways_are_told_as_such(tmp_path):
    """A row of very many fields is several rows, of which only the first ended as others do."""
    (tmp_path / "a.csv").write_bytes(b"a,b\n1,2\r3,4\r5,6\r")
    with pytest.raises(InputError, match=r"line 2: found more fields .*carriage return alone"):
        open_source("a.csv", tmp_path).survey()


def test_the_place_of_a_fault_in_json_lines_is_that_of_the_file(tmp_path):
    """Not that of the line alone, which is always the first of itself."""
    (tmp_path / "a.jsonl").write_text('{"a":1}\n{"a":}\n')
    with pytest.raises(InputError, match=r"a\.jsonl line 2: cannot be read as jsonl: Expecting value, at column 6$"):
        open_source("a.jsonl", tmp_path).survey()
