"""Surveying one file: its rows, columns and types as facts about the content, and what is odd in it."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from solvent.data.canonical import canonical_schema, dtype_of, type_of
from solvent.data.sources.files.binary import open_binary
from solvent.data.sources.files.options import Options, dtype_named
from solvent.data.sources.files.recognising import Look, recognise
from solvent.data.sources.files.text.ahead import ahead
from solvent.data.sources.files.text.guessing import looks_like
from solvent.data.sources.files.text.inferring import CsvTypes, JsonTypes
from solvent.data.sources.files.text.reading import TextFile

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "GUESSED", "TEXTS", "Part", "Survey", "header_findings", "mixed_columns", "partition_of", "pinned_types",
    "schema_of", "survey_file", "text_file", "with_folders",
]  # fmt: skip

TEXTS = frozenset({"csv", "tsv", "jsonl", "json"})
_VERSION, _FIRST = "survey.2", "survey.1"
_SINGLY = 200
"""Of up to so many files each is told of by itself."""
_LARGE = 32 * 1024 * 1024
"""A text file of more bytes is cut to pieces by a thread of its own; for a small one that is not worth it."""
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
GUESSED = TEXTS | {"excel"}
"""Formats whose types are guessed from the values: where a format says them itself, those win."""


@dataclass(frozen=True, slots=True)
class Part:
    """What was found in one file. ``schema`` is its own, as logical types; pinned columns have the pinned type.

    ``findings`` are odd things, each ``{kind, line, text}``; ``fits`` remembers which columns can be read as another
    type without loss, so that a file that was surveyed once need not be opened again. ``status`` is the state of the
    file on this machine when it was read, for as long as this process lives.
    """

    label: str
    version: str | None
    rows: int
    schema: dict[str, Any]
    look: Look
    findings: tuple[dict[str, Any], ...] = ()
    looks: dict[str, str] = field(default_factory=dict)
    fits: dict[str, bool] = field(default_factory=dict)
    status: str | None = None

    def at(self, version: str | None, status: str) -> Part:
        """The part with the version and state that the file had when it was read."""
        return replace(self, version=version, status=status)

    @property
    def guessed(self) -> bool:
        """Whether its types are guesses."""
        return self.look.format in GUESSED

    def layout(self) -> dict[str, Any]:
        """What is likely to be the same for other files, as plain JSON."""
        return {
            "schema": [[name, kind] for name, kind in self.schema.items()], "look": self.look.to_json(),
            "names": list(self.look.names), "returns": self.look.returns, "looks": self.looks,
        }  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """The part as plain JSON."""
        return {"label": self.label, "version": self.version, "rows": self.rows, **self.layout(), **self._own()}

    def line(self, layout: int) -> list[Any]:
        """The part as plain JSON beside the number of its layout."""
        own = self._own()
        return [self.label, self.version, self.rows, layout, *([own] if any(own.values()) else [])]

    def _own(self) -> dict[str, Any]:
        return {"findings": list(self.findings), "fits": self.fits}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Part:
        """The inverse of :meth:`to_json`."""
        look = found["look"]
        seen = Look(
            look["format"], look["compression"], look.get("encoding"), look.get("bom", False), look.get("delimiter"),
            tuple(found["names"]), look.get("header"), look.get("header_looks_absent", False), found["returns"],
            tuple(look["guessed"]),
        )  # fmt: skip
        return cls(
            found["label"], found["version"], found["rows"], dict(found["schema"]), seen, tuple(found["findings"]),
            dict(found["looks"]), dict(found["fits"]),
        )  # fmt: skip

    @classmethod
    def from_lines(cls, lines: Sequence[Sequence[Any]], layouts: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
        """The inverse of :meth:`line`; parts of one layout share what it says."""
        bare: dict[str, Any] = {"label": "", "version": None, "rows": 0, "findings": (), "fits": {}}
        made = [cls.from_json({**bare, **layout}) for layout in layouts]
        for label, version, rows, number, *own in lines:
            findings, fits = (tuple(own[0]["findings"]), dict(own[0]["fits"])) if own else ((), {})
            like = made[number]
            yield cls(label, version, rows, like.schema, like.look, findings, like.looks, fits)


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found in all files. ``schema`` is that of all together, as logical types by column.

    ``changes`` are the differences between files, each ``{file, column, kind, was, now}``.
    """

    parts: tuple[Part, ...]
    schema: dict[str, Any]
    changes: tuple[dict[str, Any], ...]
    options: Options

    @property
    def rows(self) -> int:
        """How many rows all files have."""
        return sum(part.rows for part in self.parts)

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What is odd in the files: ``{file, line, column, kind, text}`` each."""
        return [{"file": part.label, **one} for part in self.parts for one in part.findings]

    def dtypes(self) -> dict[str, pl.DataType]:
        """The schema as Polars types."""
        return {name: dtype_of(kind) for name, kind in self.schema.items()}

    def to_json(self) -> dict[str, Any]:
        """The survey as plain JSON, to be given to the next one. What very many files have in common stands once."""
        numbers: dict[str, int] = {}
        layouts: list[dict[str, Any]] = []
        same: dict[tuple[int, ...], int] = {}  # parts that share their layout in memory are not written to be compared
        lines = []
        for part in self.parts:
            known = (id(part.schema), id(part.look), id(part.looks) if part.looks else 0)
            if known not in same:
                layout = part.layout()
                same[known] = numbers.setdefault(json.dumps(layout), len(numbers))
                if len(numbers) > len(layouts):
                    layouts.append(layout)
            lines.append(part.line(same[known]))
        return {
            "version": _VERSION,
            "options": self.options.said(),
            "schema": [[name, kind] for name, kind in self.schema.items()],
            "changes": list(self.changes),
            "layouts": layouts,
            "parts": lines,
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any], options: Options) -> Survey:
        """The inverse of :meth:`to_json`, as far as it goes: what is only true while a process lives is not in it."""
        return cls(_parts(found), dict(found["schema"]), tuple(found["changes"]), options)

    @staticmethod
    def known(found: Mapping[str, Any] | None, options: Options) -> dict[tuple[str, str | None], Part]:
        """The parts of an earlier survey with the same options, by label and version."""
        if found is None or found.get("version") not in (_VERSION, _FIRST):
            return {}
        if _read_so(found["options"]) != _read_so(options.said()):
            return {}
        return {(part.label, part.version): part for part in _parts(found) if part.version is not None}

    def found(self) -> dict[str, Any]:
        """What the files were found to be: a few words for each file, the columns, the differences; plain JSON."""
        guessed = sorted({name for part in self.parts for name in part.look.guessed})
        looks: dict[str, set[str]] = {}
        for part in self.parts:
            for name in self.schema:
                if self.schema[name] == "text" and name in part.schema and name not in self.options.types:
                    looks.setdefault(name, set()).add(part.looks.get(name, ""))
        could = {name: next(iter(kinds)) for name, kinds in looks.items() if len(kinds) == 1 and kinds != {""}}
        pinned = set(self.options.types)
        return {
            "rows": self.rows,
            "columns": [
                {
                    "name": name,
                    "type": kind,
                    "pinned": name in pinned,
                    "guessed": name not in pinned and all(part.guessed for part in self.parts if name in part.schema),
                    **({"could_be": could[name]} if name in could else {}),
                }
                for name, kind in self.schema.items()
            ],
            "files": _told(map(self._file, self.parts), len(self.parts)),
            "guessed": guessed,
            "changes": list(self.changes),
            "findings": self.findings,
        }  # fmt: skip

    def _file(self, part: Part) -> dict[str, Any]:
        folders = partition_of(part.label) if self.options.hive else {}
        return {
            "file": part.label, "rows": part.rows, "columns": len(part.schema), **part.look.to_json(),
            "folders": folders,
        }  # fmt: skip


def _told(files: Iterable[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """What is told of files: of very many, those in a row that are alike are told together, from the first to the last.

    ``rows`` are those of all of them, and ``files`` is how many they are.
    """
    if count <= _SINGLY:
        return list(files)
    told: list[dict[str, Any]] = []
    for one in files:
        last = told[-1] if told else None
        if last is not None and all(last[name] == value for name, value in one.items() if name not in ("file", "rows")):
            last |= {"to": one["file"], "files": last["files"] + 1, "rows": last["rows"] + one["rows"]}
        else:
            told.append({**one, "files": 1})
    return told


def _parts(found: Mapping[str, Any]) -> tuple[Part, ...]:
    """The parts of a survey, also of one as it was written before layouts stood by themselves."""
    if found["version"] == _FIRST:
        return tuple(Part.from_json(one) for one in found["parts"])
    return tuple(Part.from_lines(found["parts"], found["layouts"]))


def partition_of(label: str) -> dict[str, str | None]:
    """What the folders of a path say, as in ``year=2013/month=1/part.parquet``."""
    found: dict[str, str | None] = {}
    for word in PurePosixPath(label).parts[:-1] if "=" in label else ():
        name, equals, value = word.partition("=")
        if equals and name:
            found[unquote(name)] = None if value == _NO_VALUE else unquote(value)
    return found


def _read_so(said: Mapping[str, Any]) -> dict[str, Any]:
    """The options that decide what is found in one file."""
    return {name: value for name, value in said.items() if name not in ("schema", "hive", "keep")}


def pinned_types(options: Options) -> dict[str, pl.DataType]:
    """The types that the options pin."""
    return {name: dtype_named(text, f"types.{name}") for name, text in options.types.items()}


def text_file(path: Path, part: Part, options: Options) -> TextFile:
    """A surveyed text file, ready to be read."""
    natural = {name: dtype_of(kind) for name, kind in part.schema.items() if kind != "null"}
    return TextFile(path, part.label, options, part.look, natural, mixed_columns(part))


def mixed_columns(part: Part) -> set[str]:
    """The columns of a file that have values of several kinds."""
    return {str(one["column"]) for one in part.findings if one["kind"] == "mixed"}


def survey_file(path: Path, label: str, options: Options) -> Part:
    """Read a file through and tell what it holds; binary formats say it themselves. Raises :class:`InputError`."""
    look = recognise(path, label, options)
    pinned = pinned_types(options)
    if look.format not in TEXTS:
        return with_folders(_binary(path, label, options, look, pinned), options)
    file = TextFile(path, label, options, look)
    return with_folders(_json(file, pinned) if file.is_json else _csv(file, pinned), options)


def with_folders(part: Part, options: Options) -> Part:
    """The part with a word on each column that its folders name as well: the file's own values count."""
    said = partition_of(part.label) if options.hive else {}
    told = [
        _finding("folder", None, f"a folder says {name}={value}, and the file has values of its own, which count", name)
        for name, value in said.items()
        if name in part.schema
    ]
    return replace(part, findings=(*part.findings, *told)) if told else part


