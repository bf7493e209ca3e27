"""What a type checker must refuse; each line says which one sees it."""

from __future__ import annotations

import polars as pl

import solvent as sv


@sv.step
def lazy(rows: pl.LazyFrame, *, column: str = sv.required, depth: int = 3) -> pl.LazyFrame:
    """A step on lazy frames."""
    return rows


@sv.step
def eager(rows: pl.DataFrame) -> int:
    """A step on frames."""
    return rows.height


@sv.pipeline
def flow(rows: pl.LazyFrame) -> int:
    """Every line of it is wrong."""
    eager(lazy(rows))  # wrong: mypy pyright
    lazy(rows, dept=4)  # wrong: mypy pyright
    lazy(rows, depth="deep")  # wrong: mypy pyright
    lazy()  # wrong: mypy pyright
    _ = lazy(rows).height  # wrong: mypy pyright
    eager.map([3])  # wrong: pyright
    sv.when(True, rows)  # wrong: mypy pyright
    return lazy(rows)  # wrong: mypy pyright


run = sv.run(flow)
text: str = run.value()  # wrong: mypy pyright
sv.run(3)  # wrong: mypy pyright
