"""Guessing what text columns hold, from every value: whole numbers, fractions, truth values, else text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from solvent.data.canonical import EXACT_IN_FLOATS

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = [
    "LOOKS", "SAMPLED", "Counts", "count_by", "count_odd", "guess", "guess_types", "join_guesses", "looks_like",
    "odd_texts", "simply_text", "sums_by",
]  # fmt: skip

_CACHED = 1 << 18
_ZEROS = r"^(?:0[0-9]|\+)"
_TRUTH = r"^(?i:true|false)$"
_TIME = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?"
LOOKS = (
    (r"^\d{4}-\d\d-\d\d$", "date"),
    (rf"{_TIME}$", "datetime[us]"),
    (rf"{_TIME}(?:Z|[+-]\d\d:?\d\d)$", "datetime[us, UTC]"),
)
"""How texts are written that could be pinned as another type, and which."""
SAMPLED = 1000
"""So many rows at the beginning of a file tell what its texts look like."""


class Counts(NamedTuple):
    """How many values of a column are given (not null), and how many of those are what a guess goes by."""

    given: int
    truth: int
    zeros: int
    whole: int
    short: int
    kept: int
    number: int
    large: int


def _marks(text: pl.Expr) -> dict[str, pl.Expr]:
    """Which values of a column count for what."""
    import polars as pl

    number = text.cast(pl.Float64, strict=False)
    marks = (
        text.is_not_null(),
        text.str.contains(_TRUTH),
        text.str.contains(_ZEROS),
        text.str.contains(r"^-?[0-9]+$"),
        text.cast(pl.Int64, strict=False).is_not_null(),
        text.str.strip_chars_start("-").str.len_bytes() <= 38,
        number.is_not_null(),
        number.abs() >= EXACT_IN_FLOATS,
    )
    return dict(zip(Counts._fields, marks, strict=True))


def guess_types(texts: pl.DataFrame) -> dict[str, pl.DataType]:
    """The narrowest type that keeps all texts of a column: Null, Boolean, Int64, Decimal(38, 0), Float64, else String.

    Numbers with a leading zero or a plus sign are text (they are codes), and so are whole numbers of more than 38
    digits, and those beyond 2^53 that stand among fractions: a type that would lose a digit is none.
    """
    import polars as pl

    plain = texts.rename({name: str(place) for place, name in enumerate(texts.columns)})
    asked = [
        pl.struct(mark.sum().alias(what) for what, mark in _marks(pl.col(name)).items()).alias(name)
        for name in plain.columns
    ]
    if not asked:
        return {}
    found = plain.select(asked).row(0)
    return {
        name: guess(Counts(**one), plain.get_column(str(place)))
        for place, (name, one) in enumerate(zip(texts.columns, found, strict=True))
    }


def count_by(column: pl.Series, sizes: Sequence[int]) -> list[Counts]:
    """The counts of a column of text for runs of so many rows each, one after the other."""
    import polars as pl

    marks = pl.DataFrame({"v": column}).select(**_marks(pl.col("v"))).get_columns()
    return [Counts(*one) for one in zip(*(sums_by(mark, sizes).tolist() for mark in marks), strict=True)]


def sums_by(marks: pl.Series, sizes: Sequence[int]) -> np.ndarray[Any, Any]:
    """How many of these truth values are true in each of the runs of so many rows, one after the other."""
    import numpy as np

    totals = np.concatenate(([0], np.cumsum(marks.fill_null(False).to_numpy())))
    ends = np.cumsum(sizes)
    return totals[ends] - totals[ends - np.asarray(sizes)]  # type: ignore[no-any-return]


def guess(counts: Counts, values: pl.Series | None) -> pl.DataType:
    """The type that these counts of a column allow; its values are needed if some are large."""
    import polars as pl

    given = counts.given
    if not given:
        return pl.Null()
    if counts.truth == given:
        return pl.Boolean()
    if counts.zeros:
        return pl.String()
    if counts.whole == given:
        return pl.Int64() if counts.short == given else pl.Decimal(38, 0) if counts.kept == given else pl.String()
    if counts.number < given or (counts.large and values is not None and _inexact(values)):
        return pl.String()
    return pl.Float64()


def simply_text(counts: Counts) -> bool:
    """Whether most values are no numbers: a column of text, of which there is nothing to be said."""
    return (counts.given - counts.number) * 2 > counts.given


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
    return next((kind for pattern, kind in LOOKS if values.str.contains(pattern).all()), None)
