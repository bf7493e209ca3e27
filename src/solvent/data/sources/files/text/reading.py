"""Reading text files as frames piece by piece, with types that are wanted, or that are found out on the way."""

from __future__ import annotations

import codecs
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data.sources.files.casting import Misfit, cast_frame, exact_up_to
from solvent.data.sources.files.options import Options
from solvent.data.sources.files.recognising import Look
from solvent.data.sources.files.text.decoding import read_chunks
from solvent.data.sources.files.text.elements import Elements, cut_lines
from solvent.data.sources.files.text.objects import read_objects, written
from solvent.data.sources.files.text.splitting import Dialect, Piece, Splitter, fault_in_text
from solvent.errors import InputError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["TextFile", "is_quick"]


@dataclass(slots=True)
class TextFile:
    """One CSV or JSON file. ``natural`` is what types its columns have by themselves (JSON needs them to be read).

    ``mixed`` are columns of JSON that are text because their values are of several kinds.
    """

    path: Path
    label: str
    options: Options
    look: Look
    natural: Mapping[str, Any] = field(default_factory=dict)
    mixed: Collection[str] = ()
    splitter: Splitter | None = None
    elements: Elements | None = None

    @property
    def is_json(self) -> bool:
        """Whether it is JSON of any kind."""
        return self.look.format in ("json", "jsonl")

    def pieces(self) -> Iterator[Piece]:
        """Its rows as text. Raises :class:`InputError` for text that is no rows."""
        chunks: Iterator[bytes] = read_chunks(self.path, self.label, self.look.encoding or "utf-8")
        if self.look.format == "jsonl":
            yield from cut_lines(chunks)
            return
        if self.look.format == "json":
            self.elements = Elements(self.label, self.options.rows.split(".") if self.options.rows else None)
            yield from self.elements.cut(chunks)
            return
        if self.look.returns:
            chunks = (one.replace(b"\r", b"\n") for one in chunks)
        self.splitter = Splitter(
            Dialect(
                self.label, self.look.delimiter or ",", self.options.quote, len(self.look.names), self.options.comment,
                self.options.skip, self.look.header == "first line", self.options.ragged,
            )
        )  # fmt: skip
        yield from self.splitter.cut(chunks)

    def frames(self, wanted: Mapping[str, Any]) -> Iterator[pl.DataFrame]:
        """Its rows as frames with these columns and types; columns that it lacks are null. Raises InputError."""
        import polars as pl

        for piece in self.pieces():
            if wanted:
                yield self.parse(piece, wanted)
            else:  # only how many rows there are
                yield pl.DataFrame({"": pl.Series([None] * self.count(piece), dtype=pl.Null)})

    def parse(self, piece: Piece, wanted: Mapping[str, Any]) -> pl.DataFrame:
        """A piece as a frame with these columns and types. Raises :class:`InputError` with line and column."""
        try:
            raw = self.raw_json(piece, wanted) if self.is_json else self._raw_csv(piece, wanted)
            return cast_frame(raw, wanted, self.options.formats)
        except Misfit as error:
            pinned = error.column in self.options.types
            way = "the type is pinned" if pinned else "the column is read so because other files have it so"
            raise InputError(
                f"{self.label} cannot be read as {self.look.format}: line {piece.line_of(error.row)}, {error} ({way})"
            ) from error

    def _raw_csv(self, piece: Piece, wanted: Mapping[str, Any]) -> pl.DataFrame:
        """The columns with types that Polars parses as we do; as text where it does not, or one does not fit."""
        import polars as pl

        names = [name for name in self.look.names if name in wanted]
        quick = {name: wanted[name] for name in names if is_quick(wanted[name]) and not self.options.trim}
        if any(not isinstance(one, pl.String) for one in quick.values()):
            try:
                found = self.raw_csv(piece, names, quick)
                fractions = [one for one in found.get_columns() if one.dtype.is_float()]
                if not any((one.abs() >= exact_up_to(one.dtype)).any() for one in fractions):
                    return found  # else their texts are looked at: a number may be bent
            except pl.exceptions.PolarsError:
                pass
        return self.text(piece, names)

    def text(self, piece: Piece, names: Sequence[str]) -> pl.DataFrame:
        """Columns of a CSV piece as text. Raises :class:`InputError` for text that is not UTF-8."""
        import polars as pl

        try:
            return self.raw_csv(piece, names, {})
        except pl.exceptions.PolarsError as error:
            fault = fault_in_text(piece, self.label) or self._ragged(piece)
            raise fault or InputError(
                f"{self.label} cannot be read as {self.look.format}: {error}, somewhere below line {piece.first}"
            ) from error

    def raw_csv(self, piece: Piece, names: Sequence[str], types: Mapping[str, Any]) -> pl.DataFrame:
        """Columns of a CSV piece with these types, else as text. Raises whatever Polars raises.

        With ``trim`` all are text: a field has its blanks until then.
        """
        import polars as pl

        columns = self.look.names
        schema = {f"column_{place}": types.get(name, pl.String()) for place, name in enumerate(columns, 1)}
        here = {name: f"column_{place}" for place, name in enumerate(columns, 1)}
        # Polars takes the first line's fields for all that there are: a full one goes before lines that may be short.
        # And it leaves out a mark of byte order, which is part of a value where a row begins with it.
        first = self.options.ragged == "fill" or piece.data.startswith(codecs.BOM_UTF8)
        full = (self.look.delimiter or ",").encode() * (len(columns) - 1) + b"\n" if first else b""
        found = pl.read_csv(
            io.BytesIO(full + piece.data if full else piece.data),
            has_header=False,
            schema=schema,
            columns=[here[name] for name in names] if len(names) < len(columns) else None,
            separator=self.look.delimiter or ",",
            quote_char=self.options.quote or None,
            null_values=None if self.options.trim else self.options.null or None,
        )
        found = found.slice(1) if full else found
        if self.options.trim:
            bare = pl.all().str.strip_chars(" \t")
            void = (bare == "") & (pl.all() != "")  # an empty field that is quoted is text, and none is null already
            found = found.select(pl.when(void | bare.is_in(self.options.null)).then(None).otherwise(bare).name.keep())
        called = {here: name for name, here in here.items()}
        found.columns = [called[one] for one in found.columns]
        return found

    def _ragged(self, piece: Piece) -> InputError | None:
        """A row with too many fields, which a piece that was only counted can hold."""
        assert self.splitter is not None
        again = Splitter(self.splitter.dialect, _line=piece.first, _begun=True)
        try:
            again.look(piece.data)
        except InputError as error:
            return error
        return None

    def raw_json(self, piece: Piece, wanted: Mapping[str, Any]) -> pl.DataFrame:
        """The wanted columns of a piece of JSON lines, each with its natural type, or as text if that is wanted."""
        import polars as pl

        schema = {}
        for name in wanted:
            if name in self.natural:
                kind = wanted[name] if _is_json_like(self.natural[name], wanted[name]) else self.natural[name]
                schema[name] = pl.Int128() if isinstance(kind, pl.Decimal) else kind
        if not schema:
            return pl.DataFrame({"": pl.Series([None] * self.count(piece), dtype=pl.Null)})
        # A fraction that is to be text or a decimal is taken as it is written: a float would bend it.
        bent = {
            name
            for name, one in wanted.items()
            if isinstance(self.natural.get(name), pl.Float64) and isinstance(one, (pl.String, pl.Decimal))
        }
        schema |= dict.fromkeys(bent, pl.String())
        texts = [
            name for name in schema if name in bent or (name in self.mixed and isinstance(schema[name], pl.String))
        ]
        if not texts:
            with suppress(pl.exceptions.PolarsError):
                return pl.read_ndjson(io.BytesIO(piece.data), schema=schema)
        try:
            return pl.read_ndjson(io.BytesIO(self.mended(piece, texts)), schema=schema)
        except pl.exceptions.PolarsError as error:
            raise InputError(
                f"{self.label} cannot be read as {self.look.format}: {error}, below line {piece.first}"
            ) from error

    def count(self, piece: Piece) -> int:
        """How many rows a piece of JSON lines has: blank lines are none."""
        return sum(1 for line in piece.data.splitlines() if line.strip())

    def mended(self, piece: Piece, texts: Collection[str] = ()) -> bytes:
        """A piece of JSON lines with what no type can hold, and all values of some columns, as text.

        Raises :class:`InputError` for a broken line.
        """
        rows = read_objects(piece, self.label, self.look.format)
        return ("\n".join([written(where, row, texts) for where, row in rows]) + "\n").encode()


def is_quick(dtype: Any) -> bool:
    """Whether Polars parses the type from CSV just as a cast of its text would."""
    return bool(dtype.is_integer() or dtype.is_float()) or type(dtype).__name__ in ("String", "Boolean")


def _is_json_like(natural: Any, wanted: Any) -> bool:
    """Whether JSON can be read as the wanted type at once: text as it stands, numbers as wider ones, more fields."""
    import polars as pl

    if isinstance(wanted, pl.String):
        return True
    if wanted.is_nested():
        return isinstance(natural, type(wanted)) and not _rounds(natural, wanted)
    return False


def _rounds(natural: Any, wanted: Any) -> bool:
    """Whether whole numbers deep in a column would be read as fractions, which may round them without a word."""
    import polars as pl

    if isinstance(natural, pl.List) and isinstance(wanted, pl.List):
        return _rounds(natural.inner, wanted.inner)
    if isinstance(natural, pl.Struct) and isinstance(wanted, pl.Struct):
        asked = wanted.to_schema()
        return any(name in asked and _rounds(one, asked[name]) for name, one in natural.to_schema().items())
    return bool(natural.is_integer() and wanted.is_float())
