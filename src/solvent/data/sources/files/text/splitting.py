"""Splitting CSV text into pieces that end where a row does, every row with the number of fields that it should have."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from solvent.errors import InputError

__all__ = ["Dialect", "Piece", "Splitter", "fault_in_text"]

_LF, _CR = 10, 13
_CACHED = 1 << 18
_ROW_LIMIT = 1 << 30
"""A row longer than this is taken for a quote that never closes."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the text of one CSV file is laid out. ``columns`` is how many fields each row has."""

    label: str
    delimiter: str
    quote: str
    columns: int
    comment: str | None = None
    skip: int = 0
    header: bool = True
    ragged: str = "fail"


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole rows as UTF-8 text: ``first`` is the line that they begin on; ``lines`` those of each row, if known."""

    data: bytes
    first: int
    rows: int
    quote: str = ""
    lines: Any = None

    def line_of(self, row: int) -> int:
        """The line of the file (from 1) on which a row of this piece (from 0) begins."""
        if self.lines is not None:
            return int(self.lines[row])
        ends = _outer_ends(self.data, self.quote)
        start = int(ends[row - 1]) + 1 if row else 0
        return self.first + self.data.count(b"\n", 0, start)


def fault_in_text(piece: Piece, label: str) -> InputError | None:
    """Where a piece is not UTF-8, if that is what is wrong with it."""
    try:
        piece.data.decode()
    except UnicodeDecodeError as error:
        row = piece.data[: error.start].count(b"\n") + 1
        line = piece.first + row - 1 if piece.lines is None else int(piece.lines[min(row, piece.rows) - 1])
        begin = piece.data.rfind(b"\n", 0, error.start) + 1
        sign, around = piece.data[error.start], piece.data[max(begin, error.start - 20) : error.start + 10]
        return InputError(
            f"{label} line {line}: invalid utf-8: the byte 0x{sign:02x} near {around.decode('latin-1')!r}. Say which "
            f"encoding it has, as in encoding: latin-1 (or cp1252)"
        )
    return None


@dataclass(slots=True)
class Splitter:
    """Cuts one file's text. After the last piece its other fields say what was there; the lists hold lines."""

    dialect: Dialect
    rows: int = 0
    ends: int = 0
    crlf: int = 0
    blank: list[int] = field(default_factory=list)
    short: list[int] = field(default_factory=list)
    stray: list[int] = field(default_factory=list)
    _line: int = 1
    _begun: bool = False

    def cut(self, chunks: Iterable[bytes]) -> Iterator[Piece]:
        """The rows in pieces. Raises :class:`InputError` for a row with too many or too few fields, with its line."""
        rest: list[bytes] = []
        held = wait = 0
        skip = self.dialect.skip
        coming = iter(chunks)
        chunk = next(coming, None)
        while chunk is not None:
            after = next(coming, None)
            while skip and chunk:
                _, end, chunk = chunk.partition(b"\n")
                skip -= len(end)
                self._line += len(end)
            rest.append(chunk)
            held += len(chunk)
            chunk = after
            if held < wait or after is None:  # the last of it is taken as one with how it ends
                continue
            buffer = b"".join(rest)
            taken, piece = self._take(buffer, last=False)
            if piece is not None:
                yield piece
            rest = [buffer[taken:]]
            held = len(rest[0])
            wait = 2 * held  # a row that goes on for long is not looked at again for each chunk
            if held > _ROW_LIMIT:
                raise InputError(
                    f"{self.dialect.label} line {self._line}: the row that begins here does not end within 1 GiB; a "
                    f"quote in it is never closed. If quotes are plain text here, say quote: ''"
                )
        buffer = b"".join(rest)
        if buffer:
            whole = buffer.endswith(b"\n")
            _, piece = self._take(buffer if whole else buffer + b"\n", last=True)
            self.ends -= not whole
            if piece is not None:
                yield piece

    def look(self, data: bytes) -> None:
        """Look at every row of a piece again. Raises :class:`InputError` for one with too many or too few fields."""
        self._carefully(data, last=True)

    def _take(self, buffer: bytes, last: bool) -> tuple[int, Piece | None]:
        """How much of the buffer is whole rows, and these rows."""
        dialect = self.dialect
        quote = dialect.quote.encode()
        if dialect.comment and (
            f"\n{dialect.comment}".encode() in buffer or buffer.startswith(dialect.comment.encode())
        ):
            return self._slowly(buffer, last)
        if self._begun and not (quote and quote in buffer):
            cut = buffer.rfind(b"\n") + 1
            if not cut:
                return 0, None
            body = buffer[:cut]
            rows = _count(body, _LF)
            # Polars refuses a row with too many fields: if all fields together are as many as they should be, and no
            # row has too many, then none has too few, and none is blank.
            if _count(body, ord(dialect.delimiter)) == rows * (dialect.columns - 1):
                self.crlf += body.count(b"\r\n") if b"\r" in body else 0
                self.ends += rows
                return cut, self._made(body, self._line, rows, rows, None)
        return self._carefully(buffer, last)

    def _carefully(self, buffer: bytes, last: bool) -> tuple[int, Piece | None]:
        """The same with every row looked at, still by whole arrays."""
        import numpy as np

        dialect = self.dialect
        signs = np.frombuffer(buffer, np.uint8)
        quote = ord(dialect.quote) if dialect.quote and dialect.quote.encode() in buffer else None
        places = _places(
            signs, (_LF, ord(dialect.delimiter)) if quote is None else (_LF, ord(dialect.delimiter), quote)
        )
        kinds = signs[places]
        newlines = places[kinds == _LF]
        if quote is not None:
            quotes = kinds == quote
            inside = np.logical_xor.accumulate(quotes)
            if last and len(inside) and inside[-1]:
                return self._slowly(buffer, last)
            if not self._sound(signs, places[quotes & inside], places[quotes & ~inside]):
                return self._slowly(buffer, last)
            keep = ~(inside | quotes)
            places, kinds = places[keep], kinds[keep]
        at = np.flatnonzero(kinds == _LF)
        if not len(at):
            return 0, None
        ends = places[at]
        fields = np.diff(at, prepend=-1)
        starts = np.concatenate(([0], ends[:-1] + 1))
        blank = ends == starts
        returned = (ends > starts) & (signs[np.maximum(ends - 1, 0)] == _CR)
        blank |= returned & (ends == starts + 1)
        self.crlf += int(returned.sum())
        self.ends += len(ends)
        cut = int(ends[-1]) + 1
        newlines = newlines[: np.searchsorted(newlines, cut)]
        drop = blank.copy() if dialect.columns > 1 else np.zeros(len(ends), bool)
        if not self._begun:
            head = int(np.argmax(~blank)) if not blank.all() else len(ends)
            drop[:head] |= blank[:head]
            if head < len(ends):
                self._begun = True
                if dialect.header:
                    drop[head] = True
                    blank[head] = False
                    fields[head] = dialect.columns
        total, lost = len(newlines), bool(drop.any())
        if not lost and bool((fields == dialect.columns).all()):
            return cut, self._made(buffer[:cut], self._line, len(ends), total, None)
        lines = self._line + np.searchsorted(newlines, starts)
        self._note(fields, drop, lines, buffer)
        self.blank.extend(lines[drop & blank][: max(0, 10 - len(self.blank))].tolist())
        if lost:
            return cut, self._made(_without(buffer, starts, ends, drop), 0, int((~drop).sum()), total, lines[~drop])
        return cut, self._made(buffer[:cut], self._line, len(ends), total, None)

    def _made(self, data: bytes, first: int, rows: int, newlines: int, lines: Any) -> Piece | None:
        self._line += newlines
        self.rows += rows
        return Piece(data, first, rows, self.dialect.quote, lines) if rows else None

    def _sound(self, signs: Any, opening: Any, closing: Any) -> bool:
        """Whether quotes stand only around whole fields, doubled inside of them."""
        import numpy as np

        quote, delimiter = ord(self.dialect.quote), ord(self.dialect.delimiter)
        before = signs[np.maximum(opening - 1, 0)]
        good = (opening == 0) | (before == delimiter) | (before == _LF) | (before == quote)
        if not good.all():
            return False
        after = signs[np.minimum(closing + 1, len(signs) - 1)]
        good = (closing + 1 >= len(signs)) | (after == delimiter) | (after == _LF) | (after == _CR) | (after == quote)
        return bool(good.all())

    def _note(self, fields: Any, drop: Any, lines: Any, buffer: bytes) -> None:
        """Look at how many fields rows have."""
        wanted = self.dialect.columns
        bad = (fields != wanted) & ~drop
        if not bad.any():
            return
        alone = buffer.count(b"\r") > buffer.count(b"\r\n")
        for row in bad.nonzero()[0].tolist():
            self._ragged(int(lines[row]), int(fields[row]), alone)

    def _ragged(self, line: int, fields: int, alone: bool = False) -> None:
        dialect = self.dialect
        if fields < dialect.columns and dialect.ragged == "fill":
            self.short.append(line)
            return
        much = "more" if fields > dialect.columns else "fewer"
        way = "Mend the line, or name the columns yourself: header: [a, b, …]" + (
            "" if fields > dialect.columns else "; or say ragged: fill, if the missing ones at the end are null"
        )
        if alone and fields > dialect.columns:
            way = "Some lines end with a carriage return alone (\\r), others do not: end all of them with \\n"
        raise InputError(
            f"{dialect.label} cannot be read as csv: line {line}: found {much} fields than the header has: {fields} of "
            f"{dialect.columns}. {way}"
        )

    def _slowly(self, buffer: bytes, last: bool) -> tuple[int, Piece | None]:
        """Row by row, for text with quotes in the middle of fields, or with comments; written anew, well-formed."""
        comment = self.dialect.comment.encode() if self.dialect.comment else None
        out: list[bytes] = []
        lines: list[int] = []
        place, line = 0, self._line
        while place < len(buffer):
            if comment and buffer.startswith(comment, place):
                after = buffer.find(b"\n", place) + 1
                if not after:
                    break
            else:
                row, after = self._row(buffer, place, line, last)
                if row is None:
                    break
                self._keep(row, line, out, lines)
                self.ends += 1
                self.crlf += buffer[after - 2 : after] == b"\r\n"
            line += buffer.count(b"\n", place, after)
            place = after
        return place, self._made(b"".join(out), 0, len(lines), line - self._line, lines)

    def _keep(self, row: list[bytes], line: int, out: list[bytes], lines: list[int]) -> None:
        if row == [b""] and (self.dialect.columns > 1 or not self._begun):
            if len(self.blank) < 10:
                self.blank.append(line)
            return
        if not self._begun:
            self._begun = True
            if self.dialect.header:
                return
        if len(row) != self.dialect.columns:
            self._ragged(line, len(row))
        out.append(self.dialect.delimiter.encode().join(row) + b"\n")
        lines.append(line)

    def _row(self, buffer: bytes, place: int, line: int, last: bool) -> tuple[list[bytes] | None, int]:
        """The fields of the row that begins at a place, as they are to be written, and where the next one begins.

        None if the buffer ends before the row does.
        """
        delimiter, quote = self.dialect.delimiter.encode(), self.dialect.quote.encode()
        bare, quoted = _tokens(delimiter, quote)
        row: list[bytes] = []
        while True:
            if quote and buffer.startswith(quote, place):
                end = quoted.match(buffer, place).end()  # type: ignore[union-attr]  # it opens with a quote
                closed = buffer[end : end + 1] == quote
                if end + closed >= len(buffer) - 1 and not (closed and last):
                    if last:
                        raise self._unclosed(line, buffer[place:end])
                    return None, place
                text = buffer[place : end + 1]
                place = end + 1
                if not buffer.startswith((delimiter, b"\n", b"\r\n"), place):
                    raise self._unclosed(line, text)
                place += buffer.startswith(b"\r", place)
            else:
                end = bare.match(buffer, place).end()  # type: ignore[union-attr]  # it matches nothing, too
                if end == len(buffer):
                    return None, place
                text, place = buffer[place:end], end
                if buffer.startswith(b"\n", place):
                    text = text.removesuffix(b"\r")
                if quote and quote in text:
                    self.stray.extend([line] * (len(self.stray) < 10))
                    text = quote + text.replace(quote, quote + quote) + quote
            row.append(text)
            if buffer.startswith(b"\n", place):
                return row, place + 1
            place += 1

    def _unclosed(self, line: int, text: bytes) -> InputError:
        shown = text[:30].decode("utf-8", "replace")
        return InputError(
            f"{self.dialect.label} line {line}: the quote that opens the field {shown!r} does not close where a field "
            f"ends. If quotes are plain text in this file, say quote: ''"
        )


