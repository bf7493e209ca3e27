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
