"""Text, categories and booleans: how often the values occur, and how long they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent.data.profile.record import clip, rounded

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MANY", "SAMPLE", "survey_lengths", "survey_words"]

_TOP = 10
MANY = 50_000
SAMPLE = 100_000


def survey_words(column: pl.Series) -> dict[str, Any]:
    """The figures of a column of text, members of an enum, or booleans, without nulls.

    With more than 50,000 distinct values, these are estimated (HyperLogLog, about 1 %), and the most frequent are
    those of every k-th row; ``sampled`` says of how many.
    """
    import polars as pl

    text = column.cast(pl.String)
    distinct: Any = text.approx_n_unique()
    found: dict[str, Any] = {"min": clip(_text(text.min())), "max": clip(_text(text.max()))}
    if distinct <= MANY:
        counted = _counts(text)
        found.update(distinct=counted.height, distinct_exact=True)
    else:
        stride = -(-len(text) // SAMPLE)
        counted = _counts(text.gather_every(stride))
        found.update(distinct=min(distinct, len(text)), distinct_exact=False)
        found["sampled"] = {"top": -(-len(text) // stride)}
    best = counted.head(_TOP)
    if best.height and (counted.height < 2 * _TOP or best["count"][0] > 1):
        found["top"] = [[clip(value), count] for value, count in best.iter_rows()]
    else:
        found.get("sampled", {}).pop("top", None)
    if column.dtype == pl.String:
        found["empty"] = int((text == "").sum() or 0)
        found["lengths"] = survey_lengths(text.str.len_chars())
    return found


def survey_lengths(lengths: pl.Series) -> dict[str, Any]:
    """Least, greatest and mean length."""
    low: Any = lengths.min()
    high: Any = lengths.max()
    mean: Any = lengths.mean()
    return {"min": low, "max": high, "mean": None if mean is None else rounded(float(mean))}


def _counts(text: pl.Series) -> pl.DataFrame:
    """Values and counts, the most frequent first; of equals the smaller first."""
    counted = text.rename("value").value_counts(name="count")
    return counted.sort(["count", "value"], descending=[True, False])


def _text(value: Any) -> str:
    return "" if value is None else str(value)
