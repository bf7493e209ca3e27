"""Guessing what text columns hold, from every value: whole numbers, fractions, truth values, else text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

__all__ = ["EXACT", "guess_type", "has_odd_numbers", "inexact", "join_guesses", "looks_like"]

EXACT = 2**53
"""Whole numbers up to this size are exact as 64-bit fractions."""
_ZEROS = r"^(?:0[0-9]|\+)"
_TRUTH = r"^(?i:true|false)$"
_DATE = r"^\d{4}-\d\d-\d\d$"
_TIME = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?$"
_ZONED = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$"


def guess_type(values: pl.Series) -> pl.DataType:
    """The narrowest type that keeps all of these texts: Null, Boolean, Int64, Decimal(38, 0), Float64, else String.

    Numbers with a leading zero or a plus sign are text (they are codes), and so are whole numbers of more than 38
    digits, and those beyond 2^53 that stand among fractions: a type that would lose a digit is none.
    """
    import polars as pl

    values = values.alias("v").drop_nulls()
    if values.is_empty():
        return pl.Null()
    if values.str.contains(_TRUTH).all():
        return pl.Boolean()
    if values.str.contains(_ZEROS).any():
        return pl.String()
    if values.str.contains(r"^-?[0-9]+$").all():
        if values.cast(pl.Int64, strict=False).null_count() == 0:
            return pl.Int64()
        short = bool((values.str.strip_chars_start("-").str.len_bytes() <= 38).all())
        return pl.Decimal(38, 0) if short else pl.String()
    numbers = values.cast(pl.Float64, strict=False)
    if numbers.null_count():
        return pl.String()
    return pl.String() if inexact(values, numbers) else pl.Float64()


def inexact(values: pl.Series, numbers: pl.Series) -> bool:
    """Whether a whole number among these texts loses a digit as a 64-bit fraction."""
    large = values.filter(numbers.abs() >= EXACT)
    whole = large.filter(large.str.contains(r"^-?[0-9]{16,}$"))
    return any(int(float(one)) != int(one) for one in whole.unique().to_list())


def join_guesses(one: Any, other: Any, largest: int) -> pl.DataType:
    """The guess that holds both; ``largest`` is the largest whole number seen, without its sign."""
    import polars as pl

    if one == other or isinstance(other, pl.Null):
        return one  # type: ignore[no-any-return]
    if isinstance(one, pl.Null):
        return other  # type: ignore[no-any-return]
    kinds = {str(one), str(other)}
    if "String" in kinds or "Boolean" in kinds:
        return pl.String()
    if "Float64" in kinds:
        return pl.Float64() if "Int64" in kinds and largest <= EXACT else pl.String()
    return pl.Decimal(38, 0)


def has_odd_numbers(data: bytes, delimiter: str, quote: str) -> bool:
    """Whether some field may begin with a zero before another digit, or with a plus sign before a digit."""
    import numpy as np

    signs = np.frombuffer(data, np.uint8)
    if len(signs) < 2:
        return False
    first = (signs[:-1] == ord("0")) | (signs[:-1] == ord("+"))
    first &= (signs[1:] >= ord("0")) & (signs[1:] <= ord("9"))
    places = np.flatnonzero(first)
    before = signs[places - 1]
    begins = (places == 0) | (before == ord(delimiter)) | (before == ord("\n"))
    if quote:
        begins |= before == ord(quote)
    return bool(begins.any())


def looks_like(values: pl.Series) -> str | None:
    """What texts could be pinned as, if all of them are dates, or times with or without a zone; else None."""
    values = values.alias("v").drop_nulls()
    if values.is_empty():
        return None
    for pattern, kind in ((_DATE, "date"), (_TIME, "datetime[us]"), (_ZONED, "datetime[us, UTC]")):
        if values.str.contains(pattern).all():
            return kind
    return None
