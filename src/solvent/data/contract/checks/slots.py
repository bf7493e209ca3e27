"""What is counted for each demand while the rows pass, and the finding that it comes to."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from solvent.config import validate
from solvent.data.canonical import column_named
from solvent.data.contract.checks.doubles import Doubles
from solvent.data.contract.checks.opening import Opened
from solvent.data.contract.checks.verdict import Finding, clip

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Counted", "Fresh", "Once", "Ordered", "RowCount", "Said", "Settled", "Slot", "name_rows"]


@dataclass(frozen=True, slots=True)
class Said:
    """The demand that a slot is for: its path, its words, its severity, and the share of rows that may break it."""

    path: str
    demand: str
    severity: str
    others: float = 0.0

    def passed(self) -> Finding:
        """The finding that it holds."""
        return Finding(self.path, self.demand, self.severity, "passed")

    def skipped(self, why: str) -> Finding:
        """The finding that it was not looked at."""
        return Finding(self.path, self.demand, self.severity, "skipped", why=why)

    def violated(self, why: str) -> Finding:
        """The finding that the table as a whole breaks it: no row can be set aside for that, so it is refused."""
        severity = "fail" if self.severity == "quarantine" else self.severity
        return Finding(self.path, self.demand, severity, "violated", why=why)


class Slot:
    """What comes of one demand; of this kind nothing is left to be counted."""

    columns: tuple[str, ...] = ()

    def __init__(self, said: Said) -> None:
        self.said = said

    def expression(self) -> pl.Expr | None:
        """Which rows of the next piece break the demand, or None where that is no question of single rows."""
        return None

    def add(self, piece: pl.DataFrame, start: int, broken: int, most: int, keys: list[str]) -> None:
        """Take in the next piece, whose first row has the number ``start``, and of which ``broken`` rows break it."""

    def finish(self, rows: int, opened: Opened, most: int, keys: list[str]) -> Finding:
        """The finding, once all rows have passed."""
        return self.said.passed()


class Settled(Slot):
    """A demand that was decided without rows."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(Said(finding.path, finding.demand, finding.severity))
        self.finding = finding

    def finish(self, rows: int, opened: Opened, most: int, keys: list[str]) -> Finding:
        """The finding that was there from the beginning."""
        return self.finding


@dataclass(slots=True)
class _Tally:
    count: int = 0
    examples: list[Mapping[str, Any]] = field(default_factory=list)


class Counted(Slot):
    """A demand that each row keeps or breaks by itself. ``fault`` is a violation whose rows are being sought."""

    def __init__(self, said: Said, columns: tuple[str, ...], broken: pl.Expr, fault: str = "") -> None:
        super().__init__(said)
        self.columns = columns
        self.broken = broken
        self.fault = fault
        self.tally = _Tally()

    def expression(self) -> pl.Expr | None:
        """The rows that break it."""
        return self.broken

    def add(self, piece: pl.DataFrame, start: int, broken: int, most: int, keys: list[str]) -> None:
        """Count, and name the first rows that break it."""
        self.tally.count += broken
        missing = most - len(self.tally.examples)
        if broken and missing > 0:
            at = piece.select(self.expression().arg_true().head(missing).alias("at")).to_series()  # type: ignore[union-attr]
            self.tally.examples.extend(name_rows(piece[at], [start + one for one in at], list(self.columns), keys))

    def finish(self, rows: int, opened: Opened, most: int, keys: list[str]) -> Finding:
        """Violated where more rows break it than may."""
        count, said = self.tally.count, self.said
        share = count / rows if rows else 0.0
        if not self.fault and share <= said.others:
            return Finding(said.path, said.demand, said.severity, "passed", count, share)
        why = f"{count:,} of {rows:,} rows break it"
        if self.fault:
            read = f"{count:,} of {rows:,} values cannot be read as one" if count else "all values can be read as one"
            why = f"{self.fault}; {read}"
        return Finding(said.path, said.demand, said.severity, "violated", count, share, tuple(self.tally.examples), why)


class Ordered(Counted):
    """A column whose values come in order; the last value of a piece stands before the next."""

    def __init__(self, said: Said, column: str, dtype: Any, *, descending: bool) -> None:
        import polars as pl

        super().__init__(said, (column,), pl.lit(False))
        self.column = column_named(column).fill_nan(None) if dtype.is_float() else column_named(column)
        self.dtype = dtype
        self.descending = descending
        self.last: Any = None

    def expression(self) -> pl.Expr | None:
        """The rows whose value is on the wrong side of the one before it."""
        import polars as pl

        last = pl.Series([self.last], dtype=self.dtype).first() if self.last is None else self.last
        before = self.column.forward_fill().shift(1, fill_value=pl.lit(last, dtype=self.dtype))
        return ((self.column > before) if self.descending else (self.column < before)).fill_null(False)

    def add(self, piece: pl.DataFrame, start: int, broken: int, most: int, keys: list[str]) -> None:
        """Count, and keep the last value."""
        super().add(piece, start, broken, most, keys)
        present = piece.select(self.column.drop_nulls().last()).to_series()
        self.last = present[0] if present[0] is not None else self.last


