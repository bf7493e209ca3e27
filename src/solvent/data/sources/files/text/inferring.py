"""Inferring the types of a text file's columns from all of its values, piece by piece."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import EXACT_IN_FLOATS, columns_named
from solvent.data.sources.files.text.guessing import SAMPLED, count_odd, guess_types, join_guesses, odd_texts
from solvent.data.sources.files.text.nested import is_void, leaves, whole_beyond
from solvent.data.sources.files.text.objects import Digits, doubtful, escaped, holds_others, kind_of, read_objects
from solvent.data.sources.files.text.reading import TextFile
from solvent.data.sources.files.text.splitting import Piece
from solvent.errors import InputError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["CsvTypes", "JsonTypes", "noted"]


class CsvTypes:
    """The types of a CSV file's columns. Pinned ones are checked: a value that does not fit is an error."""

    def __init__(self, file: TextFile, pinned: Mapping[str, Any]) -> None:
        import polars as pl

        self._file = file
        self._pinned = dict(pinned)
        self._guesses: dict[str, Any] = {name: pl.Null() for name in file.look.names if name not in pinned}
        self._largest: dict[str, int] = {}
        self.findings: list[dict[str, Any]] = []
        self.sample: pl.DataFrame | None = None

    @property
    def types(self) -> dict[str, Any]:
        """The types so far, by column in order; Null for one without any value."""
        return {name: self._pinned.get(name) or self._guesses[name] for name in self._file.look.names}

    def count_odd(self, piece: Piece) -> int:
        """How many fields of a piece would lose a sign or a zero as numbers; to be told with it to :meth:`take`."""
        return count_odd(piece.data, self._file.look.delimiter or ",", self._file.options.quote) if self._guesses else 0

    def parse(self, piece: Piece) -> tuple[dict[str, Any], pl.DataFrame | None]:
        """The types that are known now, and the piece read so; None where it cannot be. May run ahead of :meth:`take`.

        Which is why it comes with the types: should they be others by then, it counts for nothing.
        """
        import polars as pl

        known = self._known()
        if self.sample is None or not self._guesses or self._file.options.trim:
            return known, None
        try:
            return known, self._file.raw_csv(piece, list(self._guesses), known)
        except pl.exceptions.PolarsError:
            return known, None

    def _known(self) -> dict[str, Any]:
        import polars as pl

        return {name: kind for name, kind in self._guesses.items() if not isinstance(kind, pl.Null)}

    def take(self, piece: Piece, odd: int, parsed: tuple[dict[str, Any], pl.DataFrame | None]) -> None:
        """Look at a piece. Raises :class:`InputError` for a value that its pinned type cannot hold."""
        file = self._file
        if self._pinned:
            file.parse(piece, self._pinned)
        if not self._guesses:
            return
        names = list(self._guesses)
        if self.sample is None:
            text = file.text(piece, names)
            self.sample = text.head(SAMPLED)
            self._learn(text, piece)
            return
        known, found = parsed
        if known != self._known():
            _, found = self.parse(piece)
        if found is None:
            self._learn(file.text(piece, names), piece)
            return
        self._confirm(found, piece, odd)

    def _confirm(self, found: pl.DataFrame, piece: Piece, odd: int) -> None:
        """A piece that is of the types so far: look for what they would lose, and at columns without a value yet."""
        import polars as pl

        doubtful = [name for name, kind in self._guesses.items() if isinstance(kind, pl.Null)]
        doubtful = [name for name in doubtful if found.get_column(name).null_count() < found.height]
        numbers = [name for name, kind in self._guesses.items() if kind.is_numeric()]
        texts = [name for name, kind in self._guesses.items() if isinstance(kind, pl.String)]
        if numbers and odd and (not texts or odd > odd_texts(found.select(columns_named(texts)))):
            doubtful += numbers
        else:
            for name in numbers:
                column = found.get_column(name).alias("v")
                if column.dtype == pl.Int64:
                    self._grow(name, column)
                elif column.dtype == pl.Float64 and bool((column.abs() >= EXACT_IN_FLOATS).any()):
                    doubtful.append(name)
        if doubtful:
            self._learn(self._file.text(piece, doubtful), piece)

    def _grow(self, name: str, column: pl.Series) -> None:
        for one in (column.min(), column.max()):
            if one is not None:
                self._largest[name] = max(self._largest.get(name, 0), abs(int(one)))  # type: ignore[arg-type]

    def _learn(self, text: pl.DataFrame, piece: Piece) -> None:
        """Guess anew from the texts of a piece."""
        import polars as pl

        for name, here in guess_types(text).items():
            column, before = text.get_column(name).alias("v"), self._guesses[name]
            if isinstance(here, pl.Int64):
                self._grow(name, column.cast(pl.Int64, strict=False))
            now = join_guesses(before, here, self._largest.get(name, 0))
            self._guesses[name] = now
            if now != before and len(self.findings) < 100 and (said := noted(name, before, now, column, piece)):
                self.findings.append(said)


