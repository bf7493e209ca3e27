"""Splitting CSV text: wherever it is cut, the rows are those that Python's own reader finds, each with its line."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.data.sources import open_source
from solvent.data.sources.files import Options
from solvent.data.sources.files.recognising import Look
from solvent.data.sources.files.surveying import text_file
from solvent.data.sources.files.text.reading import TextFile
from solvent.data.sources.files.text.splitting import Dialect, Splitter
from solvent.errors import InputError

FIELD = st.text(st.sampled_from(list('ab,"\n\r ü0')), max_size=6)


def _file(columns: int) -> TextFile:
    names = tuple(f"c{place}" for place in range(columns))
    return TextFile(Path("a.csv"), "a.csv", Options(), Look("csv", encoding="utf-8", delimiter=",", names=names))


def _rows(text: bytes, size: int, columns: int, **options):
    """What the splitter and Polars make of a text that comes in chunks of this size."""
    splitter = Splitter(Dialect("a.csv", ",", '"', columns, **options))
    file, found, lines = _file(columns), [], []
    for piece in splitter.cut(text[at : at + size] for at in range(0, len(text), size)):
        frame = file.text(piece, file.look.names)
        assert frame.height == piece.rows
        found += frame.rows()
        lines += [piece.line_of(row) for row in range(piece.rows)]
    assert splitter.rows == len(found)
    return found, lines


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.lists(FIELD, min_size=3, max_size=3), max_size=12),
    size=st.integers(1, 60),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    last=st.booleans(),
)
def test_rows_are_found_wherever_the_text_is_cut(rows, size, end, quoting, last):
    """Quoted delimiters, quotes and line ends, in chunks of any size, are the fields that were written."""
    if quoting == csv.QUOTE_MINIMAL:  # it leaves a carriage return without quotes, where nothing tells what it is
        rows = [[one.replace("\r", "") for one in row] for row in rows]
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end, quoting=quoting).writerows([["a", "b", "c"], *rows])
    text = out.getvalue() if last else out.getvalue().removesuffix(end)
    found, lines = _rows(text.encode(), size, 3)
    assert [tuple(one or "" for one in row) for row in found] == [tuple(row) for row in rows]
    starts = [1]
    for row in csv.reader(io.StringIO(out.getvalue(), newline="")):
        width = len("".join(row).split("\n")) - 1
        starts.append(starts[-1] + 1 + width)
    assert lines == starts[1:-1]


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.lists(st.text(st.sampled_from(list('ab"ü ')), max_size=5), min_size=2, max_size=2), max_size=9),
    size=st.integers(1, 40),
)
def test_quotes_inside_of_plain_fields_are_text(rows, size):
    """A quote that does not open a field means nothing, as in Python's reader."""
    rows = [[one.lstrip('"') for one in row] for row in rows]
    rows = [row if any(row) else ["x", row[1]] for row in rows]
    text = "a,b\n" + "".join(f"{row[0]},{row[1]}\n" for row in rows)
    found, _ = _rows(text.encode(), size, 2)
    assert [tuple(one or "" for one in row) for row in found] == [tuple(row) for row in rows]


def test_an_unquoted_empty_field_is_null_whichever_way_it_is_read():
    """Null and empty text stay apart also where a quote elsewhere makes the text be written anew."""
    text = b'a,b\n"",\nx"y,""\n,z\n'
    for size in (1, 7, 100):
        assert _rows(text, size, 2)[0] == [("", None), ('x"y', ""), (None, "z")]


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n3,4,5\n", r"line 3: found more fields than the header has: 3 of 2"),
        ("a,b\n1,2\n3\n6,7\n", r"line 3: found fewer fields than the header has: 1 of 2"),
        ('a,b\n"x\ny",2\n3\n', r"line 4: found fewer fields"),
        ("a,b\n1,2\n3\n4,5,6\n", r"line 3: found fewer fields"),
        ('a,b\n1,"x\n2,y\n', r"line 2: the quote that opens the field '\"x.* does not close"),
        ('a,b\n1,"x"y\n', r"line 2: the quote that opens the field '\"x\"' does not close"),
        ('a,b\n1,x"y\n2,"z\n', r"line 3: the quote that opens"),
    ],
)
def test_a_broken_row_is_named_by_its_line(text, said, size):
    """Too many or too few fields and quotes that do not close are told with the line that they stand on."""
    with pytest.raises(InputError, match=f"(?s)a\\.csv.*{said}"):
        _rows(text.encode(), size, 2)


