"""Row-wise steps: only new blocks are worked on, the result is that of the whole, and the promise is checked."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import solvent as sv
from solvent.data import table_digest
from solvent.engine.project import find_project
from solvent.errors import PlanError, RunFailed

SEEN: list[int] = []


def rows_of(count: int, seed: int = 0) -> pl.DataFrame:
    """Rows with a first column that makes blocks."""
    dice = np.random.default_rng(seed)
    return pl.DataFrame({"id": dice.integers(0, 10**9, count), "x": dice.standard_normal(count)})


@sv.step
def load(*, parts: list[int] = sv.required) -> pl.DataFrame:
    """Parts of rows, one after the other; a part is told by its seed."""
    return pl.concat([rows_of(200_000, one) for one in parts])


@sv.step(rowwise=True)
def double(rows: pl.DataFrame, *, by: float = 2.0) -> pl.DataFrame:
    """Twice as much."""
    SEEN.append(rows.height)
    return rows.with_columns(y=pl.col("x") * by)


@sv.step
def double_whole(rows: pl.DataFrame) -> pl.DataFrame:
    """The same, all at once."""
    return rows.with_columns(y=pl.col("x") * 2.0)


@sv.pipeline
def doubling(rows: pl.DataFrame) -> pl.DataFrame:
    """One row-wise step."""
    return double(rows)


@sv.pipeline
def loaded() -> pl.DataFrame:
    """Rows, and one row-wise step."""
    return double(load())


def seen() -> int:
    """The rows that the function saw since the last call."""
    count = sum(SEEN)
    SEEN.clear()
    return count


def test_only_new_blocks_are_worked_on(project):
    """Rows behind, in the middle, and taken away: the function sees what is new, and what lies at the seams."""
    parts, extra = rows_of(600_000), rows_of(5_000, 1)
    versions = [
        parts,
        pl.concat([parts, extra]),
        pl.concat([parts[:300_000], extra, parts[300_000:]]),
        pl.concat([parts[:300_000], parts[310_000:]]),
    ]
    seen()
    for number, rows in enumerate(versions):
        run = sv.run(doubling, inputs={"rows": rows}, project=project)
        assert run["double"].status == "ran"
        assert run.value().equals(rows.with_columns(y=pl.col("x") * 2.0))
        assert table_digest(run.value()) == table_digest(double_whole.raw(rows))
        assert seen() <= (1.2 if number == 0 else 0.5) * 600_000
    assert sv.run(doubling, inputs={"rows": versions[1]}, project=project)["double"].status == "reused"
    assert seen() == 0


def test_settings_code_and_other_inputs_begin_anew(project):
    """Blocks that were made with other settings are not taken for these."""
    seen()
    sv.run(loaded, set={"steps.load.parts": [1, 2]}, project=project)
    assert seen() >= 400_000
    run = sv.run(loaded, config={"steps": {"load": {"parts": [1, 2]}, "double": {"by": 3.0}}}, project=project)
    assert seen() >= 400_000
    assert run.value()["y"].sum() == pytest.approx(3.0 * run.value()["x"].sum())
    sv.run(loaded, config={"steps": {"load": {"parts": [1, 2, 3]}, "double": {"by": 3.0}}}, project=project)
    assert 200_000 <= seen() <= 400_000
    sv.run(loaded, set={"steps.load.parts": [1, 2]}, rerun=["double"], project=project)
    assert seen() >= 400_000


@sv.step(rowwise=True)
def thin(rows: pd.DataFrame) -> pd.DataFrame:
    """Some of the rows, in pandas, with whatever index that leaves."""
    SEEN.append(len(rows))
    return rows[rows["x"] > 0].assign(half=rows["x"] / 2)


@sv.step(rowwise=True)
def lazily(rows: pl.LazyFrame) -> pl.LazyFrame:
    """A query that leaves some rows out."""
    return rows.filter(pl.col("x") > 1).select("id")


@sv.pipeline
def thinning(rows: pl.DataFrame) -> pd.DataFrame:
    """Fewer rows."""
    return thin(rows)


@sv.pipeline
def filtering(rows: pl.DataFrame) -> pl.LazyFrame:
    """Fewer rows, lazily."""
    return lazily(rows)


def test_rows_may_become_fewer_in_any_frame(project):
    """A filter in pandas or as a query: nothing of a block's row numbers shows, and versions cost what is new."""
    rows = rows_of(400_000)
    more = pl.concat([rows, rows_of(1_000, 5)])
    for version in (rows, more):
        found = sv.run(thinning, inputs={"rows": version}, project=project).value()
        wanted = version.filter(pl.col("x") > 0).with_columns(half=pl.col("x") / 2)
        assert pl.from_pandas(found).equals(wanted)
        assert list(found.index[:3]) == [0, 1, 2]
        lazy = sv.run(filtering, inputs={"rows": version}, project=project).value()
        assert lazy.collect().equals(version.filter(pl.col("x") > 1).select("id"))


