"""Will a flight from New York arrive more than a quarter of an hour late? From files to a served model."""

from __future__ import annotations

import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier

import solvent as sv
from solvent.delivery import Deployment, deploy
from solvent.learn import assemble, evaluate, fit, time_split, transform


@sv.step
def join(flights: pl.LazyFrame, weather: pl.LazyFrame, *, late_after: int = 15) -> pl.LazyFrame:
    """One row per flight that arrived, with what is known before it departs, and whether it came late.

    Cancelled and diverted flights have no delay and are left out. The times of departure and arrival and the
    minutes in the air are known only afterwards, so they are no features. ``time_hour`` is text in UTC; it
    becomes the hour in New York, whose weather is looked up by airport.
    """
    hourly = weather.drop("year", "month", "day", "hour")
    hourly = hourly.unique(["origin", "time_hour"], keep="first", maintain_order=True)
    return (
        flights.filter(pl.col("arr_delay").is_not_null())
        .join(hourly, on=["origin", "time_hour"], how="left", maintain_order="left")
        .select(
            pl.col("time_hour").str.to_datetime(time_zone="UTC").dt.convert_time_zone("America/New_York"),
            pl.date("year", "month", "day").dt.weekday().alias("weekday"),
            *("hour", "minute", "carrier", "origin", "dest", "distance"),
            *("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"),
            (pl.col("arr_delay") > late_after).alias("late"),
        )
    )


@sv.step
def train(
    rows: pl.DataFrame, *, target: str = sv.required, learning_rate: float = 0.1, seed: int = sv.required
) -> HistGradientBoostingClassifier:
    """Gradient boosted trees on every column but the target."""
    model = HistGradientBoostingClassifier(learning_rate=learning_rate, early_stopping=False, random_state=seed)
    return model.fit(rows.drop(target), rows[target])


@sv.pipeline
def delays(flights: pl.LazyFrame, weather: pl.LazyFrame) -> Deployment:
    """Learn from the months before, be tested on the month after, and serve what passes the gates."""
    table = join(flights, weather)
    parts = time_split(table)
    features = fit(parts.train)
    model = train(transform(features, parts.train))
    predictor = assemble(features, model)
    report = evaluate(predictor, parts.test)
    return deploy(predictor, report, parts.test, parts.train)
