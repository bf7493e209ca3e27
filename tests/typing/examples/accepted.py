"""What a type checker must accept: steps and pipelines as people write them."""

from __future__ import annotations

from typing import Any, NamedTuple, assert_type, cast

import polars as pl

import solvent as sv
from solvent import Table


class Parts(NamedTuple):
    """Two tables."""

    train: pl.DataFrame
    test: pl.DataFrame


class Model:
    """A model of one's own."""

    def predict(self, rows: pl.DataFrame) -> list[float]:
        """Predict."""
        return [0.0] * rows.height


@sv.step
def join(flights: pl.LazyFrame, weather: pl.LazyFrame | None = None, *, late_after: int = 15) -> pl.LazyFrame:
    """Join."""
    return flights


@sv.step
def split(table: pl.LazyFrame, *, column: str = sv.required, test: float = 0.2) -> Parts:
    """Split."""
    frame = table.collect()
    return Parts(frame, frame)


@sv.step(reuse="1 day", reads=["host"], retries=3)
def train(
    rows: pl.DataFrame, *, target: str = sv.required, learning_rate: float = 0.1, seed: int = sv.required
) -> Model:
    """Train."""
    return Model()


@sv.step
def score(model: Model, rows: pl.DataFrame) -> float:
    """Score."""
    return sum(model.predict(rows))


@sv.step
def good(value: float) -> bool:
    """Decide."""
    return value > 0.5


@sv.step
def tell(model: Model, *, to: str = "team") -> str:
    """Tell."""
    return to


@sv.step
def anything(table: Table) -> Table:
    """A library's step takes and gives tables of any kind."""
    return table


@sv.pipeline
def flow(flights: pl.LazyFrame, weather: pl.LazyFrame | None = None, *, horizon: int = 7) -> float:
    """Everything at once; required settings stand in the file, so no call has to name them."""
    table = join(flights, weather, late_after=horizon)
    parts = split(table)
    again = train.named("again")(parts.train, learning_rate=0.3)
    model = train(parts.train)
    assert_type(model, Model)
    assert_type(parts.test, pl.DataFrame)
    sv.when(good(score(model, parts.test)), tell, model, to="all")
    scores = score.map([model, again], parts.test)
    assert_type(scores, list[float])
    named = score.map({"a": model}, parts.test)
    assert_type(named, dict[str, float])
    frame = cast(pl.DataFrame, anything(parts.train))
    return score(model, frame)


def use() -> None:
    """Runs and step runs have types too."""
    run = sv.run(flow, config={"steps": {"split": {"column": "day"}}}, set=["seed=3"])
    assert_type(run.value(), float)
    word: str = run.status
    value: Any = run["train"].value()
    _ = (word, value, run["train"].status == "reused")
    assert_type(train.raw(pl.DataFrame()), Model)
