"""Elements of JSON: the lines of JSON lines, or the objects of a list however deep, in pieces of bounded size."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from solvent.data.sources.files.text.splitting import Piece, fault_in_text
from solvent.errors import InputError

__all__ = ["Elements", "cut_lines"]

_SPACE = re.compile(r"[ \t\r\n]*")
_USUAL = ("features", "rows", "records", "items", "data", "results")
"""What a list of rows is usually called, where a file is one object."""
_PIECE = 4 * 1024 * 1024


def cut_lines(chunks: Iterable[bytes]) -> Iterator[Piece]:
    """The lines of JSON lines, in pieces that end where one does."""
    rest, first = [b""], 1
    for chunk in chunks:
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            rest.append(chunk)
            continue
        data = b"".join([*rest, chunk[:cut]])
        rest = [chunk[cut:]]
        rows = data.count(b"\n")
        yield Piece(data, first, rows)
        first += rows
    data = b"".join(rest)
    if data.strip():
        yield Piece(data, first, 1)


@dataclass(slots=True)
class Elements:
    """Reads the rows of one JSON text: a list, a list inside of objects (``path``), or objects one after another.

    After reading ``path`` says where the rows were, if they were inside of an object.
    """

    label: str
    path: list[str] | None = None
    _text: str = ""
    _place: int = 0
    _line: int = 1
    _more: Iterator[str] = field(default_factory=lambda: iter(()))

    def cut(self, chunks: Iterable[bytes]) -> Iterator[Piece]:
        """The rows as JSON lines. Raises :class:`InputError` for what is no JSON, with its line."""
        self._more = self._decoded(chunks)
        texts: list[str] = []
        lines: list[int] = []
        size = 0
        for text, line in self._rows():
            texts.append(text.replace("\n", " ").replace("\r", " "))
            lines.append(line)
            size += len(text)
            if size >= _PIECE:
                yield self._piece(texts, lines)
                texts, lines, size = [], [], 0
        if texts:
            yield self._piece(texts, lines)

    def _piece(self, texts: list[str], lines: list[int]) -> Piece:
        return Piece(("\n".join(texts) + "\n").encode(), lines[0], len(lines), lines=lines)

    def _decoded(self, chunks: Iterable[bytes]) -> Iterator[str]:
        decoder, line = codecs.getincrementaldecoder("utf-8")(), 1
        for chunk in chunks:
            try:
                text = decoder.decode(chunk)
            except UnicodeDecodeError as error:
                fault = fault_in_text(Piece(error.object, line, 1), self.label)
                raise fault or InputError(f"{self.label}: {error}") from error
            line += text.count("\n")
            yield text

    def _rows(self) -> Iterator[tuple[str, int]]:
        sign = self._peek()
        if not sign:
            raise InputError(f"{self.label} is empty")
        if sign == "[" and not self.path:
            yield from self._list()
            if self._peek():
                raise self._fault("more text after the end of the list")
            return
        if sign != "{":
            raise self._fault(f"a list of objects, or an object, is expected, not {sign!r}")
        if self._descend():
            yield from self._list()
            return
        while self._peek():
            yield self._value()

    def _list(self) -> Iterator[tuple[str, int]]:
        self._step()
        if self._peek() == "]":
            self._step()
            return
        while True:
            if self._peek() not in ("{", ""):
                raise self._fault("each element of the list is to be an object, a row")
            yield self._value()
            sign = self._peek()
            if sign not in (",", "]"):
                raise self._fault("',' or ']' is expected" if sign else "the text ends before the list does")
            self._step()
            if sign == "]":
                return

    def _descend(self) -> bool:
        """Go to the list of rows inside of the object here, if it has one; else stay before the object."""
        if self.path is None and not self._holds_rows():
            return False
        path = self.path or []
        for name in path:
            if self._peek() != "{" or not self._member(name):
                raise InputError(f"{self.label}: rows: there is no {'.'.join(path)!r} in this file")
        if self._peek() != "[":
            raise InputError(f"{self.label}: rows: {'.'.join(path)!r} is no list")
        return True

    def _holds_rows(self) -> bool:
        """Whether one of the usual names is there with a list of objects; looks at the first megabytes only."""
        saved = self._place, self._line
        name = None
        self._step()
        while self._peek() == '"':
            key = json.loads(self._value()[0])
            if self._peek() != ":":
                break
            self._step()
            if self._peek() == "[" and key in _USUAL:
                self._step()
                name = key if self._peek() in ("{", "]") else None
                break
            self._value(keep=True)
            if self._peek() != ",":
                break
            self._step()
        self._place, self._line = saved
        self.path = None if name is None else [name]
        return name is not None

    def _member(self, name: str) -> bool:
        self._step()
        while self._peek() == '"':
            key = json.loads(self._value()[0])
            if self._peek() != ":":
                raise self._fault("':' is expected")
            self._step()
            if key == name:
                return True
            self._value()
            if self._peek() != ",":
                return False
            self._step()
        return False

    def _peek(self) -> str:
        """The next sign that is not white; empty at the end."""
        while True:
            found = _SPACE.match(self._text, self._place)
            end = found.end() if found else self._place
            self._line += self._text.count("\n", self._place, end)
            self._place = end
            if end < len(self._text):
                return self._text[end]
            if not self._read():
                return ""

    def _step(self) -> None:
        self._place += 1

    def _value(self, keep: bool = False) -> tuple[str, int]:
        """The text of the value here, and the line that it begins on."""
        self._peek()
        line, wanted = self._line, 1
        while True:
            try:
                _, end = _DECODER.raw_decode(self._text, self._place)
                if end < len(self._text) or not self._read():
                    break
            except json.JSONDecodeError as error:
                before = len(self._text)
                while len(self._text) < before + wanted and self._read():
                    pass
                if len(self._text) == before:
                    self._line += self._text.count("\n", self._place, error.pos)
                    raise self._fault(error.msg) from error
                wanted = len(self._text) - self._place  # a long value is not tried again for each chunk
            except ValueError as error:
                raise self._fault(str(error)) from error
        text = self._text[self._place : end]
        self._line += text.count("\n")
        self._place = end
        if not keep and self._place > _PIECE:
            self._text, self._place = self._text[self._place :], 0
        return text, line

    def _read(self) -> bool:
        chunk = next(self._more, None)
        if chunk is None:
            return False
        self._text += chunk
        return True

    def _fault(self, text: str) -> InputError:
        return InputError(f"{self.label} cannot be read as json: line {self._line}: {text}")


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON; null is, for what is missing")


_DECODER = json.JSONDecoder(parse_constant=_refuse)
