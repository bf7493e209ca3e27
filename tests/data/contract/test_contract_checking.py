"""Checking finds each row that breaks a demand, in every frame, in pieces as in one, and cascades nothing."""

from __future__ import annotations

import datetime
import json

import polars as pl
import pytest

from solvent.data.contract import Contract, check, part
from solvent.data.contract.checks.doubles import Doubles
from solvent.data.contract.checks.opening import open_table
from solvent.data.contract.expression.functions import FUNCTIONS, Function
from solvent.data.profile import profile

NOW = datetime.datetime(2020, 1, 9)
CONTRACT = {
    "rows": {"min": 1, "max": 3},
    "key": ["id"],
    "unique": [["a", "b"]],
    "freshness": {"column": "day", "within": "2 days"},
    "extra": "warn",
    "columns": {
        "id": {"type": "int64", "min": 0, "max": {"is": 3, "severity": "warn"}, "sorted": True},
        "a": {"type": "float64", "finite": True, "nulls": 0.1, "max": 2},
        "b": {"values": ["x", "y"], "pattern": {"is": "[a-z]", "severity": "quarantine"}, "length": {"max": 1}},
        "gone": {"type": "int"},
        "num": {"type": "float64", "min": 0},
        "day": {"type": "date"},
    },
    "rules": [
        {"name": "r", "check": "a >= id", "when": "b = 'y'"},
        {"check": "gone > 1"},
        {"check": "nme > 1"},
        {"check": "b > 1"},
        {"name": "past", "check": "day <= now()"},
    ],
}
ROWS = pl.DataFrame(
    {
        "id": [1, 2, 2, None, 5],
        "a": [1.0, None, float("nan"), 1.0, 9.0],
        "b": ["x", "y", "zz", "x", "x"],
        "num": ["1", " ", "2.5", "x", None],
        "day": [datetime.date(2020, 1, one) for one in range(1, 6)],
        "surplus": 1,
    }
)
BROKEN = {
    "rows": 0, "key": 2, "unique.a+b": 1, "freshness": 0, "extra": 0, "columns.id.max": 1, "columns.a.nulls": 1,
    "columns.a.finite": 1, "columns.a.max": 1, "columns.b.length": 1, "columns.b.values": 1, "columns.b.pattern": 1,
    "columns.gone.required": 0, "columns.num.type": 2, "rules.nme > 1": 0, "rules.b > 1": 0,
}  # fmt: skip


def broken(checked):
    """The violated demands with their counts."""
    return {one.path: one.count for one in checked.findings if one.status == "violated"}


def finding(checked, path):
    """One finding."""
    return next(one for one in checked.findings if one.path == path)


@pytest.mark.parametrize(
    "frame",
    [
        lambda rows: rows,
        lambda rows: rows.lazy(),
        lambda rows: rows.to_arrow(),
        lambda rows: rows.to_arrow().to_reader(2),
    ],
    ids=["DataFrame", "LazyFrame", "Table", "RecordBatchReader"],
)
def test_each_frame_breaks_the_same_demands(frame):
    """One violation for each fault, its rows counted and named, whatever frame the rows come in."""
    checked = check(frame(ROWS), Contract.from_json(CONTRACT), now=NOW)
    assert broken(checked) == BROKEN
    assert {one.path for one in checked.skipped} == {"columns.num.min", "rules.gone > 1"}
    assert not checked.ok and len(checked.warned) == 2 and len(checked.quarantined) == 1
    assert [dict(one) for one in finding(checked, "key").examples] == [
        {"row": 2, "key": {"id": "2"}, "value": "2"},
        {"row": 3, "key": {"id": "null"}, "value": "null"},
    ]
    assert [one["row"] for one in finding(checked, "columns.num.type").examples] == [1, 3]
    assert "Did you mean 'num'?" in finding(checked, "rules.nme > 1").why
    assert json.loads(json.dumps(checked.to_json()))["failed"] == len(checked.failed) == 13
    assert "row 4 (id=5): 9.0" in checked.render_text()