class Once(Slot):
    """Columns whose values together occur once; with ``whole`` none of them may be missing either."""

    def __init__(self, said: Said, columns: tuple[str, ...], *, whole: bool = False) -> None:
        import polars as pl

        super().__init__(said)
        self.columns = columns
        self.doubles = Doubles(list(columns))
        missing = pl.any_horizontal(column_named(one).is_null() for one in columns)
        self.nulls = Counted(said, columns, missing) if whole else None

    def expression(self) -> pl.Expr | None:
        """The rows in which a value is missing, where that matters."""
        return self.nulls.broken if self.nulls else None

    def add(self, piece: pl.DataFrame, start: int, broken: int, most: int, keys: list[str]) -> None:
        """Take in the hashes of the next rows."""
        self.doubles.add(piece)
        if self.nulls:
            self.nulls.add(piece, start, broken, most, keys)

    def finish(self, rows: int, opened: Opened, most: int, keys: list[str]) -> Finding:
        """Violated where a row repeats an earlier one, or lacks a value that names it."""
        count, first = self.doubles.find(opened, most)
        lacking = self.nulls.tally if self.nulls else _Tally()
        total, said = count + lacking.count, self.said
        if not total:
            return said.passed()
        names = list(dict.fromkeys([*self.columns, *keys]))
        examples = [*lacking.examples, *name_rows(_picked(opened, names, first), first, list(self.columns), keys)]
        examples.sort(key=lambda one: int(one["row"]))
        parts = [f"{count:,} {'row repeats' if count == 1 else 'rows repeat'} an earlier one"] if count else []
        parts += (
            [f"{lacking.count:,} {'row lacks' if lacking.count == 1 else 'rows lack'} a value"] if lacking.count else []
        )
        share = total / rows
        return Finding(
            said.path, said.demand, said.severity, "violated", total, share, tuple(examples[:most]), ", ".join(parts)
        )


class RowCount(Slot):
    """How many rows there are."""

    def __init__(self, said: Said, span: Mapping[str, int]) -> None:
        super().__init__(said)
        self.span = span

    def finish(self, rows: int, opened: Opened, most: int, keys: list[str]) -> Finding:
        """Violated outside of the span."""
        within = self.span.get("min", 0) <= rows <= self.span.get("max", rows)
        return self.said.passed() if within else self.said.violated(f"there are {rows:,}")


class Fresh(Slot):
    """How old the newest value of a column is at a stated moment."""

    def __init__(self, said: Said, column: str, within: str, now: datetime.datetime) -> None:
        super().__init__(said)
        self.columns = (column,)
        self.within: datetime.timedelta = validate(within, datetime.timedelta, from_file=True)
        self.now = now if now.tzinfo else now.replace(tzinfo=datetime.UTC)
        self.newest: Any = None

    def add(self, piece: pl.DataFrame, start: int, broken: int, most: int, keys: list[str]) -> None:
        """Keep the newest value."""
        found = piece.get_column(self.columns[0]).max()
        if found is not None and (self.newest is None or found > self.newest):
            self.newest = found

    def finish(self, rows: int, opened: Opened, most: int, keys: list[str]) -> Finding:
        """Violated where the newest value is older than it may be. A date counts as its last moment, and a time
        without a zone as UTC."""
        if self.newest is None:
            return self.said.violated("there is no value")
        newest = self.newest
        if not isinstance(newest, datetime.datetime):
            newest = datetime.datetime.combine(newest, datetime.time.max)
        newest = newest if newest.tzinfo else newest.replace(tzinfo=datetime.UTC)
        if self.now - newest <= self.within:
            return self.said.passed()
        age = self.now - newest
        return self.said.violated(f"the newest is {self.newest}, {_span(age)} before {self.now.isoformat()}")


def name_rows(picked: pl.DataFrame, rows: list[int], columns: list[str], keys: list[str]) -> list[Mapping[str, Any]]:
    """Rows as a finding names them: number, key, and the values of the columns that it is about."""
    named: list[Mapping[str, Any]] = []
    for row, values in zip(rows, picked.iter_rows(named=True), strict=True):
        value = values[columns[0]] if len(columns) == 1 else None
        shown = _shown(value) if len(columns) == 1 else ", ".join(f"{one} {_shown(values[one])}" for one in columns)
        key = {one: clip(_shown(values[one])) for one in keys}
        named.append({"row": row, **({"key": key} if key else {}), "value": clip(shown)})
    return named


def _picked(opened: Opened, names: list[str], rows: list[int]) -> pl.DataFrame:
    """Some rows of the table, by their numbers in ascending order."""
    import polars as pl

    found, start, wanted = [], 0, list(rows)
    for piece in opened.pieces(names):
        here = [row - start for row in wanted if row < start + piece.height]
        found.append(piece[here])
        wanted = wanted[len(here) :]
        start += piece.height
        if not wanted:
            break
    return pl.concat(found) if found else pl.DataFrame(schema=dict.fromkeys(names, pl.Null))


def _shown(value: Any) -> str:
    return "null" if value is None else repr(value) if isinstance(value, str) else str(value)


def _span(age: datetime.timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} hours"
