"""The language of rules: what it says of a row, what it refuses, and that it reads nothing but columns."""

from __future__ import annotations

import datetime

import polars as pl
import pytest

from solvent.data.contract.expression import build, names_in, parse

ROWS = pl.DataFrame(
    {
        "a": [1, 2, None, -4],
        "f": [0.5, float("nan"), 2.0, float("inf")],
        "t": ["ab", "", None, "Straße"],
        "d": [datetime.date(2020, 1, 1), datetime.date(2020, 6, 1), None, datetime.date(2021, 1, 1)],
        "z": pl.Series([0, 1, None, 2], dtype=pl.Datetime("ms", "Europe/Berlin")),
        "ok": [True, False, None, True],
        "odd name": [1, 2, 3, 4],
        "e": pl.Series(["x", "y", None, "x"], dtype=pl.Enum(["x", "y"])),
        "l": [[1], [1, 2], None, []],
    }
)


def told(text, now=None):
    """What a rule says of each row."""
    return ROWS.select(build(parse(text), ROWS.schema, now)).to_series().to_list()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a > 1", [False, True, None, False]),
        ("a + 1 = 2 or a * -1 >= 4", [True, False, None, True]),
        ("not a between 0 and 2", [False, False, None, True]),
        ("a in (1, -4)", [True, False, None, True]),
        ("a not in (1, -4)", [False, True, None, False]),
        ("a is null", [False, False, True, False]),
        ("f > 1", [False, None, True, True]),
        ("is_nan(f)", [False, True, False, False]),
        ("is_finite(f)", [True, False, True, False]),
        ("t = 'ab'", [True, False, None, False]),
        ("t like 'S%e'", [False, False, None, True]),
        ("t matches '[a-z]+'", [True, False, None, False]),
        ("length(t) = 6", [False, False, None, True]),
        ("d >= '2020-06-01'", [False, True, None, True]),
        ("d between date '2020-01-01' and '2020-12-31'", [True, True, None, False]),
        ("d + interval '5 days' > date '2020-06-03'", [False, True, None, True]),
        ("z >= '1970-01-01T00:00:00.001Z'", [False, True, None, True]),
        ("year(d) = 2020 and ok", [True, False, None, False]),
        ('"odd name" % 2 = 0', [False, True, False, True]),
        ("count(l) > 1", [False, True, None, False]),
        ("coalesce(a, 0) = 0", [False, False, True, False]),
        ("if(ok, a, 9) = 9", [False, True, True, False]),
        ("number(t) is null", [True, True, True, True]),
        ("'it''s' = t", [False, False, None, False]),
        ("date(z) = date '1970-01-01'", [True, True, None, True]),
        ("e = 'x' and length(e) = 1", [True, False, None, True]),
        ("a = 1 and null", [None, False, None, False]),
        ("if(ok, null, null)", [None, None, None, None]),
        ("-a = 4", [False, False, None, True]),
    ],
)
def test_a_rule_says_what_sql_would(text, expected):
    """Conditions have SQL's meaning, with NaN as missing."""
    assert told(text) == expected


