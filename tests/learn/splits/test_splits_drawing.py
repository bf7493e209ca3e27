"""Drawing rows, groups and keys: what goes where follows from seed or key alone, and nothing is lost or twice."""

from __future__ import annotations

import datetime as dt
import decimal
import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.errors import InputError, SettingsError
from solvent.learn import (
    group_split,
    group_split3,
    hash_split,
    hash_split3,
    partition,
    predefined_split,
    predefined_split3,
    random_split3,
    stratified_split,
    stratified_split3,
)
from solvent.learn.splits.keys import place_of


def table(count: int = 1000) -> pl.DataFrame:
    dice = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "row": range(count),
            "kind": dice.choice(["a", "b", "c"], count, p=[0.7, 0.27, 0.03]),
            "shop": dice.integers(0, 40, count),
            "y": dice.normal(0, 1, count),
        }
    )


def rows_of(parts) -> list[int]:
    return [row for part in parts for row in part["row"].to_list()]


SPLITS = {
    "random_split3": lambda rows: random_split3(rows, valid=0.1, test=0.3, seed=5),
    "stratified_split": lambda rows: stratified_split(rows, by="kind", seed=5),
    "stratified_split3": lambda rows: stratified_split3(rows, by=["kind", "shop"], valid=0.1, test=0.3, seed=5),
    "group_split": lambda rows: group_split(rows, by="shop", seed=5),
    "group_split3": lambda rows: group_split3(rows, by="shop", valid=0.1, test=0.3, seed=5),
    "hash_split": lambda rows: hash_split(rows, by="row"),
    "hash_split3": lambda rows: hash_split3(rows, by="row", valid=0.1, test=0.3),
    "predefined_split": lambda rows: predefined_split(rows, column="kind", test=["b", "c"]),
    "predefined_split3": lambda rows: predefined_split3(rows, column="kind", valid="b", test="c"),
}


@pytest.mark.parametrize("name", SPLITS)
def test_every_row_is_in_one_part_in_the_order_of_the_table(name: str) -> None:
    """And the same call gives the same parts again."""
    parts = SPLITS[name](table())
    assert sorted(rows_of(parts)) == list(range(1000))
    assert all(part["row"].is_sorted() for part in parts)
    assert rows_of(SPLITS[name](table().lazy())) == rows_of(parts) == rows_of(SPLITS[name](table().to_pandas()))


def test_each_kind_has_its_share_in_every_part() -> None:
    """Within a row, also of a rare kind; and all together there are as many as were asked for."""
    rows = table()
    parts = stratified_split3(rows, by="kind", valid=0.1, test=0.25, seed=3)
    assert (parts.test.height, parts.valid.height) == (250, 100)
    for kind, count in rows["kind"].value_counts().iter_rows():
        for part, share in ((parts.test, 0.25), (parts.valid, 0.1)):
            assert abs((part["kind"] == kind).sum() - count * share) <= 1


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(1, 30), min_size=1, max_size=12),
    share=st.floats(0.01, 0.6), seed=st.integers(0, 99),
)  # fmt: skip
def test_of_every_kind_that_has_two_rows_one_is_learnt_from_and_one_is_tested_on(counts, share, seed) -> None:
    """However small the share, and however many kinds there are; one of a single row is learnt from."""
    kinds = [kind for kind, count in enumerate(counts) for _ in range(count)]
    rows = pl.DataFrame({"kind": kinds, "row": range(len(kinds))})
    if len(counts) > 2 and counts.count(1) * 2 > len(kinds):
        with pytest.raises(InputError, match="most of them with one row"):
            stratified_split(rows, by="kind", test=share, seed=seed)
        return
    if max(counts) == 1:
        with pytest.raises(InputError, match="'test' would have no rows"):
            stratified_split(rows, by="kind", test=share, seed=seed)
        return
    parts = stratified_split(rows, by="kind", test=share, seed=seed)
    assert sorted(rows_of(parts)) == list(range(len(kinds)))
    for kind, count in enumerate(counts):
        assert (parts.train["kind"] == kind).any()
        assert (parts.test["kind"] == kind).any() == (count > 1)