def _csv(file: TextFile, pinned: Mapping[str, Any]) -> Part:
    found = CsvTypes(file, {name: dtype for name, dtype in pinned.items() if name in file.look.names})
    run = ahead if file.path.stat().st_size > _LARGE else _same
    with (
        closing(run((piece, found.count_odd(piece)) for piece in file.pieces())) as pieces,
        closing(run((piece, odd, found.parse(piece)) for piece, odd in pieces)) as parsed_pieces,
    ):
        for piece, odd, parsed in parsed_pieces:
            found.take(piece, odd, parsed)
    splitter = file.splitter
    assert splitter is not None
    findings = list(found.findings)
    if 0 < splitter.crlf < splitter.ends:
        findings.append(_finding("mixed line ends", None, f"{splitter.crlf} of {splitter.ends} lines end with \\r\\n"))
    for kind, lines, text in (
        ("blank line", splitter.blank, "blank lines are no rows"),
        ("short line", splitter.short, "fields that are missing at the end are null"),
        ("stray quote", splitter.stray, "a quote in the middle of a field is part of its text"),
    ):
        if lines:
            findings.append(_finding(kind, lines[0], f"{text}; {len(lines)}{' or more' * (len(lines) > 9)} of them"))
    return _part(file.label, splitter.rows, found.types, file.look, findings, found.sample)