def test_pandas_may_write_integers_as_floats_and_dates_as_times():
    """A pandas frame has no other way to say a missing integer or a date: whole floats and midnights are no fault."""
    contract = Contract.from_json({"columns": {"id": {"type": "int64", "max": 3}, "day": {"type": "date"}}})
    rows = ROWS.select("id", "day").to_pandas()
    assert broken(check(rows, contract)) == {"columns.id.max": 1}
    rows["id"] = rows["id"] / 2
    assert broken(check(rows, contract)) == {"columns.id.type": 2}
    assert broken(check(pl.from_pandas(rows), contract)) == {"columns.id.type": 0, "columns.day.type": 0}


def test_rows_are_counted_over_pieces(monkeypatch):
    """Numbers of rows, order and doubles do not depend on where one piece ends and the next begins."""
    rows = pl.DataFrame({"n": [*range(50), 48, *range(50, 100), None, 7]})
    contract = Contract.from_json({"columns": {"n": {"sorted": True, "unique": True, "nulls": 0}}})
    whole = check(rows, contract)
    monkeypatch.setattr("solvent.data.contract.checks.opening._PIECE", 7)
    pieces = check(rows, contract)
    assert whole == pieces == check(rows.lazy(), contract)
    assert [one["row"] for one in finding(pieces, "columns.n.sorted").examples] == [50, 102]
    assert [one["row"] for one in finding(pieces, "columns.n.unique").examples] == [50, 102]
    assert [one["row"] for one in finding(pieces, "columns.n.nulls").examples] == [101]


def test_doubles_are_the_same_from_files_as_from_memory(tmp_path):
    """What does not fit in memory is spread over files, and gives the same rows."""
    rows = pl.DataFrame({"a": [one % 900 for one in range(1000)], "b": [one % 450 for one in range(1000)]})
    found = []
    for at_once in (10_000, 64):
        doubles = Doubles(["a", "b"], at_once)
        for piece in rows.iter_slices(100):
            doubles.add(piece)
        with open_table(rows) as opened:
            found.append(doubles.find(opened, 3))
    assert found[0] == found[1] == (100, [900, 901, 902])


def alike(height):
    """One hash for all rows."""
    return pl.Series("hash", [1] * height, dtype=pl.UInt64)


def test_hashes_that_meet_do_not_make_doubles(monkeypatch):
    """Rows of equal hashes are told apart by their values."""
    monkeypatch.setattr("solvent.data.contract.checks.doubles.hash_whole", lambda piece: alike(piece.height))
    contract = Contract.from_json({"columns": {"n": {"unique": True}}})
    assert check(pl.DataFrame({"n": [1, 2, 3]}), contract).ok
    assert broken(check(pl.DataFrame({"n": [1, 2, 1]}), contract)) == {"columns.n.unique": 1}


def test_rows_set_aside_carry_the_reason():
    """Quarantined rows leave the table with every demand that they break; of doubles the first stays."""
    contract = Contract.from_json(
        {
            "severity": "quarantine",
            "columns": {"n": {"unique": True, "max": 5}, "t": {"nulls": 0.5, "pattern": "[a-z]+"}},
        }
    )
    rows = pl.DataFrame({"n": [1, 1, 9, 9, 2, 3], "t": ["a", "b", "C", "D", None, "e"], "quarantined_because": 0})
    checked = check(rows, contract)
    kept, aside = part(rows.lazy(), contract, checked)
    assert kept.collect()["n"].to_list() == [1, 2, 3] and kept.collect().columns == rows.columns
    assert aside.collect()["quarantined_because_"].to_list() == [
        "columns.n.unique",
        "columns.n.max; columns.t.pattern",
        "columns.n.max; columns.n.unique; columns.t.pattern",
    ]
    assert checked.ok
    clean = rows.head(1)
    kept, aside = part(clean, contract, check(clean, contract))
    assert kept.collect().equals(clean) and aside.collect().height == 0