@functools.cache
def _tokens(delimiter: bytes, quote: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """What an unquoted field is, and a quoted one up to its closing quote."""
    stop, mark = re.escape(delimiter), re.escape(quote or b"\0")  # without quotes no field begins with one
    return re.compile(rb"[^%s\n]*" % stop), re.compile(rb"%s(?:[^%s]|%s%s)*+" % (mark, mark, mark, mark))


def _without(buffer: bytes, starts: Any, ends: Any, drop: Any) -> bytes:
    """The buffer without these rows."""
    parts, place = [], 0
    for row in drop.nonzero()[0].tolist():
        parts.append(buffer[place : int(starts[row])])
        place = int(ends[row]) + 1
    parts.append(buffer[place : int(ends[-1]) + 1])
    return b"".join(parts)


def _count(data: bytes, sign: int) -> int:
    """How often a sign stands in text: where it is every tenth, this is many times as fast as ``bytes.count``."""
    import numpy as np

    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == sign))


def _places(signs: Any, wanted: tuple[int, ...]) -> Any:
    """Where these signs stand; looked for in parts that a processor's cache holds."""
    import numpy as np

    found = []
    for start in range(0, len(signs), _CACHED):
        part = signs[start : start + _CACHED]
        marks = part == wanted[0]
        for sign in wanted[1:]:
            marks |= part == sign
        found.append(np.flatnonzero(marks) + start)
    return np.concatenate(found)


def _outer_ends(data: bytes, quote: str) -> Any:
    """Where the rows of well-formed text end."""
    import numpy as np

    signs = np.frombuffer(data, np.uint8)
    ends = signs == _LF
    if quote and quote.encode() in data:
        ends &= ~np.logical_xor.accumulate(signs == ord(quote))
    return np.flatnonzero(ends)
