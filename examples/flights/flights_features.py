"""Features of a flight: numbers as they are, and the place of each text among those that training saw."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl


@dataclass
class Features:
    """``columns`` says which columns count; ``levels`` is learnt: the values of each text column, in order."""

    columns: list[str]
    levels: dict[str, list[str]] = field(init=False)

    def fit(self, rows: pl.DataFrame) -> Features:
        """Learn the values of the text columns."""
        texts = [name for name in self.columns if rows[name].dtype == pl.String]
        self.levels = {name: rows[name].drop_nulls().unique().sort().to_list() for name in texts}
        return self

    def transform(self, rows: pl.DataFrame) -> pl.DataFrame:
        """One number for each column; a text that training never saw, and what is missing, is null."""
        return rows.select(
            pl.col(name).replace_strict(
                self.levels[name], range(len(self.levels[name])), default=None, return_dtype=pl.Float64
            )
            if name in self.levels
            else pl.col(name).cast(pl.Float64)
            for name in self.columns
        )