def test_what_cannot_be_set_aside_refuses():
    """A quarantine that no row can go to, since a demand makes no sense for the column, is a failure."""
    contract = Contract.from_json(
        {
            "severity": "quarantine",
            "columns": {"n": {"pattern": "x"}, "m": {"max": 1}},
            "rules": [{"check": "n > 'x'"}, {"check": "nn > 1"}],
        }
    )
    checked = check(pl.DataFrame({"n": [1], "m": [5]}), contract)
    assert {one.path for one in checked.failed} == {"columns.n.pattern", "rules.n > 'x'", "rules.nn > 1"}
    assert [one.path for one in checked.quarantined] == ["columns.m.max"]
    assert part(pl.DataFrame({"n": [1], "m": [5]}), contract, checked).kept.collect().height == 0


def test_a_warning_does_not_hide_a_failure():
    """Where a missing or mistyped column is only warned of, what depends on it is judged all the same."""
    contract = Contract.from_json(
        {
            "key": "id",
            "columns": {
                "id": {"required": {"is": True, "severity": "warn"}},
                "n": {"type": {"is": "int64", "severity": "warn"}, "max": 5},
                "free": {"required": False},
            },
            "rules": [{"check": "free > 1"}, {"check": "id > 1"}],
        }
    )
    checked = check(pl.DataFrame({"n": [1.0, 9.0]}), contract)
    assert {one.path for one in checked.warned} == {"columns.id.required", "columns.n.type"}
    assert {one.path for one in checked.failed} == {"key", "columns.n.max", "rules.id > 1"}
    assert [one.path for one in checked.skipped] == ["rules.free > 1"]


def test_a_rule_that_fails_on_some_values_fails_alone(monkeypatch):
    """Where computing one demand goes wrong over the values that are there, the others are still told."""
    strict = Function(1, 1, lambda text: text.str.to_date("%Y-%m-%d", strict=True))
    monkeypatch.setitem(FUNCTIONS, "strict", strict)
    contract = Contract.from_json({"columns": {"n": {"max": 1}}, "rules": [{"check": "strict(t) > '2020-01-01'"}]})
    checked = check(pl.DataFrame({"t": ["2020-01-02", "q"], "n": [1, 2]}), contract)
    assert broken(checked) == {"columns.n.max": 1, "rules.strict(t) > '2020-01-01'": 0}
    assert "cannot be computed" in checked.failed[1].why


def test_shares_allow_some_rows():
    """A demand with others is kept while no more rows break it than that share."""
    contract = Contract.from_json({"columns": {"n": {"max": {"is": 5, "others": 0.25}, "nulls": 0.25}}})
    assert check(pl.DataFrame({"n": [1, 2, 9, None]}), contract).ok
    assert broken(check(pl.DataFrame({"n": [1, 9, 9, None]}), contract)) == {"columns.n.max": 2}


def test_a_profile_spares_the_rows():
    """What a profile shows to hold is not looked for: rows that cannot be read are not missed."""
    rows = pl.DataFrame(
        {
            "n": [1, 2, 3],
            "t": ["a", "b", "a"],
            "d": [datetime.date(2020, 1, one) for one in (1, 2, 3)],
            "f": [0.5, 1.0, 2.0],
        }
    )
    contract = Contract.from_json(
        {
            "rows": {"min": 3},
            "columns": {
                "n": {"type": "int64", "min": 1, "max": 3, "nulls": 0},
                "t": {"values": ["a", "b"], "pattern": "[ab]", "length": {"max": 1}},
                "d": {"min": "2020-01-01", "max": "2020-01-03"},
                "f": {"finite": True, "min": 0.5},
            },
        }
    )

    def unreadable(_):
        raise AssertionError("the rows were read")

    trap = rows.lazy().map_batches(unreadable, schema=rows.schema)
    checked = check(trap, contract, profile=profile(rows))
    assert checked.ok and checked.rows == 3 and len(checked.findings) == 16
    assert not check(rows.with_columns(n=9), contract, profile=profile(rows.with_columns(n=9))).ok


