"""A table of every kind of column, some of them hostile, and the schema that altair brings."""

from __future__ import annotations

import datetime
import functools
import json
import random
from pathlib import Path

import polars as pl
import pytest

EVIL = ("<script>alert(1)</script>", "a\u202eb\nc", "quo\"te's", "x.y[0]", " spaced ", "=1+1", "]]>", "datum.a${1}")


def make_table(rows=400):
    """Rows of all kinds, the same each time."""
    draw = random.Random(7)
    day = datetime.date(2013, 1, 1)
    moment = datetime.datetime(2013, 1, 1)
    columns = {
        "number": [draw.gauss(0, 1) if draw.random() > 0.1 else None for _ in range(rows)],
        "tail": [draw.expovariate(1) ** 6 for _ in range(rows)],
        "whole": [draw.randrange(100) for _ in range(rows)],
        "few": [draw.choice([0, 1, -999]) for _ in range(rows)],
        "yes": [draw.choice([True, False, None]) for _ in range(rows)],
        "word": [draw.choice(["a", "b", "<img src=x onerror=alert(1)>", "c", None, ""]) for _ in range(rows)],
        "key": [f"id{at}" for at in range(rows)],
        "when": [moment + datetime.timedelta(hours=draw.randrange(9000)) for _ in range(rows)],
        "day": [day + datetime.timedelta(days=draw.randrange(900)) for _ in range(rows)],
        "clock": [datetime.time(draw.randrange(24), draw.randrange(60)) for _ in range(rows)],
        "length": [datetime.timedelta(seconds=draw.randrange(24) * 7) for _ in range(rows)],
        "list": [[1] * draw.randrange(5) for _ in range(rows)],
        "nothing": [None] * rows,
        "record": [{"a": at} for at in range(rows)],
        "bytes": [b"abc"] * rows,
        "huge": [draw.choice([10**300, -(10.0**300), 0.0]) for _ in range(rows)],
        "nan": [draw.choice([float("nan"), float("inf"), 1.5]) for _ in range(rows)],
        "constant": ["one"] * rows,
        **{name: [draw.choice(EVIL) for _ in range(rows)] for name in EVIL},
    }
    frame = pl.DataFrame(columns, schema_overrides={"huge": pl.Float64, "nothing": pl.Null}, strict=False)
    return frame.with_columns(pl.col("whole").cast(pl.Decimal(12, 2)).alias("money"))


@pytest.fixture(scope="session")
def table():
    """The table."""
    return make_table()


@functools.cache
def _validator():
    altair = pytest.importorskip("altair")
    jsonschema = pytest.importorskip("jsonschema")
    file = Path(altair.__file__).parent / "vegalite" / "v6" / "schema" / "vega-lite-schema.json"
    return jsonschema.Draft7Validator(json.loads(file.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def check():
    """A function that fails where a specification is not Vega-Lite, is not plain JSON, or holds too much data."""

    def checked(spec, most=700):
        text = json.dumps(spec, allow_nan=False)
        problems = [one.message[:200] for one in _validator().iter_errors(json.loads(text))]
        assert problems == []
        assert sum(len(one) for one in find_values(spec)) <= most
        assert spec["$schema"].startswith("https://vega.github.io/schema/vega-lite/v6")
        return spec

    return checked


def find_values(spec):
    """Every list of rows in a specification."""
    if isinstance(spec, dict):
        if isinstance(spec.get("data"), dict):
            yield spec["data"]["values"]
        for name, one in spec.items():
            if name not in ("data", "usermeta"):
                yield from find_values(one)
    elif isinstance(spec, list):
        for one in spec:
            yield from find_values(one)


@pytest.fixture(scope="session")
def values():
    """The lists of rows of a specification."""
    return lambda spec: list(find_values(spec))