@pytest.mark.parametrize("rows", [rows_of(0), rows_of(1), rows_of(2)], ids=["no row", "one row", "two rows"])
def test_tables_of_few_rows(project, rows):
    """A table without rows gives one without rows, with all its columns."""
    run = sv.run(doubling, inputs={"rows": rows}, project=project)
    assert run.value().equals(rows.with_columns(y=pl.col("x") * 2.0))
    grown = pl.concat([rows, rows_of(10, 3)])
    assert sv.run(doubling, inputs={"rows": grown}, project=project).value().height == grown.height


@sv.step(rowwise=True)
def centre(rows: pl.DataFrame) -> pl.DataFrame:
    """A lie: the mean is over the rows at hand."""
    return rows.with_columns(pl.col("x") - pl.col("x").mean())


@sv.step(rowwise=True)
def dummies(rows: pl.DataFrame) -> pl.DataFrame:
    """A lie: which columns there are depends on the rows at hand."""
    return rows.select(kind=pl.col("id") // 10**5).to_dummies()


@sv.step(rowwise=True)
def noisy(rows: pl.DataFrame) -> pl.DataFrame:
    """A lie: a draw for each row depends on how many came before it."""
    return rows.with_columns(z=pl.Series([random.random() for _ in range(rows.height)]))


@sv.step(rowwise=True)
def unique(rows: pl.DataFrame) -> pl.DataFrame:
    """A lie: whether a row stays depends on the others."""
    return rows.with_columns(pl.col("id") % 10).unique("id", maintain_order=True)


@sv.pipeline
def lying(rows: pl.DataFrame, *, how: str = "centre") -> pl.DataFrame:
    """One of the lies."""
    return {"centre": centre, "dummies": dummies, "noisy": noisy, "unique": unique}[how](rows)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("centre", "rows are not independent.*column 'x'"),
        ("noisy", "rows are not independent.*column 'z'"),
        ("unique", "rows are not independent.*rows"),
        ("dummies", "every block must give the same"),
    ],
)
def test_a_promise_that_is_not_kept_fails_the_step(project, how, says):
    """Whole and cut, a block gives different rows: the error says so, and names the column and the row."""
    with pytest.raises(RunFailed, match=says):
        sv.run(lying, inputs={"rows": rows_of(10_000)}, config={"settings": {"how": how}}, project=project)


@sv.step(rowwise=True)
def fickle(rows: pl.DataFrame) -> pl.DataFrame:
    """Another column where the first id is odd."""
    name = "odd" if rows.height and rows["id"][0] % 2 else "even"
    return rows.select(pl.col("x").alias(name))


@sv.pipeline
def fickly(rows: pl.DataFrame) -> pl.DataFrame:
    """One step."""
    return fickle(rows)


def test_blocks_must_have_the_same_columns(project):
    """Which columns differ is said."""
    with pytest.raises(RunFailed, match="every block must give the same"):
        sv.run(fickly, inputs={"rows": rows_of(400_000)}, project=project)


@sv.step(rowwise=True)
def number(rows: int) -> int:
    """No table at all."""
    return rows


@sv.step(rowwise=True)
def counted(rows: pl.DataFrame) -> int:
    """No table comes out."""
    return rows.height


@sv.pipeline
def senseless(rows: pl.DataFrame) -> int:
    """A row-wise step that gives a number."""
    return counted(rows)


@sv.pipeline
def numbering(rows: int) -> int:
    """A row-wise step over a number."""
    return number(rows)


@pytest.mark.parametrize(("pipeline", "value"), [(senseless, rows_of(3)), (numbering, 3)])
def test_row_wise_means_a_table_in_and_a_table_out(project, pipeline, value):
    """What cannot be row-wise is said when the plan is made."""
    with pytest.raises(PlanError, match="rowwise"):
        sv.run(pipeline, inputs={"rows": value}, project=project)


def add(parts: list[dict[str, float]]) -> dict[str, float]:
    """Sums of sums."""
    return {name: float(sum(part[name] for part in parts)) for name in parts[0]}


@sv.step(combine=add)
def sums(rows: pl.DataFrame) -> dict[str, float]:
    """A count and a sum."""
    SEEN.append(rows.height)
    return {"rows": float(rows.height), "id": float(rows["id"].sum() or 0)}


@sv.pipeline
def summing(rows: pl.DataFrame) -> dict[str, float]:
    """One aggregation."""
    return sums(rows)


def test_an_aggregation_that_can_be_merged_looks_at_new_blocks_only(project):
    """More rows cost those rows; what comes out is that of all rows, also of none."""
    rows = rows_of(500_000)
    more = pl.concat([rows[:200_000], rows_of(3_000, 1), rows[200_000:]])
    for version, most in ((rows, 500_000), (more, 200_000), (rows, 0), (more[:0], 0), (more[:1], 1)):
        seen()
        found = sv.run(summing, inputs={"rows": version}, project=project).value()
        assert found == {"rows": float(version.height), "id": float(version["id"].sum() or 0)}
        assert seen() <= most


