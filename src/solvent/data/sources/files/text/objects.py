"""Lines of JSON looked at one by one: what Polars would read otherwise than it stands there, or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from solvent.data.sources.files.text.splitting import Piece, fault_in_text
from solvent.errors import InputError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Digits", "Fraction", "doubtful", "escaped", "holds_others", "kind_of", "read_objects", "written"]

_ESCAPED = b"\\u"
_FEW = 200


class Fraction(float):
    """A fraction that still knows how it is written: one that is too large for a float is endless as such."""

    text: str

    def __new__(cls, text: str) -> Fraction:
        """The number that a text is."""
        made = super().__new__(cls, text)
        made.text = text
        return made


class Digits(str):
    """A whole number of more digits than any type holds, as it is written."""

    __slots__ = ()


def read_objects(piece: Piece, label: str, format: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a piece, each with its place for errors.

    Raises :class:`InputError` for a line that is no object, has a key twice, or holds half of a character.
    """
    for place, line in enumerate(piece.data.split(b"\n")):
        if not line.strip():
            continue
        where = f"{label} line {int(piece.lines[place]) if piece.lines is not None else piece.first + place}"
        try:
            row = json.loads(
                line, parse_int=_whole, parse_float=Fraction, parse_constant=_refuse, object_pairs_hook=_once
            )
        except UnicodeDecodeError as error:
            raise fault_in_text(piece, label) or InputError(f"{where}: {error}") from error
        except RecursionError:
            raise InputError(f"{where}: it is nested too deeply to be read") from None
        except ValueError as error:
            said = f"{error.msg}, at column {error.colno}" if isinstance(error, json.JSONDecodeError) else error
            raise InputError(f"{where}: cannot be read as {format}: {said}") from error
        if not isinstance(row, dict):
            raise InputError(f"{where}: a row is an object, {{name: value, …}}, not a {type(row).__name__}")
        yield where, row


def written(where: str, row: dict[str, Any], texts: Collection[str]) -> str:
    """A row as a line of JSON again, with the values of these columns as text."""
    try:
        for name in texts:
            if name in row:
                row[name] = _text_of(row[name])
        line = json.dumps(row, ensure_ascii=False)
    except RecursionError:
        raise InputError(f"{where}: it is nested too deeply to be read") from None
    try:
        line.encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise InputError(
            f"{where}: \\u{ord(half):04x} is half of a character, and the other half is missing. Mend the text, or "
            f"write it without escapes"
        ) from None
    return line


def _text_of(value: Any) -> str | None:
    """A value as the text of a column that has values of several kinds: numbers as they are written."""
    if value is None or isinstance(value, str):
        return None if value is None else str(value)
    return _spelled(value)


def _spelled(value: Any) -> str:
    """A value as JSON, with its numbers as they were written."""
    if isinstance(value, Fraction):
        return value.text
    if isinstance(value, Digits):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_spelled, value))}]"
    if isinstance(value, dict):
        parts = (f"{json.dumps(name, ensure_ascii=False)}: {_spelled(part)}" for name, part in value.items())
        return f"{{{', '.join(parts)}}}"
    return json.dumps(value, ensure_ascii=False)


def kind_of(value: Any) -> str:
    """What a value is, in a word: whole numbers and fractions are one."""
    if value is None:
        return "null"
    if isinstance(value, Digits):
        return "endless"
    if type(value) is int or isinstance(value, Fraction):
        return "endless" if value in (float("inf"), float("-inf")) else "float"
    return type(value).__name__


def escaped(data: bytes) -> bool:
    """Whether a key or text may hold half of a character, or be written otherwise than it looks."""
    return _ESCAPED in data


def doubtful(data: bytes, found: pl.DataFrame) -> bool:
    """Whether Polars may have read something else than stands there: a key twice, or a character in two halves."""
    if escaped(data):
        return True
    # A key that a row lacks is null in it, as one that says so is: then it is looked at more carefully than needed.
    return found.width > _FEW or any(
        len(re.findall(_key(name), data)) > found.height - found.get_column(name).null_count() for name in found.columns
    )


def holds_others(data: bytes, name: str) -> bool:
    """Whether a key may have a value that is neither text nor null."""
    return re.search(_key(name) + rb"\s*[^\"n\s]", data) is not None


def _key(name: str) -> bytes:
    """The pattern of a key, up to its colon."""
    return re.escape(json.dumps(name, ensure_ascii=False).encode()) + rb"\s*:"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice!r} stands there twice")
    return made


def _whole(text: str) -> int | Digits:
    return int(text) if len(text.lstrip("-")) <= 38 else Digits(text)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON; null is, for what is missing")