def _same(items: Generator[Any, None, None]) -> Generator[Any, None, None]:
    return items


def _json(file: TextFile, pinned: Mapping[str, Any]) -> Part:
    found = JsonTypes(file)
    for piece in file.pieces():
        found.take(piece)
    found.end()
    types = dict(found.types)
    findings = list(found.findings)
    if file.elements is not None and file.elements.path and not file.options.rows:
        findings.append(_finding("rows", None, f"the rows are taken from {'.'.join(file.elements.path)!r}"))
    return _part(file.label, found.rows, types, file.look, findings, found.sample)


def _binary(path: Path, label: str, options: Options, look: Look, pinned: Mapping[str, Any]) -> Part:
    opened = open_binary(path, label, look.format, options)
    findings = [dict(one) for one in opened.findings]
    if opened.foreign:
        findings.append(_finding("foreign", None, "an Arrow stream, or types that Polars lacks: read batch by batch"))
    return _part(label, opened.rows(), opened.schema, look, findings, None)


def _part(
    label: str, rows: int, types: Mapping[str, Any], look: Look, findings: list[dict[str, Any]],
    sample: pl.DataFrame | None,
) -> Part:  # fmt: skip
    import polars as pl

    looks = {}
    for name, dtype in types.items():
        if sample is None or not isinstance(dtype, pl.String) or sample.schema.get(name) != dtype:
            continue
        kind = looks_like(sample.get_column(name))
        if kind:
            looks[name] = kind
    return Part(label, None, rows, schema_of(types), look, (*findings, *header_findings(look)), looks)


def schema_of(types: Mapping[str, Any]) -> dict[str, Any]:
    """The logical types of columns."""
    return {name: type_of(dtype) for name, dtype in canonical_schema(types).items()}


def header_findings(look: Look) -> list[dict[str, Any]]:
    """What is odd about a header."""
    if not look.header_absent:
        return []
    return [_finding("header", 1, "a name in the header is a number; say header: false if it is data")]


def _finding(kind: str, line: int | None, text: str, column: str | None = None) -> dict[str, Any]:
    return {"kind": kind, "line": line, "column": column, "text": text}
