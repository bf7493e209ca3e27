"""A change of a contract is judged for those who read the data and those who write it."""

from __future__ import annotations

import pytest

from solvent.data.contract import Contract, compare

OLD = {
    "rows": {"min": 10},
    "key": ["id"],
    "unique": [["a", "b"]],
    "freshness": {"column": "day", "within": "2 days"},
    "extra": "warn",
    "columns": {
        "id": {"type": "int64", "nulls": 0, "min": 0},
        "a": {"type": "int32", "values": [1, 2], "max": {"is": 5, "severity": "warn"}},
        "b": {"type": "text", "length": {"max": 5}, "pattern": "[a-z]+", "nulls": 0.1},
        "day": {"type": "date", "min": "2020-01-01"},
        "maybe": {"required": False},
    },
    "rules": [{"name": "r", "check": "a > 1"}],
}


def changed(**columns):
    """The verdicts of a change of columns, by path."""
    new = {**OLD, "columns": {**OLD["columns"], **columns}}
    new["columns"] = {name: one for name, one in new["columns"].items() if one is not None}
    found = compare(Contract.from_json(OLD), Contract.from_json(new))
    return {(one.path, one.verdict) for one in found if one.verdict != "same"}


R, W = "breaking for readers", "breaking for writers"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, set()),
        ({"id": None}, {("columns.id", R)}),
        ({"maybe": None}, {("columns.maybe", "wider")}),
        ({"new": {"type": "text"}}, {("columns.new", W)}),
        ({"new": {"required": False}}, {("columns.new", "narrower")}),
        ({"maybe": {}}, {("columns.maybe.required", W)}),
        ({"id": {"type": "float64", "nulls": 0, "min": 0}}, {("columns.id.type", "wider")}),
        ({"id": {"type": "int16", "nulls": 0, "min": 0}}, {("columns.id.type", "narrower")}),
        ({"id": {"type": "text", "nulls": 0}},
         {("columns.id.type", R), ("columns.id.type", W), ("columns.id.min", "wider")}),
        ({"id": {"type": "int64", "nulls": 0.1, "min": -5}}, {("columns.id.nulls", R), ("columns.id.min", "wider")}),
        ({"id": {"type": "int64", "min": 3}}, {("columns.id.nulls", R), ("columns.id.min", "narrower")}),
        ({"a": {"type": "int32", "values": [2, 3], "max": 5}},
         {("columns.a.values", "narrower"), ("columns.a.values", "wider"), ("columns.a.max.severity", "narrower")}),
        ({"b": {"type": "text", "length": {"min": 1, "max": 9}, "pattern": "[a-z]", "nulls": 0}},
         {("columns.b.length.min", "narrower"), ("columns.b.length.max", "wider"), ("columns.b.nulls", W),
          ("columns.b.pattern", "narrower"), ("columns.b.pattern", "wider")}),
        ({"day": {"type": "date", "min": "2019-12-31"}}, {("columns.day.min", "wider")}),
    ],
)  # fmt: skip
def test_a_change_of_a_column_has_its_verdict(columns, expected):
    """What a reader could rely on, or a writer could write, decides."""
    assert changed(**columns) == expected


def test_the_table_and_its_rules_are_compared_too():
    """Rows, key, unique sets, freshness, other columns and rules."""
    new = Contract.from_json(
        {
            **OLD,
            "rows": {"min": 5, "max": 50},
            "key": ["id", "a"],
            "unique": [["a", "day"]],
            "freshness": {"column": "day", "within": "1 day"},
            "extra": "fail",
            "rules": [{"name": "r", "check": "a > 2"}, {"name": "s", "check": "a > 0"}],
        }
    )
    found = {(one.path, one.verdict) for one in compare(Contract.from_json(OLD), new) if one.verdict != "same"}
    assert found == {
        ("rows.min", "wider"), ("rows.max", "narrower"), ("key", R), ("unique.a+b", "wider"),
        ("unique.a+day", "narrower"), ("freshness", "narrower"), ("extra", "narrower"), ("rules.r", "narrower"),
        ("rules.r", "wider"), ("rules.s", "narrower"),
    }  # fmt: skip


def test_the_same_is_the_same():
    """Two spellings of one contract differ in nothing, and each column is said to be the same."""
    other = {**OLD, "freshness": {"column": "day", "within": "48 hours"}}
    found = compare(Contract.from_json(OLD), Contract.from_json(other))
    assert [one.verdict for one in found] == ["same"] * 5
    assert found[0].to_json()["path"] == "columns.id"