NARROW = pl.DataFrame(
    {
        "u8": pl.Series([1, 200, None], dtype=pl.UInt8),
        "w8": pl.Series([2, 100, 3], dtype=pl.UInt8),
        "i8": pl.Series([100, -128, 1], dtype=pl.Int8),
        "big": pl.Series([2**62, -(2**63), 2**63 - 1], dtype=pl.Int64),
        "u64": pl.Series([2**64 - 1, 2**63 + 1, 0], dtype=pl.UInt64),
        "f32": pl.Series([0.5, 1e30, None], dtype=pl.Float32),
        "at": [datetime.datetime(2024, 12, 31, 10, 59), datetime.datetime(2024, 1, 1, 23), None],
        "s": ["a", "abcd", ""],
        "i": [-1, -2, 5],
    }
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("length(s) - 3 >= 0", [False, True, False]),
        ("-length(s) <= 0", [True, True, True]),
        ("hour(at) * 60 + minute(at) = 659", [True, False, None]),
        ("year(at) * 10000 + month(at) * 100 + day(at) > 20240630", [True, False, None]),
        ("u8 - w8 >= 0", [False, True, None]),
        ("u8 * 100 > 99", [True, True, None]),
        ("u8 > -1", [True, True, None]),
        ("u8 - w8 < f32", [True, True, None]),
        ("i8 + i8 > 0", [True, False, True]),
        ("abs(i8) = 128", [False, True, False]),
        ("abs(i8) between 100 and 128", [True, True, False]),
        ("big * 2 > 0", [True, False, True]),
        ("big * big * big > 0", [True, False, True]),
        ("u64 * u64 * u64 > big", [True, True, False]),
        ("u64 > big", [True, True, False]),
        ("u64 = 18446744073709551615", [True, False, False]),
        ("greatest(u64, big) = u64", [True, True, False]),
        ("-big > 0", [False, True, False]),
        ("abs(big) > 9223372036854775807", [False, True, False]),
        ("f32 * 1 = 0.5", [True, False, None]),
        ("i % 3 = -1", [True, False, False]),
        ("i % -3 = 2", [False, False, True]),
        ("(i / 2) % 1 = -0.5", [True, False, False]),
        ("0.5 > coalesce(3, f32)", [False, False, False]),
        ("coalesce(3, f32) > 0.5", [True, True, True]),
        ("(i - i) / (i - i) > 1", [None, None, None]),
        ("is_nan((i - i) / (i - i))", [True, True, True]),
    ],
)
def test_numbers_of_narrow_types_are_reckoned_with_as_numbers(text, expected):
    """Nothing runs over, and a rule that hangs on no row is told of each."""
    assert NARROW.select(build(parse(text), NARROW.schema, None).alias("found"))["found"].to_list() == expected


@pytest.mark.parametrize(
    "text",
    ["*".join(["i"] * 14) + " > 0", " % ".join(["i"] + ["1000"] * 18) + " >= 0", "abs(" * 40 + "i" + ")" * 40 + " > 0"],
)
def test_a_long_rule_takes_no_longer_than_it_is(text):
    """Each part stands in what is made of it once: else a rule would double with every level."""
    made = build(parse(text), NARROW.schema, None)
    assert len(str(made)) < 20_000
    assert NARROW.select(made.alias("found"))["found"].len() == 3


def test_the_moment_is_the_one_that_is_given():
    """now() is what the check was told, beside dates, times with a zone, and in sums; never the clock."""
    now = datetime.datetime(2020, 6, 1, 12, tzinfo=datetime.UTC)
    assert told("d <= now()", now) == [True, True, None, False]
    assert told("z < now() - interval '1 day'", now) == [True, True, None, True]
    with pytest.raises(ValueError, match="time"):
        told("d <= now()")


@pytest.mark.parametrize(
    "text",
    [
        "a = (select max(a) from read_csv('x.csv'))", "read_csv('x.csv') = 1", "a = 1; drop table x",
        "exists (select 1)", "columns('.*') = 1", "* = 1", "a", "a = ", "(a = 1", "a like t", "a = 'x", "a ! b",
        "a is 1", "a not 1", "abs() = 1", "abs(a, a) = 1", "t + 1 = 2", "a between 1", "1 + ", "t matches '('",
        "d > 'yesterday'", "date '1' = d", "(" * 60 + "a = 1" + ")" * 60, "- " * 80 + "a = 1", "not " * 80 + "ok",
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused(text):
    """Nothing reads files, nothing nests without end, and what makes no sense is said to make none."""
    with pytest.raises(ValueError):
        told(text)


def test_the_columns_of_a_rule_are_known():
    """The names that a rule reads, each once, functions and words not among them."""
    assert names_in(parse("abs(b) > a and a is not null or \"select\" = 'c'")) == ["b", "a", "select"]