@pytest.mark.parametrize("rows", [ROWS.clear(), pl.DataFrame({"id": [None, None]}), pl.DataFrame()])
def test_empty_tables_and_null_columns_are_no_trouble(rows):
    """No rows break no demand on rows; a column without any value fits every type."""
    contract = Contract.from_json({"columns": {"id": {"type": "int64", "min": 0, "unique": True, "required": False}}})
    assert check(rows, contract).ok


def test_hostile_names_and_values_are_shown_harmlessly():
    """Control signs and long values do not reach the report as they are."""
    name = "\x1b[31m=cmd()\n"
    rows = pl.DataFrame({name: ["x" * 5000, "\x07"]})
    checked = check(rows, Contract.from_json({"columns": {name: {"length": {"max": 0}}}}))
    text = checked.render_text()
    assert "\x1b" not in text and "\x07" not in text and max(map(len, text.splitlines())) < 200
    assert len(checked.findings[1].examples) == 2


def test_a_column_called_like_a_pattern_is_just_that_column():
    """For every kind of demand: Polars would take ``^x$`` for all names that fit it."""
    rows = pl.DataFrame({"^x$": [3.0, 2.0, 2.0], "x": [1, 2, 3], "^.*$": ["q", None, "q"]})
    told = {
        "columns": {
            "^x$": {"min": 2.5, "unique": True, "sorted": "ascending", "finite": True},
            "^.*$": {"nulls": 0, "values": ["a"]},
        },
        "rules": [{"check": '"^x$" > 2', "severity": "quarantine"}],
        "extra": "allow",
    }
    checked = check(rows, Contract.from_json(told))
    counts = {one.path: one.count for one in checked.findings if one.status == "violated"}
    assert counts == {
        "columns.^x$.min": 2, "columns.^x$.unique": 1, "columns.^x$.sorted": 1, "columns.^.*$.nulls": 1,
        "columns.^.*$.values": 2, "rules.\"^x$\" > 2": 2,
    }  # fmt: skip
    assert check(rows.lazy(), Contract.from_json(told)).findings == checked.findings
    kept = part(rows, Contract.from_json(told), checked)
    assert kept.kept.collect().height == 1


def test_types_that_lose_nothing_fit():
    """Smaller numbers, enums for text and coarser times are the wanted type; what could lose something is not."""
    rows = pl.DataFrame({"a": [1]}).select(
        small=pl.col("a").cast(pl.Int16),
        big=pl.col("a").cast(pl.UInt64),
        part=pl.col("a").cast(pl.Float32),
        kind=pl.lit("x").cast(pl.Enum(["x"])),
        when=pl.col("a").cast(pl.Datetime("ms")),
        money=pl.lit("1.50").cast(pl.Decimal(8, 2)),
    )
    fits = ("int64", "uint64", "float64", "text", "datetime[us]", "decimal(10,2)")
    assert not broken(check(rows, typed(rows, fits)))
    fits = ("integer", "number", "number", "enum", "datetime", "decimal")
    assert not broken(check(rows, typed(rows, fits)))
    not_fits = ("int8", "int64", "float16", "int64", "datetime[us, UTC]", "decimal(10,1)")
    assert len(broken(check(rows, typed(rows, not_fits)))) == 6


def typed(rows, types):
    """A contract of nothing but types."""
    return Contract.from_json({"columns": {one: {"type": kind} for one, kind in zip(rows.columns, types, strict=True)}})


def test_numbers_at_the_edge_are_compared_exactly():
    """Integers beyond floats, bounds beyond the type and decimals are not rounded."""
    rows = pl.DataFrame({"n": [2**63 - 1, -(2**63)], "m": [1, 2]}).with_columns(m=pl.lit("0.1").cast(pl.Decimal(9, 4)))
    n = {"max": 2**63 - 2, "min": -(2**70), "values": [2**63 - 1, 2**80]}
    contract = Contract.from_json({"columns": {"n": n, "m": {"max": 0.1, "values": [0.1]}}})
    assert broken(check(rows, contract)) == {"columns.n.max": 1, "columns.n.values": 1}