def test_compensating_rows_are_found_too():
    """One row with a field more and one with a field less, whose sum is right, are not taken for good ones."""
    good = "1,2\n" * 50
    text = ("a,b\n" + good).encode()
    splitter = Splitter(Dialect("a.csv", ",", '"', 2))
    file = _file(2)
    with pytest.raises(InputError, match=r"line 52: found fewer fields than the header has: 1 of 2"):
        for piece in splitter.cut([text, ("1\n1,2,3\n" + good).encode()]):
            file.splitter = splitter
            file.text(piece, file.look.names)


def test_blank_lines_and_comments_are_no_rows():
    """They are left out, and the lines of the others stay right; in a table of one column a blank line is null."""
    found, lines = _rows(b"\n# a, b\na,b\n\n1,2\n#x\n\r\n3,4\n\n", 6, 2, comment="#")
    assert (found, lines) == ([("1", "2"), ("3", "4")], [5, 8])
    found, lines = _rows(b"\na,b\n\n1,2\n\r\n3,4\n\n", 4, 2)
    assert (found, lines) == ([("1", "2"), ("3", "4")], [4, 6])
    assert _rows(b"a\n1\n\n2\n", 3, 1)[0] == [("1",), (None,), ("2",)]


def test_short_rows_can_be_filled():
    """`ragged: fill` takes missing fields at the end for null, and remembers the lines."""
    splitter = Splitter(Dialect("a.csv", ",", '"', 3, ragged="fill"))
    file = _file(3)
    (piece,) = splitter.cut([b"a,b,c\n1,2,3\n4\n5,6\n"])
    assert file.text(piece, file.look.names).rows() == [("1", "2", "3"), ("4", None, None), ("5", "6", None)]
    assert splitter.short == [3, 4]


def test_a_projection_reads_the_same_columns():
    """Columns are picked by name, whatever the others hold."""
    file = _file(3)
    (piece,) = Splitter(Dialect("a.csv", ",", '"', 3)).cut([b'a,b,c\n1,"x,y",3\n'])
    assert file.text(piece, ["c2", "c0"]).to_dicts() == [{"c2": "3", "c0": "1"}]
    assert file.parse(piece, {"c2": pl.Int64(), "c0": pl.String()}).to_dicts() == [{"c2": 3, "c0": "1"}]


@settings(max_examples=60, deadline=None)
@given(
    head=st.lists(FIELD, min_size=2, max_size=2, unique=True),
    rows=st.lists(st.lists(st.none() | FIELD, min_size=2, max_size=2), min_size=1, max_size=8),
    mark=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_polars_scans_itself_is_the_same(head, rows, mark, end):
    """A file that is handed to Polars whole gives the frame that the pieces give, whatever its header holds."""
    quoted = [["" if one is None else '"' + one.replace('"', '""') + '"' for one in row] for row in [head, *rows]]
    text = end.join(",".join(row) for row in quoted) + end
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes((b"\xef\xbb\xbf" if mark else b"") + text.encode())
        source = open_source({"files": "a.csv", "delimiter": ","}, Path(folder))
        survey = source.survey()
        found = source.frame(survey).collect()
        part = survey.parts[0]
        pieces = list(text_file(path, part, Options(delimiter=",")).frames(survey.dtypes()))
        assert found.equals(pl.concat(pieces))
        assert found.columns == head
        if all(kind == "text" for kind in survey.schema.values()):
            assert found.rows() == [tuple(row) for row in rows]
