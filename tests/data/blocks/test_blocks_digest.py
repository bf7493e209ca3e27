"""The logical digest of a table: what counts, what does not, and that it is computed as it is written down."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import struct

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent import digest
from solvent.data import table_digest

D = decimal.Decimal
UTC = dt.UTC

# Fixed for ever: a change of any of these is a change of every table's identity, and needs a new "table.N".
VECTORS = {
    "numbers": "8a452c3b32c976c7ba305c11c18a08f27f135d944002854ebfd646f97de0a1c9",
    "text": "1a58988315a9d41761997e9f40d8958ea968e5f9aa8c74443cf7fb79ff3d0ef6",
    "times": "c54d54abe99fe55a79150880524fb6e193977ae1e743e383396b8a55a83fd215",
    "missing": "bec6f70a7af9fae9339257ec62d90e413f38db8399ac3932e688885aa2b77226",
    "empty": "3c191c8ad142ca5f598ae8aa5a82b1e2a1bd32a1f1d22b6023b5f72f3b44e3ca",
    "enum": "d2159245b593a3c4a1affba0331c6b12a64b94e330a2d20bdad2f2dd5b58d066",
    "nested": "f130b6410060439987f82d1bd51d17d0e1e2ae8ee9a1dabb69bd8c3835f3257e",
    "decimal": "f7e09df5157fe992cfab5159fb1223c578fd1ac2d76a3d31cf4cb43f665f1f2b",
}


def _polars():
    return {
        "numbers": pl.DataFrame({"i": [1, -2, 3], "f": [0.5, -0.0, math.inf], "b": [True, False, True]}),
        "text": pl.DataFrame({"t": ["a", "", "ü😀", "long enough to leave the view"]}),
        "times": pl.DataFrame(
            {"at": pl.Series([dt.datetime(2013, 1, 1, 5), dt.datetime(1969, 12, 31)], dtype=pl.Datetime("us"))}
        ).with_columns(zoned=pl.col("at").dt.replace_time_zone("UTC")),
        "missing": pl.DataFrame({"f": [1.0, None, 3.0], "t": [None, "x", None], "b": [None, True, False]}),
        "empty": pl.DataFrame(schema={"i": pl.Int64, "t": pl.String}),
        "enum": pl.DataFrame({"c": pl.Series(["lo", "hi", None], dtype=pl.Enum(["lo", "mid", "hi"]))}),
        "nested": pl.DataFrame({"l": [["a"], None, []], "s": [{"x": 1}, {"x": None}, None]}),
        "decimal": pl.DataFrame({"d": pl.Series([D("1.50"), None], dtype=pl.Decimal(10, 2))}),
    }


def _pandas():
    at = pd.to_datetime(["2013-01-01 05:00", "1969-12-31 00:00"]).astype("datetime64[us]")
    return {
        "numbers": pd.DataFrame({"i": [1, -2, 3], "f": [0.5, -0.0, math.inf], "b": [True, False, True]}),
        "text": pd.DataFrame({"t": ["a", "", "ü😀", "long enough to leave the view"]}),
        "times": pd.DataFrame({"at": at, "zoned": at.tz_localize("UTC")}),
        "missing": pd.DataFrame(
            {"f": [1.0, math.nan, 3.0], "t": [None, "x", None], "b": pd.array([None, True, False], dtype="boolean")}
        ),
        "empty": pd.DataFrame({"i": pd.Series([], dtype="int64"), "t": pd.Series([], dtype="str")}),
        "enum": pd.DataFrame({"c": pd.Categorical(["lo", "hi", None], categories=["lo", "mid", "hi"], ordered=True)}),
    }


def _arrow():
    at = [dt.datetime(2013, 1, 1, 5), dt.datetime(1969, 12, 31)]
    return {
        "numbers": pa.table({"i": [1, -2, 3], "f": [0.5, -0.0, math.inf], "b": [True, False, True]}),
        "text": pa.table({"t": pa.array(["a", "", "ü😀", "long enough to leave the view"], pa.string_view())}),
        "times": pa.table({"at": pa.array(at, pa.timestamp("us")), "zoned": pa.array(at, pa.timestamp("us", "UTC"))}),
        "missing": pa.table({"f": [1.0, None, 3.0], "t": [None, "x", None], "b": [None, True, False]}),
        "empty": pa.table({"i": pa.array([], pa.int64()), "t": pa.array([], pa.string())}),
        "enum": pa.table(
            {"c": pa.DictionaryArray.from_arrays(pa.array([0, 2, None], pa.int8()), ["lo", "mid", "hi"], ordered=True)}
        ),
        "nested": pa.table(
            {"l": [["a"], None, []], "s": pa.array([{"x": 1}, {"x": None}, None], pa.struct([("x", pa.int64())]))}
        ),
        "decimal": pa.table({"d": pa.array([D("1.50"), None], pa.decimal128(10, 2))}),
    }


@pytest.mark.parametrize("made", [_polars, _pandas, _arrow], ids=["polars", "pandas", "pyarrow"])
def test_the_vectors_hold_in_every_library(made):
    """The digests of fixed small tables are the committed ones, whichever library made the frame."""
    assert {name: table_digest(frame) for name, frame in made().items()} == {name: VECTORS[name] for name in made()}


# --- the rule once more, in plain Python, as columns.py words it -------------------------------------------------


def _reference(names, types, columns):
    content = []
    rows = len(columns[0])
    if rows:
        content = [[rows, *(_column(kind, values) for kind, values in zip(types, columns, strict=True))]]
    schema = [[name, kind] for name, kind in zip(names, types, strict=True)]
    return digest.of_structure("table.1", ["border.1", schema, {}, content])


def _column(kind, values):
    return digest.of_structure("column.1", [kind, len(values), *_parts(kind, values)])


def _bits(flags):
    data = bytearray((len(flags) + 7) // 8)
    for place, flag in enumerate(flags):
        data[place // 8] |= bool(flag) << place % 8
    return bytes(data)


def _hash(data):
    return digest.of_bytes("values.1", data)


def _parts(kind, values):
    word = kind if isinstance(kind, str) else kind[0]
    if word == "null":
        return []
    gone = [value is None for value in values]
    valid = digest.of_bytes("bits.1", _bits([not one for one in gone])) if any(gone) else None
    if word == "bool":
        return [valid, _hash(_bits([bool(value) for value in values]))]
    if word in ("text", "binary"):
        raw = [b"" if value is None else value.encode() if word == "text" else value for value in values]
        return [valid, _hash(b"".join(struct.pack("<q", len(one)) for one in raw)), _hash(b"".join(raw))]
    if word == "list":
        lengths = b"".join(struct.pack("<q", len(value or ())) for value in values)
        return [valid, _hash(lengths), *_parts(kind[1], [item for value in values for item in value or ()])]
    if word == "struct":
        fields = ([None if value is None else value[name] for value in values] for name, _ in kind[1])
        return [valid, *(_parts(inner, items) for (_, inner), items in zip(kind[1], fields, strict=True))]
    if word == "enum":
        return [valid, _hash(b"".join(struct.pack("<I", kind[1].index(v) if v is not None else 0) for v in values))]
    codes = {"int8": "<b", "int64": "<q", "uint64": "<Q", "float32": "<f", "float64": "<d"}
    packed = []
    for value in values:
        if isinstance(value, float) and math.isnan(value):
            packed.append(bytes.fromhex("000000000000f87f" if word == "float64" else "0000c07f"))
        else:
            packed.append(struct.pack(codes[word], value or 0 if value is None else value))
    return [valid, _hash(b"".join(packed))]


INTEGERS = st.integers(-(2**63), 2**63 - 1)
KINDS = {
    "int64": (pl.Int64, INTEGERS),
    "int8": (pl.Int8, st.integers(-128, 127)),
    "uint64": (pl.UInt64, st.integers(0, 2**64 - 1)),
    "float64": (pl.Float64, st.floats()),
    "float32": (pl.Float32, st.floats(width=32)),
    "bool": (pl.Boolean, st.booleans()),
    "text": (pl.String, st.text(st.characters(exclude_categories=["Cs"]), max_size=20)),
    "binary": (pl.Binary, st.binary(max_size=20)),
}
NESTED = [
    (
        ["list", "text"],
        pl.List(pl.String),
        st.lists(st.none() | st.sampled_from(["", "a", "longer than twelve bytes"])),
    ),
    (["list", ["list", "int64"]], pl.List(pl.List(pl.Int64)), st.lists(st.none() | st.lists(st.none() | INTEGERS))),
    (
        ["struct", [["a", "int8"], ["b", ["list", "bool"]]]],
        pl.Struct({"a": pl.Int8, "b": pl.List(pl.Boolean)}),
        st.fixed_dictionaries(
            {"a": st.none() | st.integers(-128, 127), "b": st.none() | st.lists(st.none() | st.booleans(), max_size=3)}
        ),
    ),
    (["enum", ["x", "y", "ü"]], pl.Enum(["x", "y", "ü"]), st.sampled_from(["x", "y", "ü"])),
    ("null", pl.Null, st.none()),
]
ALL = [(kind, dtype, values) for kind, (dtype, values) in KINDS.items()] + NESTED


@settings(max_examples=25, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("logical, dtype, values", ALL, ids=lambda one: str(one)[:30])
def test_the_digest_is_the_written_rule(logical, dtype, values, data):
    """For random values of every type, the fast digest equals one computed value by value in plain Python."""
    column = data.draw(st.lists(st.none() | values, min_size=1, max_size=12))
    frame = pl.DataFrame({"c": pl.Series(column, dtype=dtype, strict=True)})
    if logical == "float32":
        column = frame["c"].to_list()
    assert table_digest(frame) == _reference(["c"], [logical], [column])


@settings(max_examples=25, deadline=None)
@given(cut=st.integers(0, 20), more=st.integers(0, 5))
@pytest.mark.parametrize("frame", _polars().values(), ids=_polars())
def test_slices_and_chunks_do_not_count(frame, cut, more):
    """A table cut out of a larger one, or put together of pieces, has the digest of the same rows made at once."""
    rows = pl.concat([frame] * 4)
    start, stop = min(cut, rows.height), min(cut + more * 3, rows.height)
    piece = rows.slice(start, stop - start)
    fresh = pl.DataFrame(piece.to_dicts(), schema=piece.schema)
    assert table_digest(piece) == table_digest(fresh)
    assert table_digest(piece.to_arrow().slice(0)) == table_digest(fresh)
    arrow = pa.concat_tables([frame.to_arrow()] * 4).slice(start, stop - start)
    assert table_digest(arrow) == table_digest(fresh)


def test_values_under_nulls_do_not_count():
    """Numbers, text, lists and struct fields that lie hidden under a null leave no trace."""
    mask = pa.py_buffer(b"\x05")
    hidden = pa.Array.from_buffers(pa.int64(), 3, [mask, pa.py_buffer(np.array([1, 99, 3]))])
    assert table_digest(pa.table({"c": hidden})) == table_digest(pl.DataFrame({"c": [1, None, 3]}))
    offsets = pa.py_buffer(np.array([0, 1, 5, 6], "<i4"))
    text = pa.Array.from_buffers(pa.string(), 3, [mask, offsets, pa.py_buffer(b"aSECRb")])
    assert table_digest(pa.table({"c": text})) == table_digest(pl.DataFrame({"c": ["a", None, "b"]}))
    items = pa.array([1, 2, 3, 4, 5, 6])
    lists = pa.Array.from_buffers(pa.list_(pa.int64()), 3, [mask, offsets], children=[items])
    assert table_digest(pa.table({"c": lists})) == table_digest(pl.DataFrame({"c": [[1], None, [6]]}))
    record = pa.StructArray.from_arrays([pa.array([1, 99, 3])], ["x"], mask=pa.array([False, True, False]))
    assert table_digest(pa.table({"c": record})) == table_digest(pl.DataFrame({"c": [{"x": 1}, None, {"x": 3}]}))


def test_every_nan_is_one_nan():
    """NaN with another sign and payload is the same NaN, and NaN is neither null nor a number."""
    odd = np.array([0x7FF8000000000000, 0xFFF8000000000001], "<u8").view("<f8")
    plain = pl.DataFrame({"c": [math.nan, math.nan]})
    assert table_digest(pl.DataFrame({"c": odd})) == table_digest(plain)
    assert table_digest(pl.DataFrame({"c": [None, None]}, schema={"c": pl.Float64})) != table_digest(plain)


def _differ(*frames):
    found = [table_digest(frame) for frame in frames]
    return len(set(found)) == len(found)


def test_what_counts_counts():
    """Zero's sign, widths, units, zones, precision, names, order of rows and columns, and nulls each change it."""
    one = pl.DataFrame({"a": [0.0, 1.0]})
    assert _differ(one, pl.DataFrame({"a": [-0.0, 1.0]}), one.reverse(), one.rename({"a": "b"}), one.cast(pl.Float32))
    assert _differ(*(pl.DataFrame({"a": pl.Series([1], dtype=kind)}) for kind in (pl.Int8, pl.Int64, pl.UInt64)))
    times = pl.DataFrame({"a": [dt.datetime(2020, 1, 1)]})
    zoned = [times.with_columns(pl.col("a").dt.replace_time_zone(zone)) for zone in ("UTC", "Europe/Berlin")]
    assert _differ(times, times.cast(pl.Datetime("ms")), times.cast(pl.Datetime("ns")), times.cast(pl.Date), *zoned)
    assert _differ(
        *(pl.DataFrame({"a": pl.Series([D(1)], dtype=pl.Decimal(p, s))}) for p, s in ((9, 0), (9, 2), (8, 2)))
    )
    two = pl.DataFrame({"a": [1], "b": [1]})
    assert _differ(two, two.select("b", "a"))
    assert _differ(pl.DataFrame({"a": [[1], []]}), pl.DataFrame({"a": [[], [1]]}), pl.DataFrame({"a": [[1], None]}))
    assert _differ(pl.DataFrame({"a": ["ab", "c"]}), pl.DataFrame({"a": ["a", "bc"]}), pl.DataFrame({"a": ["", "abc"]}))
    assert _differ(pl.DataFrame({"a": [{"x": 1}]}), pl.DataFrame({"a": [{"y": 1}]}))
    assert _differ(pl.DataFrame(), pl.DataFrame(schema={"a": pl.Int64}), pl.DataFrame(schema={"a": pl.Int32}))


def test_dictionary_encoding_does_not_count_and_categories_do():
    """A categorical is text; an enum's or pandas' list of categories, its order, and being ordered are content."""
    text = pl.DataFrame({"c": ["a", "b", None, "a"]})
    encoded = pa.table({"c": pa.array(["a", "b", None, "a"]).dictionary_encode()})
    assert table_digest(text) == table_digest(text.cast(pl.Categorical)) == table_digest(encoded)
    pandas = [
        pd.DataFrame({"c": pd.Categorical(["a", "b", None, "a"], categories=names, ordered=ordered)})
        for names, ordered in ((["a", "b"], True), (["a", "b"], False), (["b", "a"], False), (["a", "b", "c"], False))
    ]
    assert _differ(text, *pandas)
    assert table_digest(pandas[0]) == table_digest(text.cast(pl.Enum(["a", "b"])))


def test_a_lazy_frame_and_a_reader_are_their_rows():
    """What is still to be carried out has the digest of what it gives."""
    frame = pl.DataFrame({"a": range(1000), "t": [str(i) for i in range(1000)]})
    assert table_digest(frame.lazy()) == table_digest(frame)
    assert table_digest(frame.to_arrow().to_reader(max_chunksize=7)) == table_digest(frame)
