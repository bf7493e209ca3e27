"""TOML read by the standard library, with the lines that it does not tell found by a scan of the keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from solvent.config.leaf import Branch, Leaf, Node, Origin
from solvent.errors import Problem

__all__ = ["key_lines", "read_toml"]

DEEPEST = 64
Path = tuple[str | int, ...]

_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read_toml(text: str, shown: str, problems: list[Problem]) -> Branch:
    """The tree of a TOML text; syntax errors and double keys become problems."""
    import tomllib

    origin = Origin(shown, 1)
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.append(_problem(str(error), text, shown))
        return Branch({}, origin)
    except RecursionError:
        problems.append(Problem(shown, f"settings are nested deeper than {DEEPEST} levels"))
        return Branch({}, origin)
    lines: dict[Path, int] = {}
    for path, line in key_lines(text):
        lines.setdefault(path, line)
    try:
        return _branch(tree, (), lines, shown, 1)
    except RecursionError:
        problems.append(Problem(shown, f"settings are nested deeper than {DEEPEST} levels"))
        return Branch({}, origin)


def _branch(tree: dict[str, Any], path: Path, lines: dict[Path, int], shown: str, above: int) -> Branch:
    if len(path) > DEEPEST:
        raise RecursionError
    children: dict[Any, Node] = {}
    for name, value in tree.items():
        here = (*path, name)
        line = lines.get(here, above)
        if isinstance(value, dict):
            children[name] = _branch(value, here, lines, shown, line)
        else:
            children[name] = Leaf(value, Origin(shown, line), places=_places(value, here, (), lines, shown))
    return Branch(children, Origin(shown, lines.get(path, above)))


def _places(value: Any, here: Path, inner: Path, lines: dict[Path, int], shown: str) -> dict[Any, Origin]:
    """The origins of what lies inside a list; ``here`` is the path from the top, ``inner`` from the list."""
    if len(here) > DEEPEST:
        raise RecursionError
    places: dict[Any, Origin] = {}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        path = (*here, name)
        if path in lines:
            places[(*inner, name)] = Origin(shown, lines[path])
        places.update(_places(item, path, (*inner, name), lines, shown))
    return places


def _problem(message: str, text: str, shown: str) -> Problem:
    found = _AT.search(message)
    line = int(found[1]) if found and found[1] else text.count("\n") + 1
    what = _AT.sub("", message)
    what = what[:1].lower() + what[1:]
    if "overwrite" in what or "twice" in what or "mutate" in what or "duplicate" in what:
        seen: dict[Path, int] = {}
        for path, here in key_lines(text):
            if path in seen and here >= line - 1:
                label = ".".join(str(part) for part in path)
                text = f"the key {label!r} stands here a second time; the first is in line {seen[path]}"
                return Problem(f"{shown}:{here}", text)
            seen.setdefault(path, here)
    return Problem(f"{shown}:{line}", what)


def key_lines(text: str) -> Iterator[tuple[Path, int]]:
    """Every key of a TOML text with its line, in order; elements of lists of tables go by their position.

    It believes that the text is TOML, and stops where it is not.
    """
    scan = _Scan(text)
    table: Path = ()
    tables: dict[Path, int] = {}
    while scan.skip_blank():
        line = scan.line
        if scan.take("["):
            many = scan.take("[")
            parts = scan.key()
            if parts is None:
                return
            scan.to_line_end()
            path = _resolved(parts[:-1], tables)
            table = (*path, parts[-1])
            if many:
                tables[table] = tables.get(table, -1) + 1
                if tables[table] == 0:
                    yield table, line
                table = (*table, tables[table])
            else:
                table = _resolved(parts, tables)
            yield table, line
            continue
        found = yield from _pair(scan, table)
        if not found:
            return


def _resolved(parts: tuple[str, ...], tables: dict[Path, int]) -> Path:
    path: Path = ()
    for part in parts:
        path = (*path, part)
        if path in tables:
            path = (*path, tables[path])
    return path


def _pair(scan: _Scan, table: Path) -> Iterator[tuple[Path, int]] | Any:
    line = scan.line
    parts = scan.key()
    if parts is None or not scan.take("="):
        return False
    for length in range(1, len(parts) + 1):
        yield (*table, *parts[:length]), line
        if length < len(parts):
            continue
    return (yield from _value(scan, (*table, *parts)))


def _value(scan: _Scan, path: Path) -> Iterator[tuple[Path, int]] | Any:
    scan.skip_blank()
    if scan.take("["):
        place = 0
        while scan.skip_blank() and not scan.take("]"):
            yield (*path, place), scan.line
            if not (yield from _value(scan, (*path, place))):
                return False
            place += 1
            scan.skip_blank()
            scan.take(",")
        return True
    if scan.take("{"):
        while scan.skip_blank() and not scan.take("}"):
            if not (yield from _pair(scan, path)):
                return False
            scan.skip_blank()
            scan.take(",")
        return True
    return scan.scalar()


class _Scan:
    """A place in a TOML text, and the few things that can be read there."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.line = 1

    def skip_blank(self) -> bool:
        """Go past spaces, line ends and comments; False at the end of the text."""
        found = re.compile(r"(?:\s|#[^\n]*)*").match(self.text, self.place)
        self._move(found.end() if found else self.place)
        return self.place < len(self.text)

    def take(self, sign: str) -> bool:
        """Go past ``sign`` (and spaces before it) if it comes next."""
        place = self.place
        while self.text[place : place + 1] in (" ", "\t") and self.text[place : place + 1]:
            place += 1
        if not self.text.startswith(sign, place):
            return False
        self._move(place + len(sign))
        return True

    def to_line_end(self) -> None:
        """Go to the end of the line."""
        end = self.text.find("\n", self.place)
        self._move(len(self.text) if end < 0 else end)

    def key(self) -> tuple[str, ...] | None:
        """A dotted key."""
        parts: list[str] = []
        while True:
            while self.take(" ") or self.take("\t"):
                pass
            found = re.compile(r"[A-Za-z0-9_-]+|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'").match(self.text, self.place)
            if found is None:
                return None
            self._move(found.end())
            parts.append(_unquoted(found[0]))
            if not self.take("."):
                return tuple(parts)

    def scalar(self) -> bool:
        """Go past a string, number, date or word."""
        for quote in ('"""', "'''"):
            if self.text.startswith(quote, self.place):
                return self._long_string(quote)
        pattern = r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[^\s,\]}#]+(?: \d[^\s,\]}#]*)?"
        found = re.compile(pattern).match(self.text, self.place)
        if found is None:
            return False
        self._move(found.end())
        return True

    def _long_string(self, quote: str) -> bool:
        place = self.place + 3
        while True:
            end = self.text.find(quote, place)
            if end < 0:
                return False
            slashes = len(self.text[:end]) - len(self.text[:end].rstrip("\\"))
            if quote == '"""' and slashes % 2:
                place = end + 1
                continue
            end += 3
            while self.text.startswith(quote[0], end):  # a string may end in quotes of its own
                end += 1
            self._move(end)
            return True

    def _move(self, place: int) -> None:
        self.line += self.text.count("\n", self.place, place)
        self.place = place


def _unquoted(key: str) -> str:
    if key[0] == "'":
        return key[1:-1]
    if key[0] == '"':
        import tomllib

        try:
            return str(tomllib.loads(f"k = {key}")["k"])
        except tomllib.TOMLDecodeError:
            return key[1:-1]
    return key
