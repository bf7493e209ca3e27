"""Three tables of a travel agency, joined to one row for each shuttle that was reviewed."""

from __future__ import annotations

import polars as pl

import solvent as sv


@sv.step
def join(shuttles: pl.LazyFrame, companies: pl.LazyFrame, reviews: pl.LazyFrame) -> pl.LazyFrame:
    """One row for each shuttle with its company and its reviews, and numbers where the files have text."""
    flags = ("d_check_complete", "moon_clearance_complete", "iata_approved")
    return (
        shuttles.join(companies, left_on="company_id", right_on="id", how="inner")
        .join(reviews, left_on="id", right_on="shuttle_id", how="inner")
        .with_columns(
            pl.col("price").str.replace_all(r"[$,]", "").cast(pl.Float64),
            pl.col("company_rating").str.strip_suffix("%").cast(pl.Float64),
            *(pl.col(name).cast(pl.String) == "t" for name in flags),
        )
    )