def noted(name: str, before: Any, now: Any, column: pl.Series, piece: Piece) -> dict[str, Any] | None:
    """What is to be said where a column stopped being what it was, or is not the number that it looks like."""
    import polars as pl

    if not isinstance(now, (pl.String, pl.Decimal)):
        return None
    if isinstance(now, pl.String):
        wrong = column.is_not_null() & column.cast(pl.Float64, strict=False).is_null()
        kind = "mixed"
        if not wrong.any():
            wrong = column.str.contains(r"^(?:0[0-9]|\+)").fill_null(False)
            kind = "leading zero"
        if not wrong.any():
            wrong, kind = column.str.len_bytes().fill_null(0) > 15, "large number"
        if isinstance(before, pl.Null) and kind == "mixed" and wrong.sum() * 2 > column.len() - column.null_count():
            return None  # simply text
    else:
        wrong, kind = column.cast(pl.Int64, strict=False).is_null() & column.is_not_null(), "large number"
    if not wrong.any():
        return None
    row = int(wrong.alias("v").arg_max() or 0)
    shown = repr(column[row])[:60]
    return {"kind": kind, "line": piece.line_of(row), "column": name, "text": f"{shown} makes the column {_word(now)}"}


_KINDS = {"String": "str", "Boolean": "bool", "Int64": "float", "Float64": "float", "Decimal": "float"}
"""What a value of JSON is called that has made a column of this type."""