@pytest.mark.slow
def test_what_combines_is_part_of_the_key(tmp_path):
    """Another way of merging gives another result, though the step itself is the same."""
    text = """
import polars as pl
import solvent as sv

def merge(parts):
    return {how}(parts)

@sv.step(combine=merge)
def largest(rows: pl.DataFrame) -> int:
    return rows["id"].max()

@sv.pipeline
def flow(rows: pl.DataFrame) -> int:
    return largest(rows)
"""
    found = []
    for how in ("max", "min", "max"):
        (tmp_path / "merging.py").write_text(text.replace("{how}", how))
        code = (
            "import sys, polars as pl, solvent as sv; sys.path.insert(0, '.'); import merging; "
            "rows = pl.DataFrame({'id': [n * 7919 % 100_003 for n in range(300_000)]}); "
            "run = sv.run(merging.flow, inputs={'rows': rows}, project='.'); print(run.value(), run['largest'].status)"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
        found.append(done.stdout.split())
    assert [one[1] for one in found] == ["ran", "ran", "reused"]
    assert found[0] == ["100002", "ran"] and int(found[1][0]) < 100_002 and found[2][0] == "100002"


@sv.step(rowwise=True)
def parsed(rows: pl.DataFrame) -> pl.DataFrame:
    """Whole numbers where a block has no others."""
    whole = not rows["fee"].str.contains(".", literal=True).any()
    return rows.with_columns(pl.col("fee").cast(pl.Int64 if whole else pl.Float64))


@sv.pipeline
def parsing(rows: pl.DataFrame) -> pl.DataFrame:
    """One row-wise step."""
    return parsed(rows)


@pytest.mark.parametrize("late, kept", [("0.75", False), ("2.0", True)])
def test_a_block_of_another_type_is_cast_only_if_no_value_changes(tmp_path, late, kept):
    """A fraction is never cut to a whole number: the step fails, and names the column and the value."""
    rows = pl.DataFrame({"id": range(160_000), "fee": ["3"] * 150_000 + [late] * 10_000})
    if kept:
        made = sv.run(parsing, inputs={"rows": rows}, project=tmp_path).value()
        assert made["fee"].sum() == 150_000 * 3 + 10_000 * 2
    else:
        with pytest.raises(sv.SolventError, match="column 'fee' of a row-wise step is Float64 .*0.75 is no Int64"):
            sv.run(parsing, inputs={"rows": rows}, project=tmp_path)


@sv.step(rowwise=True)
def same(rows: pl.DataFrame) -> pl.DataFrame:
    """As they are."""
    return rows


@sv.pipeline
def passing(rows: pl.DataFrame) -> pl.DataFrame:
    """One row-wise step."""
    return same(rows)


def test_rows_of_another_schema_are_worked_on_afresh(tmp_path):
    """What was made of other columns or types says nothing of what is made now, however the files came to differ."""
    frames = [
        pl.DataFrame({"a": [1.5, 2.0]}), pl.DataFrame({"a": [1, 2, 3]}), pl.DataFrame({"a": [1.0], "b": [2]}),
        pl.DataFrame({"a": ["x"]}), pl.DataFrame({"a": [1.5, 2.0]}), pl.DataFrame({"c": [1]}).clear(),
    ]  # fmt: skip
    for frame in frames:
        made = sv.run(passing, inputs={"rows": frame}, project=tmp_path).value()
        assert made.equals(frame) and made.schema == frame.schema
    (tmp_path / "d").mkdir()
    config = {"inputs": {"rows": {"files": "d/*.csv"}}}
    for name, text in (("a", "id,v\n1,2\n"), ("b", "id,v,w\n3,4,5\n"), ("c", "id,v,w\n6,x,7\n")):
        (tmp_path / "d" / f"{name}.csv").write_text(text)
        made = sv.run(passing, config=config, project=tmp_path).value()
    assert made["v"].to_list() == ["2", "4", "x"] and made["w"].to_list() == [None, 5, 7]


def test_steps_by_block_can_be_called_one_by_one(tmp_path: Path) -> None:
    """In a notebook a row-wise step gets the table itself, and a mergeable one too; both are recorded."""
    with find_project(tmp_path):
        rows = pl.DataFrame({"x": [1.0, 2.0, 3.0]})
        assert eager_twice(rows)["x"].to_list() == [2.0, 4.0, 6.0]
        assert eager_total(rows) == 6.0


@sv.step(rowwise=True)
def eager_twice(rows: pl.DataFrame) -> pl.DataFrame:
    return rows * 2


@sv.step(combine=sum)
def eager_total(rows: pl.DataFrame) -> float:
    return float(rows["x"].sum())
