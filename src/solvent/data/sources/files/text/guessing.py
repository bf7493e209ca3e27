"""Guessing what text columns hold, from every value: whole numbers, fractions, truth values, else text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent.data.canonical import EXACT_IN_FLOATS

if TYPE_CHECKING:
    import polars as pl

__all__ = ["count_odd", "guess_types", "join_guesses", "looks_like", "odd_texts"]

_CACHED = 1 << 18
_ZEROS = r"^(?:0[0-9]|\+)"
_TRUTH = r"^(?i:true|false)$"
_DATE = r"^\d{4}-\d\d-\d\d$"
_TIME = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?$"
_ZONED = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$"


def guess_types(texts: pl.DataFrame) -> dict[str, pl.DataType]:
    """The narrowest type that keeps all texts of a column: Null, Boolean, Int64, Decimal(38, 0), Float64, else String.

    Numbers with a leading zero or a plus sign are text (they are codes), and so are whole numbers of more than 38
    digits, and those beyond 2^53 that stand among fractions: a type that would lose a digit is none.
    """
    import polars as pl

    plain = texts.rename({name: str(place) for place, name in enumerate(texts.columns)})
    asked = []
    for name in plain.columns:
        text = pl.col(name)
        number = text.cast(pl.Float64, strict=False)
        asked.append(
            pl.struct(
                text.count().alias("count"),
                text.str.contains(_TRUTH).all().alias("truth"),
                text.str.contains(_ZEROS).any().alias("zeros"),
                text.str.contains(r"^-?[0-9]+$").all().alias("whole"),
                text.cast(pl.Int64, strict=False).count().alias("short"),
                (text.str.strip_chars_start("-").str.len_bytes() <= 38).all().alias("kept"),
                number.count().alias("numbers"),
                (number.abs() >= EXACT_IN_FLOATS).any().alias("large"),
            ).alias(name)
        )
    if not asked:
        return {}
    found = plain.select(asked).row(0)
    return {
        name: _guess(one, plain.get_column(str(place)))
        for place, (name, one) in enumerate(zip(texts.columns, found, strict=True))
    }


def _guess(facts: dict[str, Any], values: pl.Series) -> pl.DataType:
    """The type that these facts about a column allow."""
    import polars as pl

    count = facts["count"]
    if not count:
        return pl.Null()
    if facts["truth"]:
        return pl.Boolean()
    if facts["zeros"]:
        return pl.String()
    if facts["whole"]:
        return pl.Int64() if facts["short"] == count else pl.Decimal(38, 0) if facts["kept"] else pl.String()
    if facts["numbers"] < count or (facts["large"] and _inexact(values)):
        return pl.String()
    return pl.Float64()


def _inexact(values: pl.Series) -> bool:
    """Whether a number among these texts is beyond what 64-bit fractions keep: whole and large, or past their end."""
    import polars as pl

    written = values.filter(values.str.contains("[0-9]").fill_null(False))
    if written.cast(pl.Float64, strict=False).is_infinite().any():
        return True
    whole = values.filter(values.str.contains(r"^-?[0-9]{16,}$").fill_null(False))
    return any(abs(int(one)) > EXACT_IN_FLOATS for one in whole.unique().to_list())


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
        return pl.Float64() if "Int64" in kinds and largest <= EXACT_IN_FLOATS else pl.String()
    return pl.Decimal(38, 0)


def count_odd(data: bytes, delimiter: str, quote: str) -> int:
    """How many fields begin with a zero or a plus sign before a digit: so many at most, where quotes are about."""
    import numpy as np

    signs = np.frombuffer(data, np.uint8)
    zero, plus = ord("0"), ord("+")
    count = int(data[:1] in (b"0", b"+") and data[1:2].isdigit())
    ends = [ord(sign) for sign in (delimiter, quote) if sign and sign.encode() in data]
    for start in range(0, len(signs) - 2, _CACHED):  # in parts that a processor's cache holds
        part = signs[start : start + _CACHED + 2]
        before, here, after = part[:-2], part[1:-1], part[2:]
        begins = before == ord("\n")
        for sign in ends:
            begins |= before == sign
        begins &= (here == zero) | (here == plus)
        begins &= after - zero < 10  # unsigned: what is below the digits is far above them
        count += int(np.count_nonzero(begins))
    return count


def odd_texts(texts: pl.DataFrame) -> int:
    """How many values of text columns begin so, which hinders nobody."""
    import polars as pl

    counts = texts.select(pl.all().str.contains(r"^[0+][0-9]").sum())
    return int(sum(counts.row(0)))


def looks_like(values: pl.Series) -> str | None:
    """What texts could be pinned as, if all of them are dates, or times with or without a zone; else None."""
    values = values.alias("v").drop_nulls()
    if values.is_empty():
        return None
    for pattern, kind in ((_DATE, "date"), (_TIME, "datetime[us]"), (_ZONED, "datetime[us, UTC]")):
        if values.str.contains(pattern).all():
            return kind
    return None
