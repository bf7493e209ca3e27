"""Gates of slices, budgets, the contract and the way back: what passes, what is refused, and what they say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from solvent import digest
from solvent.archive.store.local import BLOB
from solvent.delivery import Bundle
from solvent.delivery.proving.golden import is_alike
from solvent.delivery.proving.limits import check_budgets, judge_budget, judge_contract, judge_rollback, judge_slices
from solvent.delivery.proving.probe import examine
from solvent.errors import SettingsError
from solvent.learn.tables.schema import Column


def _slice(name: str, value: float | None, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    return {"name": name, "rows": 100, "figures": {"roc_auc": {"value": value, "low": low, "high": high}}}


def test_a_slice_is_refused_where_its_whole_interval_is_beyond_the_limit() -> None:
    """One that may as well be good enough passes; the worst is named; undefined ones do not count."""
    slices = [_slice("a", 0.9, 0.85, 0.95), _slice("b", 0.55, 0.4, 0.7), _slice("c", None)]
    (gate,) = judge_slices(slices, {"roc_auc": {"min": 0.65}})
    assert gate.passed and gate.note == "b, 100 rows" and gate.measured == 0.55
    (gate,) = judge_slices(slices, {"roc_auc": {"min": 0.75}})
    assert not gate.passed and "REFUSED" in str(gate)
    (gate,) = judge_slices(slices, {"roc_auc": {"max": 0.8}})
    assert not gate.passed and gate.note.startswith("a,")
    assert not judge_slices([], {"roc_auc": {"min": 0.1}})[0].passed
    assert not judge_slices(slices, {"f1": {"min": 0.1}})[0].passed
    assert judge_slices(slices, {}) == []


def test_rows_a_second_can_be_too_few() -> None:
    """The one budget that is a least: a plain number is a minimum, and the champion's share too; no maximum."""
    assert [one.passed for one in judge_budget("rows_per_second", 900.0, 1000.0, 1000)] == [False]
    assert [one.passed for one in judge_budget("rows_per_second", 900.0, 1000.0, {"times_champion": 0.8})] == [True]
    assert [one.passed for one in judge_budget("rows_per_second", 700.0, 1000.0, {"times_champion": 0.8})] == [False]
    check_budgets({"rows_per_second": {"min": 10}, "p99_ms": {"max": 3}, "size_mb": 5})
    with pytest.raises(SettingsError, match=r"rows_per_second has a min and no max: rows_per_second: \{min: 10\}"):
        check_budgets({"rows_per_second": {"max": 10}})
    with pytest.raises(SettingsError, match="p99_ms has a max and no min"):
        check_budgets({"p99_ms": {"min": 10}})


def test_a_budget_is_a_number_or_hangs_on_the_champion() -> None:
    """Both limits count; without a champion the second passes; what was not measured does not."""
    assert [one.passed for one in judge_budget("p99_ms", 3.0, 2.0, 5)] == [True]
    assert [one.passed for one in judge_budget("p99_ms", 3.0, 2.0, {"max": 5.0, "times_champion": 1.2})] == [
        True,
        False,
    ]
    assert [one.passed for one in judge_budget("p99_ms", 3.0, None, {"times_champion": 1.2})] == [True]
    assert [one.passed for one in judge_budget("p99_ms", None, 2.0, {"max": 5.0, "times_champion": 9})] == [
        False,
        False,
    ]


def _column(name: str, kind: str = "float", nullable: bool = False) -> Column:
    return Column(name, kind, nullable)


@pytest.mark.parametrize(
    ("ours", "said"),
    [
        ([_column("a"), _column("b", "text", True)], ""),
        ([_column("a")], ""),
        ([_column("a"), _column("new", nullable=True)], ""),
        ([_column("n", "float")], ""),
        ([_column("new")], "new is needed, and callers do not send it"),
        ([_column("a", "text")], "a was float and is text"),
        ([_column("a", "int")], "a was float and is int"),
        ([_column("b", "text", False)], "b could be missing and cannot any more"),
    ],
)
def test_what_callers_send_has_to_fit(ours: list[Column], said: str) -> None:
    """New columns only if they may be missing, no other type but a wider one, and no column that is needed now."""
    gate = judge_contract(ours, [_column("a"), _column("b", "text", True), _column("n", "int")])
    assert (gate.passed, gate.note) == (not said, said)


def test_the_way_back_is_tried() -> None:
    """A champion that does not open, or answers otherwise, is no way back."""
    assert judge_rollback({"different": 0}).passed
    assert not judge_rollback({"different": 2}).passed
    assert judge_rollback({"error": "it ended without a word"}).note == "it ended without a word"


def test_answers_are_alike_to_the_tolerance_and_ties_may_fall_either_way() -> None:
    """Nine digits between Python and Python, five for a graph; there, classes as probable as each other count alike."""
    assert is_alike([True, [0.4, 0.6]], [True, [0.4, 0.6 + 1e-12]], 1e-9)
    assert not is_alike([True, [0.4, 0.6]], [True, [0.4, 0.6 + 1e-7]], 1e-9)
    assert is_alike([True, [0.4, 0.6]], [True, [0.4, 0.6 + 1e-7]], 1e-5)
    assert is_alike([True, [0.4999999, 0.5000001]], [False, [0.5000001, 0.4999999]], 1e-5)
    assert not is_alike([True, [0.4, 0.6]], [False, [0.4, 0.6]], 1e-5)
    assert is_alike([3.00001, None], [3.0, None], 1e-5) and not is_alike([3.001, None], [3.0, None], 1e-5)


def test_a_probe_tells_which_rows_differ(small: Any) -> None:
    """A bundle that answers otherwise than was packed is no error: the rows are named, and it is measured."""
    golden = [dict(one) for one in small.bundle.golden]
    for place in (3, 25):
        golden[place]["probability"] = golden[place]["probability"][::-1]
    data = json.dumps(golden).encode()
    listed = {**small.bundle.manifest["files"], "golden.json": digest.of_bytes(BLOB, data)}
    manifest = json.dumps({**small.bundle.manifest, "files": listed}).encode()
    probed = examine(Bundle({**small.bundle.files, "golden.json": data, "bundle.json": manifest}))
    places = [(one["row"], one.get("form", "golden")) for one in probed["differences"]]
    assert {(3, "golden"), (25, "golden"), (3, "predict"), (25, "list")} <= set(places)
    assert probed["runtime"] == "python" and probed["p50_ms"] > 0
    gate = judge_rollback(probed)
    assert not gate.passed and gate.measured == probed["different"]
