"""An audit is plain data, can be told what is meant, says what it did not look for, and takes rows as they come."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sys
import time

import numpy as np
import polars as pl
import pytest

from solvent.errors import InputError, SettingsError
from solvent.learn import Audit, audit_leaks

N = 900


def table() -> pl.DataFrame:
    dice = np.random.default_rng(0)
    x = dice.normal(size=(N, 4))
    y = x[:, 0] + x[:, 1] + dice.normal(size=N) > 0
    rows = pl.DataFrame({f"x{place}": x[:, place] for place in range(4)} | {"y": y})
    return rows.with_columns(code=pl.Series(np.where(dice.random(N) < 0.02, ~y, y) * 5 + dice.integers(0, 5, N)))


ROWS = table()


def audit(rows: pl.DataFrame = ROWS, **settings: object) -> Audit:
    return audit_leaks(rows[:700], rows[700:], target="y", seed=1, **settings)


def test_what_is_meant_is_allowed_with_a_reason() -> None:
    """By kind, or by kind and column; what is silenced is still told, and fails nothing."""
    open_, whole, column = audit(), audit(allow={"disguise": "known"}), audit(allow={"disguise.code": "known before"})
    assert [one.kind for one in open_.leaks] == ["disguise"] and not open_.passed
    assert whole.passed and column.passed and not column.leaks
    (one,) = column.findings
    assert one.silenced == "known before" and "Allowed: known before" in str(one) and column.reasons() == ""
    assert 'allow: {disguise.code: "why"}' in open_.findings[0].remedy


def test_an_exception_that_nothing_needs_is_a_hint() -> None:
    """A column that is not found any more is told, unless its kind was not looked for; a wrong kind is refused."""
    found = audit(allow={"disguise.code": "known", "disguise.kode": "known", "groups": "one shop"})
    assert found.passed
    assert [(one.kind, one.severity) for one in found.findings] == [("disguise", "leak"), ("allow", "hint")]
    assert "disguise.kode silences nothing" in found.findings[1].evidence
    with pytest.raises(SettingsError, match="Did you mean 'disguise'"):
        audit(allow={"disguize.code": "known"})
    with pytest.raises(SettingsError, match="say why"):
        audit(allow={"disguise.code": " "})


def test_an_audit_is_plain_data() -> None:
    """It goes to JSON, numbers and all, and is the same for the same seed."""
    told = json.loads(json.dumps(dataclasses.asdict(audit()), allow_nan=False))
    assert told["findings"][0]["columns"] == ["code"] and told["train_rows"] == 700 and told["features"] == 5
    assert audit() == audit()


def test_without_scikit_learn_it_is_said_what_was_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind that needs it is named with the way out; all others are looked for."""
    for name in [one for one in sys.modules if one.partition(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    found = audit(pl.concat([ROWS, ROWS[:50]]))
    needing = {name for name, why in found.skipped.items() if "solvent[learn]" in why}
    assert needing == {"near_rows by distance", "disguise", "sum", "missing"}
    assert {"rows", "near_rows", "id", "encoding", "scaling", "after_event"} <= set(found.checked)
    assert [one.kind for one in found.leaks] == ["rows"]


def test_what_cannot_be_audited_is_refused() -> None:
    """No rows, no target, columns that are not there, a time that has no order: each with the reason."""
    for train, test in ((ROWS[:0], ROWS), (ROWS, ROWS[:0])):
        with pytest.raises(InputError, match="has no rows"):
            audit_leaks(train, test, target="y", seed=1)
    with pytest.raises(InputError, match="no column 'z'"):
        audit_leaks(ROWS, ROWS, target="z", seed=1)
    with pytest.raises(InputError, match="no column 'shop'"):
        audit(group="shop")
    with pytest.raises(InputError, match="cannot be a time"):
        audit(ROWS.with_columns(at=pl.col("x0") > 0), time="at")
    with pytest.raises(InputError, match="give both one type"):
        audit_leaks(ROWS, ROWS.with_columns(pl.col("x0").cast(pl.String)), target="y", group="x0", seed=1)
    with pytest.raises(SettingsError, match="is the target"):
        audit(drop=["y"])


@pytest.mark.parametrize(
    "target",
    [[None] * N, [1] * N, [float("nan")] * N, [[1]] * N, [1] * (N - 1) + [2], [{"a": 1}] * N],
    ids=["unknown", "constant", "nan", "nested", "one other", "struct"],
)
def test_a_target_that_tells_nothing_is_no_reason_to_look_at_no_rows(target: list[object]) -> None:
    """Kinds that need it say why they were not looked for; the others were."""
    found = audit(ROWS.with_columns(y=pl.Series(target, strict=False)))
    assert {"disguise", "sum", "missing", "encoding"} <= set(found.skipped)
    assert {"rows", "near_rows", "id", "scaling"} <= set(found.checked)


def test_rows_as_they_come_are_audited() -> None:
    """Infinite, huge and missing numbers, empty and foreign text, times, categories; nested columns are left out."""
    place = np.arange(N)
    odd = ROWS.drop("code").with_columns(
        pl.Series("inf", np.where(place % 7 == 0, np.inf, place % 5)),
        pl.Series("huge", (place % 11) * 1e307),
        pl.Series("nan", np.where(place % 3 == 0, np.nan, place % 5)),
        pl.Series("none", [None] * N),
        pl.Series("text", ["ä ö", "日本語", None, "", "a\0b", "🙂"] * (N // 6)),
        pl.Series("big", np.uint64(2**63) + (place % 100).astype(np.uint64)),
        pl.Series("kind", ["a", "b"] * (N // 2), dtype=pl.Categorical),
        pl.Series("day", [dt.date(2024, 1, 1) + dt.timedelta(days=int(one) % 300) for one in place]),
        pl.Series("hour", [dt.time(int(one) % 24) for one in place]),
        pl.Series("span", [dt.timedelta(days=int(one) % 9) for one in place]),
        pl.Series("price", [f"{one % 90}.5" for one in place]).cast(pl.Decimal(10, 2)),
        pl.Series("tags", [[1, 2]] * N),
    )
    found = audit(odd.sample(fraction=1.0, shuffle=True, seed=1))
    assert found.leaks == () or {one.kind for one in found.leaks} == {"rows"}
    assert "tags" in found.skipped["columns"] and {"disguise", "missing", "sum"} <= set(found.checked)
    json.dumps(dataclasses.asdict(found), allow_nan=False)
    for count in (1, 2):
        small = audit_leaks(odd[:count], odd[N - count :], target="y", seed=1)
        assert "rows" in small.checked and "disguise" in small.skipped


@pytest.mark.parametrize("target", ["day", "span", "price", "kind", "text", "many"])
def test_targets_of_every_type_are_taken(target: str) -> None:
    """Times and decimals as numbers, text of very many values as its most frequent ones."""
    place = np.arange(N)
    columns = {
        "day": pl.Series([dt.date(2024, 1, 1) + dt.timedelta(days=int(one) % 300) for one in place]),
        "span": pl.Series([dt.timedelta(days=int(one) % 90) for one in place]),
        "price": pl.Series([f"{one % 90}.5" for one in place]).cast(pl.Decimal(10, 2)),
        "kind": pl.Series(["a", "b"] * (N // 2), dtype=pl.Categorical),
        "text": pl.Series(["ä", None, "ö"] * (N // 3)),
        "many": pl.Series([f"c{one % 30}" for one in place]),
    }
    rows = ROWS.drop("code", "y").with_columns(y=columns[target]).sample(fraction=1.0, shuffle=True, seed=1)
    found = audit(rows)
    assert "disguise" in found.checked and found.passed


def test_columns_that_only_one_part_has_are_said() -> None:
    """And numbers of another type are compared as numbers; without a target in the test rows the rest is audited."""
    train, test = ROWS[:700], ROWS[700:].with_columns(pl.col("code").cast(pl.Float32), pl.lit("a").alias("x1"))
    found = audit_leaks(train, test.drop("x0", "y"), target="y", seed=1)
    assert (
        "x0: it is not in the test rows" in found.skipped["columns"] and "x1: it is Float64" in found.skipped["columns"]
    )
    assert found.features == 3 and [one.kind for one in found.findings] == ["disguise"]


def test_parts_of_other_types_are_audited_as_far_as_they_go() -> None:
    """A dropped column, a declared one and the target itself may have another type in the test rows."""
    for name, settings in (("x1", {"drop": ["x1"]}), ("x1", {"known_at": {"x1": "before"}}), ("y", {})):
        test = ROWS[700:].with_columns(pl.lit("a").alias(name))
        found = audit_leaks(ROWS[:700], test, target="y", seed=1, **settings)
        assert f"{name}: it is" in found.skipped["columns"] and "encoding" in found.checked


@pytest.mark.slow
def test_very_many_columns_take_bounded_time_and_it_is_said() -> None:
    """Of 250 columns the strongest are looked at closely, and the one that leaks is among them."""
    dice = np.random.default_rng(0)
    wide = pl.DataFrame({f"w{place}": dice.normal(size=N).round(3) for place in range(250)})
    begun = time.monotonic()
    found = audit(pl.concat([ROWS, wide], how="horizontal"), sample=1000)
    assert time.monotonic() - begun < 20
    assert [(one.kind, one.columns) for one in found.leaks] == [("disguise", ("code",))]
    assert "255 features" in found.notes[-1]