def test_a_number_is_spread_by_bands() -> None:
    """So the parts have the same tenths of a target; without bands most kinds would be one row, which is said."""
    rows = table()
    with pytest.raises(InputError, match="1000 kinds of 1000 rows.*bands: 10"):
        stratified_split(rows, by="y", seed=1)
    parts = stratified_split(rows, by="y", bands=10, test=0.2, seed=1)
    edges = np.quantile(rows["y"], np.linspace(0.1, 0.9, 9))
    assert np.abs(np.bincount(np.searchsorted(edges, parts.test["y"])) - 20).max() <= 1
    with pytest.raises(SettingsError, match="2 at least, not 1"):
        stratified_split(rows, by="y", bands=1, seed=1)


def test_no_group_is_divided_and_the_share_comes_as_near_as_groups_allow() -> None:
    """In two parts and in three; another seed draws other groups."""
    rows = table()
    parts = group_split3(rows, by="shop", valid=0.2, test=0.3, seed=1)
    shops = [set(part["shop"]) for part in parts]
    assert not (shops[0] & shops[1] or shops[0] & shops[2] or shops[1] & shops[2])
    assert abs(parts.test.height - 300) < 40 and abs(parts.valid.height - 200) < 40
    assert set(group_split(rows, by="shop", seed=1).test["shop"]) != set(
        group_split(rows, by="shop", seed=2).test["shop"]
    )
    both = group_split(rows, by=["kind", "shop"], seed=1)
    pairs = [set(part.select("kind", "shop").iter_rows()) for part in both]
    assert not pairs[0] & pairs[1]


@pytest.mark.parametrize("step", [group_split, hash_split, partition])
def test_rows_without_a_group_are_refused(step) -> None:
    """A null, and a NaN of pandas, are no group: nobody knows which rows belong together."""
    seeded = {"seed": 1} if step is group_split else {}
    for unknown in (None, float("nan")):
        rows = pl.DataFrame({"g": [1.0, unknown, 2.0, 3.0]})
        with pytest.raises(InputError, match="'g' is unknown in 1 of 4 rows"):
            step(rows, by="g", **seeded)


def test_fewer_groups_than_parts_are_refused() -> None:
    """One group is not divided, and two do not make three parts."""
    rows = pl.DataFrame({"g": [1, 1, 2]})
    with pytest.raises(InputError, match="2 groups for 3 parts"):
        group_split3(rows, by="g", seed=1)
    with pytest.raises(InputError, match="1 groups for 2 parts"):
        group_split(rows.head(2), by="g", seed=1)
    assert sorted(part.height for part in group_split(rows, by="g", test=0.3, seed=1)) == [1, 2]


def test_a_key_stays_where_it_is_whatever_comes_or_goes() -> None:
    """In another order, with new rows, as another type, and with a part to choose by."""
    rows = pl.DataFrame({"id": range(5000)})
    before = hash_split(rows, by="id", test=0.2)
    assert abs(before.test.height - 1000) < 100
    more = pl.DataFrame({"id": range(2500, 9000)}).sample(fraction=1.0, shuffle=True, seed=3)
    tested = set(before.test["id"]) & set(more["id"])
    for frame in (more, more.cast(pl.Float64), more.cast(pl.String), more.cast(pl.Int16)):
        after = hash_split(frame, by="id", test=0.2)
        assert tested <= set(after.test["id"].cast(pl.Float64).cast(pl.Int64))
        assert not set(before.train["id"]) & set(after.test["id"].cast(pl.Float64).cast(pl.Int64))
    three = hash_split3(rows, by="id", valid=0.3, test=0.2)
    assert three.test.equals(before.test)
    assert set(before.test["id"]) < set(hash_split(rows, by="id", test=0.4).test["id"])
    assert set(hash_split(rows, by="id", salt="b").test["id"]) != set(before.test["id"])


