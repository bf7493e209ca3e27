"""Rows on both sides are found, and rows that only happen to be alike are not."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from solvent.errors import InputError
from solvent.learn import Audit, audit_leaks

DICE = np.random.default_rng(0)
N = 1500


def table(rows: int = N) -> pl.DataFrame:
    x = DICE.normal(size=(rows, 4))
    words = DICE.choice(["red apple", "green pear", "blue plum", "old fig", "dry date"], (rows, 3))
    return pl.DataFrame(
        {
            "a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "d": x[:, 3],
            "text": [f"{' '.join(one)} {number * 7}" for number, one in enumerate(words)],
            "y": x[:, 0] + DICE.normal(size=rows) > 0,
        }
    )  # fmt: skip


TRAIN, TEST = table(), table(500)


def audit(train: pl.DataFrame, test: pl.DataFrame, **settings: object) -> Audit:
    return audit_leaks(train, test, target="y", seed=1, **settings)


def kinds(found: Audit) -> list[str]:
    return [one.kind for one in found.findings if one.severity == "leak"]


def test_nothing_is_found_where_nothing_is() -> None:
    """Two parts that have nothing to do with one another pass, and every kind was looked for or says why not."""
    found = audit(TRAIN, TEST)
    assert found.passed and found.findings == () and found.reasons() == ""
    assert set(found.skipped) == {
        "groups", "time", "fitted_on_test", "after_event as declared", "champion", "future", "left_out"
    }  # fmt: skip
    assert "group: COLUMN" in found.skipped["groups"]


def test_the_same_rows_on_both_sides_are_found() -> None:
    """Their number and share are told, and near rows are not told a second time."""
    found = audit(pl.concat([TRAIN, TEST[:30]]), TEST)
    (one,) = found.findings
    assert (one.kind, one.rows, one.figures["share"]) == ("rows", 30, 30 / 500)
    assert "30 of 500 test rows" in one.evidence and "allow: {rows:" in one.remedy
    assert not found.passed and "30 of 500" in found.reasons()


def test_rows_that_come_again_everywhere_are_a_leak_of_rows_alone() -> None:
    """Coarse rows that are there many times are rows on both sides; that they are near each other says no more."""
    coarse = [one.select(pl.col("a", "b").round(), "y") for one in (TRAIN, TEST)]
    assert kinds(audit(*coarse)) == ["rows"]
    few = [one.with_columns(pl.col("a", "b", "c", "d").round(1)).drop("text") for one in (TRAIN, TEST)]
    assert kinds(audit(*few)) == []


def test_an_id_on_both_sides_is_found_once_is_enough() -> None:
    """With id one row is enough, whatever else is in it; an id that comes again in the rows learnt from is none."""
    train, test = TRAIN.with_row_index("no"), TEST.with_columns(no=pl.int_range(1499, 1999, dtype=pl.UInt32))
    (one,) = audit(train, test.select(train.columns), id="no").findings
    assert (one.kind, one.rows) == ("rows", 1) and "have the no of a row" in one.evidence
    customers = [one.with_columns(no=pl.int_range(pl.len()) % 50) for one in (TRAIN, TEST)]
    assert audit(*customers, id=["no"]).passed


@pytest.mark.parametrize("how", ["text", "digits", "decimals", "distance"])
def test_rows_that_are_nearly_the_same_are_found(how: str) -> None:
    """Text in another dress, numbers in the last digits, numbers a little apart: copies, found as near rows."""
    copies, noise = TEST[:60].with_columns(~pl.col("y")), pl.Series(DICE.normal(size=60))
    if how == "text":
        copies = copies.with_columns(pl.col("text").str.to_uppercase() + " !")
    elif how == "digits":
        copies = copies.with_columns(pl.col("text").str.replace_all(r"\d", "5"))
    else:
        far = 1e-7 if how == "decimals" else 0.02
        copies = copies.with_columns((pl.col("a") * (1 + far * noise)), pl.col("b") + far * noise * noise.std())
        copies = copies.with_columns(text=pl.lit("other")) if how == "distance" else copies
    assert kinds(audit(pl.concat([TRAIN, copies]), TEST)) == ["near_rows"]


def test_groups_on_both_sides_are_found() -> None:
    """One test row of a group that is learnt from is enough; groups of unknown rows are none."""
    train = TRAIN.with_columns(who=pl.Series([f"c{one % 100}" for one in range(N)]))
    test = TEST.with_columns(who=pl.Series([f"t{one % 50}" if one else None for one in range(500)]))
    assert audit(train, test, group="who").passed
    test = test.with_columns(who=pl.when(pl.col("who") == "t7").then(pl.lit("c7")).otherwise("who"))
    (one,) = audit(train, test, group="who").findings
    assert (one.kind, one.columns, one.rows) == ("groups", ("who",), 10) and "group_split" in one.remedy


@pytest.mark.parametrize("kind", ["date", "text", "datetime"])
def test_rows_to_learn_from_after_the_test_began_are_found(kind: str) -> None:
    """In dates, times, and ISO text; the same moment on both sides is not later."""

    def when(first: int, rows: int) -> pl.Series:
        days = pl.Series("at", [dt.date(2024, 1, 1) + dt.timedelta(days=first + one // 10) for one in range(rows)])
        return {"date": days, "text": days.cast(pl.String), "datetime": days.cast(pl.Datetime("us"))}[kind]

    train, test = TRAIN.with_columns(when(0, N)), TEST.with_columns(when(149, 500))
    assert audit(train, test, time="at").passed
    (one,) = audit(train, TEST.with_columns(when(148, 500)), time="at").findings
    assert (one.kind, one.rows) == ("time", 10) and "time_split" in one.remedy


def test_what_is_known_later_is_found_as_it_was_declared() -> None:
    """A column is known at the moment that another one holds, or before or after the prediction."""
    at = pl.int_range(pl.len()) * 10
    train, test = (one.with_columns(at=at, paid=at + 5 * (pl.int_range(pl.len()) % 2)) for one in (TRAIN, TEST))
    test = test.with_columns(pl.col("at", "paid") + 100_000)
    settings = {"time": "at", "drop": ["at", "paid"]}
    assert audit(train, test, known_at={"a": "before", "b": "at"}, **settings).passed
    found = audit(train, test, known_at={"a": "paid", "b": "after"}, **settings)
    assert [(one.kind, one.columns, one.rows) for one in found.findings] == [
        ("after_event", ("a",), 750), ("after_event", ("b",), N)
    ]  # fmt: skip
    with pytest.raises(InputError, match="neither a column"):
        audit(train, test, known_at={"a": "soon"}, **settings)
    with pytest.raises(InputError, match="time: COLUMN"):
        audit(train, test, known_at={"a": "paid"}, drop=["at", "paid"])


def test_a_column_without_a_name_is_looked_at_too() -> None:
    """An empty name is a name."""
    found = audit(TRAIN.rename({TRAIN.columns[0]: ""}), TEST.rename({TEST.columns[0]: ""}))
    assert found.passed
