"""A table is cut in parts by ranges of a key, each with its own version, and only what changed is another."""

from __future__ import annotations

import apsw
import polars as pl
import pytest

from solvent.data.sources import open_source
from solvent.errors import InputError


@pytest.fixture
def made(tmp_path):
    """A table of 1,000 rows, some of them without a key."""
    base = apsw.Connection(str(tmp_path / "shop.db"))
    base.execute("CREATE TABLE t (id INT, x INT, changed INT)")
    with base:
        base.executemany("INSERT INTO t VALUES (?, ?, 1)", [(n - 20, n) for n in range(1000)])
        base.execute("INSERT INTO t VALUES (NULL, -1, 1), (NULL, -2, 1)")
    yield base
    base.close()


def _open(root, **options):
    return open_source({"database": "sqlite:///shop.db", "table": "t", **options}, root)


PARTS = {"partition": {"column": "id", "rows": 100}, "version": "column changed"}


def test_parts_hold_every_row_once_in_order(tmp_path, made):
    """Negative keys and null have their parts; together they are the table."""
    source = _open(tmp_path, **PARTS, order_by="x")
    survey = source.survey()
    assert survey.parts[0].label == "t[id -99..99]"
    assert survey.parts[-1].label == "t[id null]"
    assert sum(part.rows for part in survey.parts) == 1002
    heights = [source.frame(survey, [part.label]).collect().height for part in survey.parts]
    assert heights == [part.rows for part in survey.parts]
    whole = source.frame(survey).collect()
    assert whole["x"].to_list() == [*range(1000), -2, -1]
    source.close()


def test_only_the_part_that_changed_has_another_version(tmp_path, made):
    """A changed row and a new one change the versions of their parts alone."""
    before = _open(tmp_path, **PARTS).survey()
    made.execute("UPDATE t SET changed = 2 WHERE id = 250")
    made.execute("INSERT INTO t VALUES (980, 0, 2)")
    after = _open(tmp_path, **PARTS).survey(before.to_json())
    was = {part.label: part.version for part in before.parts}
    changed = [part.label for part in after.parts if was.get(part.label) != part.version]
    assert changed == ["t[id 200..299]", "t[id 900..999]"]


def test_without_a_version_column_no_part_claims_to_be_unchanged(tmp_path, made):
    """Nothing tells whether a part changed, so nothing says that it did not."""
    survey = _open(tmp_path, partition={"column": "id", "rows": 100}).survey()
    assert {part.version for part in survey.parts} == {None}


def test_sparse_keys_make_wide_parts_that_stay(tmp_path, made):
    """Parts have about the rows that are asked for whatever the gaps, and keep their borders while rows are added."""
    made.execute("DELETE FROM t")
    with made:
        made.executemany("INSERT INTO t VALUES (?, 0, 1)", [(n * 2**40,) for n in range(1000)])
    before = _open(tmp_path, **PARTS).survey()
    assert 10 <= len(before.parts) <= 21
    with made:
        made.executemany("INSERT INTO t VALUES (?, 0, 1)", [(n * 2**40 + 1,) for n in range(300)])
    after = _open(tmp_path, **PARTS).survey(before.to_json())
    assert after.width == before.width
    assert after.rows == 1300


def test_the_ends_of_the_integers_are_in_a_part(tmp_path, made):
    """The least and the largest key are read, too."""
    made.execute("DELETE FROM t")
    made.execute("INSERT INTO t VALUES (-9223372036854775808, 1, 1), (9223372036854775807, 2, 1), (0, 3, 1)")
    source = _open(tmp_path, partition={"column": "id", "rows": 1})
    assert source.read(pl.DataFrame)["x"].to_list() == [1, 3, 2]


def test_an_empty_table_has_one_part(tmp_path, made):
    """No rows, no ranges."""
    made.execute("DELETE FROM t")
    source = _open(tmp_path, types={"id": "int64"}, **PARTS)
    assert source.read(pl.DataFrame).height == 0
    assert len(source.survey().parts) == 1


def test_a_column_that_is_no_integer_makes_no_parts(tmp_path, made):
    """Fractions have no ranges; the error says what is needed."""
    made.execute("UPDATE t SET id = id + 0.5")
    with pytest.raises(InputError, match=r"partition: column 'id' .* integers"):
        _open(tmp_path, **PARTS).survey()