@pytest.mark.parametrize(
    ("key", "salt", "place"),
    [
        ((7,), "", 0.12079022234534054),
        (("7",), "", 0.12079022234534054),
        ((7.0,), "", 0.12079022234534054),
        ((decimal.Decimal("7.00"),), "", 0.12079022234534054),
        ((1.5,), "", 0.04721116405464376),
        ((2**70,), "", 0.15386329456234216),
        ((True,), "", 0.9798636192561183),
        ((dt.date(2024, 1, 1),), "", 0.5403349048612875),
        (("ü", 2), "s", 0.36503691195816135),
    ],
)
def test_places_are_the_same_on_every_machine(key, salt, place) -> None:
    """Vectors that are committed: a release that moved them would move rows of everybody."""
    assert place_of(key, salt) == place


def test_a_column_may_say_which_part_a_row_is_in() -> None:
    """It is left out itself; what is in no part is counted, and a value that no row has is an error."""
    rows = pl.DataFrame({"set": ["a", "b", None, "c", "b"], "x": range(5)})
    parts = predefined_split(rows, column="set", test="b", train="a")
    assert (parts.train["x"].to_list(), parts.test["x"].to_list()) == ([0], [1, 4])
    assert parts.train.columns == ["x"]
    assert predefined_split(rows, column="set", test="b").train["x"].to_list() == [0, 2, 3]
    flags = pl.DataFrame({"held": [True, False, True], "x": [1, 2, 3]})
    assert predefined_split(flags, column="held", test=True).test["x"].to_list() == [1, 3]
    with pytest.raises(InputError, match="'set' is 'z' in no row. It is: 'a', 'b', None, 'c'"):
        predefined_split(rows, column="set", test="z")
    with pytest.raises(SettingsError, match="'b' is said of two parts"):
        predefined_split3(rows, column="set", valid=["a", "b"], test="b")
    with pytest.raises(SettingsError, match="is the target"):
        predefined_split(rows, column="set", test="b", target="set")


def test_a_table_for_each_value() -> None:
    """In the order in which they appear, all rows in their order; two values that are one text are refused."""
    rows = table()
    parts = partition(rows, by="shop")
    assert list(parts) == [str(one) for one in rows["shop"].unique(maintain_order=True)]
    assert sorted(rows_of(parts.values())) == list(range(1000))
    assert all(part.columns == rows.columns and part["row"].is_sorted() for part in parts.values())
    assert partition(rows[:0], by="shop") == {}
    with pytest.raises(InputError, match="the most"):
        partition(pl.DataFrame({"id": range(10_001)}), by="id")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda rows: random_split3(rows, valid=0.5, test=0.5, seed=1), "leave none to learn from"),
        (lambda rows: random_split3(rows, valid=1.5, test=0.5, seed=1), "random_split3.valid: expected less than 1"),
        (lambda rows: group_split(rows, by=[], seed=1), "by names one column"),
        (lambda rows: stratified_split(rows, by=["kind", "kind"], seed=1), "several different ones"),
        (lambda rows: hash_split(rows, by="sho"), "no column 'sho'. Did you mean 'shop'"),
        (lambda rows: partition(rows, by="nothing"), "no column 'nothing'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(call, said: str) -> None:
    """With what they are, and what they should be."""
    with pytest.raises((SettingsError, InputError), match=said):
        call(table())


def test_duplicates_in_several_parts_are_told_of_each() -> None:
    """Whatever made the split; where none is, nobody is warned."""
    doubled = pl.DataFrame({"x": [1, 2] * 50, "g": range(100)}).select("x")
    with pytest.warns(UserWarning) as told:
        random_split3(doubled, valid=0.2, test=0.2, seed=1)
    assert len(told) == 3 and "rows of test are also, value by value, among those of valid" in str(told[2].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hash_split(doubled, by="x", test=0.5)