class JsonTypes:
    """The types of a JSON file's columns, in the order of their first appearance."""

    def __init__(self, file: TextFile) -> None:
        self._file = file
        self._largest: dict[str, int] = {}
        self._mixed: set[str] = set()
        self.types: dict[str, Any] = {}
        self.rows = 0
        self.findings: list[dict[str, Any]] = []
        self.sample: pl.DataFrame | None = None

    def take(self, piece: Piece) -> None:
        """Look at a piece. Raises :class:`InputError` for a line that is no JSON object."""
        import polars as pl

        if piece.data.isspace():
            return
        found = self._as_known(piece)
        inferred = found is None
        if found is None:
            found = self._inferred(piece)
        elif escaped(piece.data):
            self._file.mended(piece)  # which raises what is wrong
        if not found.width:  # lines without any key, if they are objects at all
            self._file.mended(piece)
        self.rows += found.height if found.width else self._file.count(piece)
        if piece.lines is None and found.width and found.height < piece.data.count(b"\n"):
            blank = next(at for at, line in enumerate(piece.data.split(b"\n")) if not line.strip())
            self._note_once("blank line", piece.first + blank, None, "blank lines are no rows")
        if self.sample is None:
            self.sample = found.head(SAMPLED)
        for name, dtype in found.schema.items():
            before = self.types.get(name, pl.Null())
            if inferred and isinstance(dtype, pl.String) and name not in self._mixed and holds_others(piece.data, name):
                self._note_mixed(name, piece, "values of several kinds make the column text")
            here = self._plain(name, found.get_column(name).alias("v"), dtype, piece)
            now = self._joined(name, before, here)
            if (
                isinstance(now, pl.String)
                and isinstance(before, pl.String)
                and here not in (now, pl.Null())
                and name not in self._mixed
            ):
                self._note_mixed(name, piece, "other values than text are text, since the column is")
            if now != before and not isinstance(before, pl.Null):
                self._note_mixed(name, piece, f"the column is {_word(now)} from here on, {_word(before)} before")
            self.types[name] = now

    def _inferred(self, piece: Piece) -> pl.DataFrame:
        """The piece with types of its own. Raises :class:`InputError` for a line that is no JSON object."""
        import polars as pl

        try:
            found = pl.read_ndjson(io.BytesIO(piece.data), infer_schema_length=None)
        except pl.exceptions.PolarsError:
            return self._mended(piece)
        if doubtful(piece.data, found):
            self._file.mended(piece)  # which raises what is wrong
        return found

    def _as_known(self, piece: Piece) -> pl.DataFrame | None:
        """The piece read with the types so far, if each row has just the keys so far; else None.

        Much faster than to infer its types, which only counts if nothing can be in it that these types would hide:
        each key must stand there once a row, and there may be no more colons after quotes than that.
        """
        import polars as pl

        data, rows = piece.data, piece.data.count(b"\n")
        if not self.types or any(one.is_nested() or isinstance(one, pl.Null) for one in self.types.values()):
            return None
        if data.count(b'":') != rows * len(self.types):
            return None
        if any(data.count(f'"{name}":'.encode()) != rows for name in self.types):
            return None
        texts = [f'"{name}":' for name, one in self.types.items() if isinstance(one, pl.String)]
        if any(data.count(f'{one}"'.encode()) + data.count(f"{one}null".encode()) != rows for one in texts):
            return None  # a value of another kind would be made text without a word
        schema = {name: pl.Int128() if isinstance(one, pl.Decimal) else one for name, one in self.types.items()}
        try:
            found = pl.read_ndjson(io.BytesIO(data), schema=schema)
        except pl.exceptions.PolarsError:
            return None
        if found.height != rows:
            return None
        nulls = {name: found.get_column(name).null_count() for name in found.columns}
        if any(count and data.count(f'"{name}":null'.encode()) != count for name, count in nulls.items()):
            return None  # a row lacks a key, so that another may have it twice
        return found

    def _plain(self, name: str, column: pl.Series, dtype: Any, piece: Piece) -> Any:
        """The type, or text where a whole number has more than 38 digits, or would lose one as a fraction."""
        import polars as pl

        if dtype == pl.Int64 and column.len() > column.null_count():
            ends = (abs(int(one)) for one in (column.min(), column.max()))  # type: ignore[arg-type]
            self._largest[name] = max(self._largest.get(name, 0), *ends)
        if dtype.is_nested() and self._bends(name, column, piece):
            self._note_mixed(name, piece, "a whole number that no type there holds makes the column text")
            return pl.String()
        if dtype == pl.Float64 and bool((column.abs() >= EXACT_IN_FLOATS).any()):
            return pl.String() if self._note_large(name, piece, EXACT_IN_FLOATS + 1) else dtype
        if dtype == pl.Int128:
            low, high = column.min(), column.max()
            if any(abs(int(one)) >= 10**38 for one in (low, high) if one is not None):  # type: ignore[arg-type]
                self._note_large(name, piece, 10**38)
                return pl.String()
            return pl.Decimal(38, 0)
        return dtype

    def _note_large(self, name: str, piece: Piece, least: int) -> bool:
        """Whether a whole number of a piece is as large as this, which is recorded with its line."""
        lines = [at for at, line in enumerate(piece.data.split(b"\n")) if line.strip()]
        for place, (_, row) in enumerate(read_objects(piece, self._file.label, self._file.look.format)):
            value = row.get(name)
            if isinstance(value, Digits) or (type(value) is int and abs(value) >= least):
                line = int(piece.lines[place]) if piece.lines is not None else piece.first + lines[place]
                self._note_once("large number", line, name, f"{str(value)[:60]} makes the column text")
                return True
        return False

    def _note_once(self, kind: str, line: int, name: str | None, text: str) -> None:
        if len(self.findings) < 100 and not any((one["kind"], one["column"]) == (kind, name) for one in self.findings):
            self.findings.append({"kind": kind, "line": line, "column": name, "text": text})

    def _bends(self, name: str, column: pl.Series, piece: Piece) -> bool:
        """Whether whole numbers deep in a column have no type there, or have become fractions that cannot hold them."""
        import polars as pl

        large = False
        for leaf in leaves(column):
            if leaf.dtype in (pl.Int128, pl.UInt64):
                return True
            if leaf.dtype == pl.Int64 and leaf.len() > leaf.null_count():
                ends = (abs(int(one)) for one in (leaf.min(), leaf.max()))  # type: ignore[arg-type]
                self._largest[name] = max(self._largest.get(name, 0), *ends)
            large = large or (leaf.dtype == pl.Float64 and bool((leaf.abs() >= EXACT_IN_FLOATS).any()))
        if not large:
            return False
        rows = read_objects(piece, self._file.label, self._file.look.format)
        return any(whole_beyond(row.get(name)) for _, row in rows)

    def end(self) -> None:
        """All pieces were taken: objects that never have a key are text, since no type has no field."""
        import polars as pl

        for name, dtype in self.types.items():
            if is_void(dtype) and name not in self._mixed:
                self._mixed.add(name)
                self.findings.append(
                    {"kind": "mixed", "line": None, "column": name, "text": "objects without any key are text"}
                )
                self.types[name] = pl.String()

    def _joined(self, name: str, one: Any, other: Any) -> Any:
        import polars as pl

        if one == other or isinstance(other, pl.Null):
            return one
        if isinstance(one, pl.Null):
            return other
        if isinstance(one, pl.List) and isinstance(other, pl.List):
            return pl.List(self._joined(name, one.inner, other.inner))
        if isinstance(one, pl.Struct) and isinstance(other, pl.Struct):
            fields = {field.name: field.dtype for field in one.fields}
            for field in other.fields:
                fields[field.name] = self._joined(name, fields.get(field.name, pl.Null()), field.dtype)
            return pl.Struct(fields)
        if one.is_numeric() and other.is_numeric():
            if "Float64" in (str(one), str(other)):
                whole = one if isinstance(other, pl.Float64) else other
                exact = isinstance(whole, pl.Int64) and self._largest.get(name, 0) <= EXACT_IN_FLOATS
                return pl.Float64() if exact else pl.String()
            return pl.Decimal(38, 0)
        return pl.String()

    def _mended(self, piece: Piece) -> pl.DataFrame:
        """A piece that Polars cannot read by itself: columns whose values are of several kinds are read as text."""
        kinds: dict[str, set[str]] = {}
        for _, row in read_objects(piece, self._file.label, self._file.look.format):
            for name, value in row.items():
                kinds.setdefault(name, set()).add(kind_of(value))
        mixed = {name for name, found in kinds.items() if len(found - {"null"}) > 1 or "endless" in found}
        found = self._read_so(piece, mixed)
        if found is None:
            nested = {name for name, seen in kinds.items() if seen & {"list", "dict"}} - mixed
            mixed |= {name for name in nested if self._read_so(piece, mixed, name) is None}
            found = self._read_so(piece, mixed)
        if found is None:
            raise InputError(f"{self._file.label} cannot be read as {self._file.look.format}, below line {piece.first}")
        for name in sorted(mixed - self._mixed):
            self._note_mixed(
                name, piece, "values of several kinds, or a number that no type holds, make the column text"
            )
        return found

    def _note_mixed(self, name: str, piece: Piece, text: str) -> None:
        self._mixed.add(name)
        line, shown = self._odd_one(name, piece)
        self.findings.append({"kind": "mixed", "line": line, "column": name, "text": f"{shown}{text}"})

    def _odd_one(self, name: str, piece: Piece) -> tuple[int, str]:
        """The line of the first value that is of another kind than those before it, and the value as it is shown.

        Without one in this piece it is the first line: what is odd lies between pieces.
        """
        usual = _KINDS.get(type(self.types.get(name)).__name__, "null")
        for where, row in read_objects(piece, self._file.label, self._file.look.format):
            kind = kind_of(row.get(name))
            if kind == "null":
                continue
            if usual not in ("null", kind):
                return int(where.rpartition(" ")[2]), f"{row[name]!r:.40}: "
            usual = kind
        return piece.first, ""

    def _read_so(self, piece: Piece, mixed: set[str], alone: str | None = None) -> pl.DataFrame | None:
        """The piece with these columns as text (or a single other column of it); None if Polars cannot read it so."""
        import polars as pl

        data = self._file.mended(piece, mixed)
        if alone is not None:
            data = b"\n".join(json.dumps({alone: json.loads(line).get(alone)}).encode() for line in data.splitlines())
        texts = {name: pl.String() for name in mixed}
        with suppress(pl.exceptions.PolarsError):
            return pl.read_ndjson(io.BytesIO(data), infer_schema_length=None, schema_overrides=texts)
        return None


def _word(dtype: Any) -> str:
    import polars as pl

    return {"String": "text", "Null": "empty"}.get(str(dtype), "int64" if dtype == pl.Int64 else str(dtype).lower())
