"""Versions of tables share their blocks in the archive, whoever made them, and lose nothing when one is damaged."""

from __future__ import annotations

import polars as pl
import pytest

import solvent as sv
from solvent.errors import Corrupted


def size_of(project) -> int:
    """The bytes of all blobs in the store."""
    return sum(one.stat().st_size for one in project.archive.store.folder.rglob("*") if one.is_file())


def rows_of(count: int, extra: int = 0) -> pl.DataFrame:
    """Rows with an even spread of values."""
    spread = [float(n * 7919 % 100_003) for n in range(count + extra)]
    return pl.DataFrame(
        {"id": range(count + extra), "x": spread, "word": [f"w{n * 31 % 97}" for n in range(count + extra)]}
    )


@sv.step
def load(*, extra: int = 0) -> pl.DataFrame:
    """Rows, more of them if asked."""
    return rows_of(300_000, extra)


@sv.step
def widen(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows and one column more."""
    return rows.with_columns(y=pl.col("x") + 1)


@sv.pipeline
def flow() -> pl.DataFrame:
    """Two tables, the second wider."""
    return widen(load())


def test_a_new_version_adds_only_what_changed(project):
    """A thousand rows more, and a column more, cost little beside the whole; every version reads as it was."""
    first = sv.run(flow, project=project)
    before = size_of(project)
    second = sv.run(flow, set={"steps.load.extra": 1_000}, project=project)
    assert size_of(project) - before < 0.25 * before
    assert first.value().equals(rows_of(300_000).with_columns(y=pl.col("x") + 1))
    assert second.value().equals(rows_of(300_000, 1_000).with_columns(y=pl.col("x") + 1))
    assert second["widen"].status == "ran"


def test_a_column_added_to_an_input_stores_that_column(project, tmp_path):
    """What a step hands through from its input lies in the archive once."""
    made = sv.run(flow, project=project).value()
    kept = project.catalog.read("SELECT size FROM artifacts WHERE format = 'table.1' ORDER BY created")
    other = sv.open(tmp_path)
    other.archive.put(made.select("y"))
    assert len(kept) == 2
    assert kept[1][0] < 1.1 * size_of(other)


def test_a_damaged_pack_that_versions_share_heals_for_all_of_them(project):
    """Each version that needs the damaged bytes is made again, and reads whole; no other is touched."""
    sv.run(flow, project=project)
    second = sv.run(flow, set={"steps.load.extra": 1_000}, project=project)
    largest = max(
        (one for one in project.archive.store.folder.rglob("*") if one.is_file()), key=lambda p: p.stat().st_size
    )
    largest.chmod(0o644)
    with largest.open("r+b") as file:
        file.seek(1_000)
        file.write(b"damage")
    with pytest.raises(Corrupted):
        project.archive.get(second["load"].outputs["value"])
    again = sv.run(flow, set={"steps.load.extra": 1_000}, project=project)
    assert again["load"].status == "ran"
    assert again.value().equals(rows_of(300_000, 1_000).with_columns(y=pl.col("x") + 1))
    assert sv.run(flow, project=project).value().equals(rows_of(300_000).with_columns(y=pl.col("x") + 1))
