"""Profiles of versions: what is known of the parts of a table is kept, and a new version costs its new parts."""

from __future__ import annotations

import numpy as np
import polars as pl

import solvent as sv
from solvent.archive.catalog import query
from solvent.data import grouping
from solvent.data.profile import PROFILE, profile


def rows_of(count: int, seed: int = 0) -> pl.DataFrame:
    """Rows of a few kinds."""
    dice = np.random.default_rng(seed)
    words = [f"w{n % 300}" for n in range(count)]
    return pl.DataFrame({"id": dice.integers(0, 10**9, count), "x": dice.standard_normal(count), "word": words})


@sv.step
def same(rows: pl.DataFrame, *, more: bool = False) -> pl.DataFrame:
    """The rows, perhaps with a column more."""
    return rows.with_columns(y=pl.col("x") * 2) if more else rows


@sv.pipeline
def flow(rows: pl.DataFrame) -> pl.DataFrame:
    """One table."""
    return same(rows)


def profile_of(project, rows, **settings):
    """The profile that a run leaves of its result."""
    run = sv.run(flow, inputs={"rows": rows}, config={"steps": {"same": settings}}, project=project)
    return query.profile(project.catalog, run["same"].outputs["value"], PROFILE)


def test_only_new_groups_of_blocks_are_looked_at(project, monkeypatch):
    """Rows behind, in the middle and taken away, and a column more: what was known is not read again."""
    looked = []
    survey = grouping.survey
    monkeypatch.setattr(grouping, "survey", lambda frame: looked.append(frame.shape) or survey(frame))
    rows = rows_of(1_500_000)
    profile_of(project, rows)
    assert sum(height for height, _ in looked) == 1_500_000
    for version in (
        pl.concat([rows, rows_of(10_000, 1)]),
        pl.concat([rows[:700_000], rows_of(10_000, 1), rows[700_000:]]),
        pl.concat([rows[:700_000], rows[710_000:]]),
    ):
        looked.clear()
        found = profile_of(project, version)
        assert 0 < sum(height for height, _ in looked) < 0.4 * 1_500_000
        assert found["rows"] == version.height
        exact = version["x"].quantile(0.5, "nearest")
        column = next(one for one in found["columns"] if one["name"] == "x")
        assert abs((version["x"] < column["quantiles"]["0.5"]).mean() - (version["x"] < exact).mean()) < 0.01
        assert column["min"] == version["x"].min() and column["max"] == version["x"].max()
    looked.clear()
    profile_of(project, rows, more=True)
    assert {width for _, width in looked} == {1}


def test_a_profile_from_kept_parts_is_the_same_as_from_all(project, tmp_path):
    """Whether the parts were known or not, the figures of a version are the same to the last digit."""
    rows = rows_of(400_000)
    more = pl.concat([rows, rows_of(5_000, 1)])
    profile_of(project, rows)
    warm = profile_of(project, more)
    (tmp_path / "other").mkdir()
    with sv.open(tmp_path / "other") as cold:
        assert profile_of(cold, more) == warm


def test_small_tables_keep_no_parts(project):
    """A small table has the plain profile of its rows, and leaves nothing else behind."""
    rows = rows_of(1_000)
    assert profile_of(project, rows) == profile(rows).to_json()
    assert project.catalog.read("SELECT count(*) FROM column_states")[0][0] == 0


def test_a_damaged_part_is_looked_at_again(project):
    """What was kept of a part and cannot be read counts for nothing."""
    rows = rows_of(300_000)
    profile_of(project, rows)
    with project.catalog.write() as tx:
        tx.execute("UPDATE column_states SET body = ?", (b"damage",))
    more = pl.concat([rows, rows_of(10, 1)])
    assert next(one for one in profile_of(project, more)["columns"] if one["name"] == "id")["max"] == more["id"].max()
