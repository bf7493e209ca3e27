"""A ready transform to start with: it looks at each column and makes numbers of it, and says what it did."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from solvent.errors import InputError
from solvent.learn.tables.matrix import Matrix
from solvent.learn.tables.moments import bears_zone, moments_in
from solvent.learn.wording import choose_words, mark_words

if TYPE_CHECKING:
    import polars as pl

__all__ = ["TabularFeatures", "lengths_of", "parts_of"]

_DATES = ("year", "month", "weekday", "hour")


@dataclass
class TabularFeatures:
    """Numbers of numbers, categories, dates, booleans and text; the same rows give the same features.

    Numbers: missing ones become the median, with a column ``NAME missing`` where training saw any missing.
    Categories (text with few different values): one column for each of the ``most`` frequent values that at
    least ``fewest`` rows have, and the share of rows with the same value. Dates and times, also as ISO text (which is
    read in UTC where it bears a zone): their parts that vary. Other text: its length, its number of words, and whether
    it has each of the ``words`` words that tell most about the target. What has one value only, or names each row, is
    left out. A value never seen in training has no column, and the share 0; text that is no time, where training saw
    times, is refused.
    """

    most: int = 20
    fewest: int = 10
    words: int = 300
    medians: dict[str, float] = field(init=False, default_factory=dict)
    gaps: list[str] = field(init=False, default_factory=list)
    levels: dict[str, list[str]] = field(init=False, default_factory=dict)
    shares: dict[str, dict[str, float]] = field(init=False, default_factory=dict)
    moments: dict[str, list[str]] = field(init=False, default_factory=dict)
    zoned: list[str] = field(init=False, default_factory=list)
    texts: dict[str, list[str]] = field(init=False, default_factory=dict)
    skipped: dict[str, str] = field(init=False, default_factory=dict)

    def fit(self, rows: pl.DataFrame, y: pl.Series | None = None) -> TabularFeatures:
        """Look at each column, and decide; the target chooses words, and nothing else."""
        import polars as pl

        fresh = replace(self)
        for name in rows.columns:
            fresh._learn(rows.get_column(name))
        for name in fresh.texts:
            texts = rows.get_column(name).cast(pl.String).to_list()
            fresh.texts[name] = choose_words(texts, y, self.words, min(self.fewest, len(texts) // 10 + 1))
        if not (fresh.medians or fresh.shares or fresh.moments or fresh.texts):
            reasons = "; ".join(f"{name}: {why}" for name, why in fresh.skipped.items())
            raise InputError(f"TabularFeatures finds nothing to learn from in {rows.columns}: {reasons}")
        return fresh

    def transform(self, rows: pl.DataFrame) -> pl.DataFrame:
        """One column of real numbers for each feature, in the order of ``fit``'s columns."""
        return self.to_matrix(rows).frame()

    def to_matrix(self, rows: pl.DataFrame) -> Matrix:
        """The same as one array with names, as which it is handed on to a model."""
        import numpy as np
        import polars as pl

        made: list[pl.Series | _Words] = []
        for name in rows.columns:
            values = rows.get_column(name)
            if name in self.medians:
                made += self._numbers(values)
            elif name in self.shares:
                made += self._categories(values)
            elif name in self.moments:
                made += parts_of(values, self.moments[name], name in self.zoned)
            elif name in self.texts:
                made += [*lengths_of(values), _Words(values, self.texts[name])]
        widths = [len(one.words) if isinstance(one, _Words) else 1 for one in made]
        laid = np.zeros((rows.height, sum(widths)), order="F")
        place = 0
        for one, width in zip(made, widths, strict=True):
            if isinstance(one, _Words):
                mark_words(one.values.cast(pl.String).to_list(), one.words, laid[:, place : place + width])
            else:
                laid[:, place] = one.to_numpy()
            place += width
        return Matrix.of(laid, lambda: [name for one in made for name in _names_of(one)])

    def explain(self) -> dict[str, str]:
        """What became of each column, in words."""
        said = dict(self.skipped)
        for name, median in self.medians.items():
            said[name] = f"number; missing becomes {median:g}" + (" and is marked" if name in self.gaps else "")
        for name, shares in self.shares.items():
            said[name] = f"category; {len(self.levels[name])} of {len(shares)} values have a column, all their share"
        for name, parts in self.moments.items():
            said[name] = f"time; {', '.join(parts)}" + (" in UTC, of text with zones" if name in self.zoned else "")
        for name, words in self.texts.items():
            shown = ", ".join(words[:10]) + (" …" if len(words) > 10 else "")
            said[name] = f"text; its length, its number of words, and {len(words)} words: {shown}"
        return said

    def _learn(self, values: pl.Series) -> None:
        import polars as pl

        name, dtype, known = values.name, values.dtype, values.drop_nulls()
        if dtype.is_float():
            known = known.filter(known.is_finite())
        if known.is_empty() or (known.n_unique() == 1 and len(known) == len(values)):
            self.skipped[name] = "left out: it has one value only" if len(known) else "left out: it has no values"
        elif dtype.is_numeric() or dtype == pl.Boolean:
            if dtype.is_integer() and name.lower().endswith("id") and known.n_unique() == len(values) > 1:
                self.skipped[name] = "left out: it names each row"
                return
            self.medians[name] = float(known.cast(pl.Float64).median() or 0.0)  # type: ignore[arg-type]
            if len(known) < len(values):
                self.gaps.append(name)
        elif dtype.is_temporal():
            self._learn_time(values)
        elif (zoned := bears_zone(known)) is not None:
            self._learn_time(values, zoned)
        elif dtype == pl.String or isinstance(dtype, (pl.Categorical, pl.Enum)):
            self._learn_text(known.cast(pl.String))
        else:
            self.skipped[name] = f"left out: {dtype} is neither number, text nor time"

    def _learn_time(self, values: pl.Series, zoned: bool = False) -> None:
        made = parts_of(values, list(_DATES), zoned)
        parts = [part.name.rpartition(" ")[2] for part in made if part.n_unique() > 1]
        if parts:
            self.moments[values.name] = parts
            self.zoned += [values.name] if zoned else []
        else:
            self.skipped[values.name] = "left out: year, month, weekday and hour are the same everywhere"

    def _learn_text(self, known: pl.Series) -> None:
        name = known.name
        counts = known.value_counts(name="rows").sort(["rows", name], descending=[True, False])
        if counts.height > max(50, len(known) // 5):
            words = known.str.split(" ").list.len().mean()
            if isinstance(words, float) and words >= 3:
                self.texts[name] = []
            else:
                self.skipped[name] = f"left out: {counts.height} different values in {len(known)} rows name rows"
            return
        kept = counts.head(1000)
        self.shares[name] = {str(level): rows / len(known) for level, rows in kept.iter_rows()}
        frequent = [str(level) for level, rows in kept.iter_rows() if rows >= min(self.fewest, len(known) // 10 + 1)]
        self.levels[name] = frequent[: self.most]

    def _numbers(self, values: pl.Series) -> list[pl.Series]:
        import polars as pl

        real = values.cast(pl.Float64)
        real = real.set(~real.is_finite(), None)
        made = [real.fill_null(self.medians[values.name])]
        if values.name in self.gaps:
            made.append(real.is_null().cast(pl.Float64).alias(f"{values.name} missing"))
        return made

    def _categories(self, values: pl.Series) -> list[pl.Series]:
        import polars as pl

        text, name = values.cast(pl.String), values.name
        made = [
            (text == level).fill_null(False).cast(pl.Float64).alias(f"{name} = {level}") for level in self.levels[name]
        ]
        shares = text.replace_strict(self.shares[name], default=0.0, return_dtype=pl.Float64)
        return [*made, shares.fill_null(0.0).alias(f"{name} share")]


def parts_of(values: pl.Series, parts: list[str], zoned: bool = False) -> list[pl.Series]:
    """Year, month, weekday or hour, as they are asked for, -1 where there is no time.

    Raises :class:`InputError` that names each text that is no time, or has a zone where ``zoned`` says otherwise.
    """
    import polars as pl

    if values.dtype == pl.String:
        values = moments_in(values, zoned)
    made: list[pl.Series] = []
    for part in parts:
        if (part == "hour" and values.dtype == pl.Date) or (part != "hour" and values.dtype == pl.Time):
            continue
        if isinstance(values.dtype, pl.Duration):
            break
        number: Any = getattr(values.dt, part)()
        made.append(number.cast(pl.Float64).fill_null(-1.0).alias(f"{values.name} {part}"))
    return made


def lengths_of(values: pl.Series) -> list[pl.Series]:
    """The length of each text in characters, and its number of words."""
    import polars as pl

    text = values.cast(pl.String).fill_null("")
    words = text.str.split(" ").list.len().cast(pl.Float64)
    return [
        text.str.len_chars().cast(pl.Float64).alias(f"{values.name} length"),
        words.alias(f"{values.name} words"),
    ]


@dataclass(frozen=True)
class _Words:
    """A column of text, and the words that get a column each."""

    values: pl.Series
    words: list[str]


def _names_of(made: pl.Series | _Words) -> list[str]:
    if isinstance(made, _Words):
        name = made.values.name
        return [f"{name} has {word}" for word in made.words]
    return [made.name]
