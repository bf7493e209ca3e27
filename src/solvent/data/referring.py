"""Tables by reference: rows that stay in their files, known by what these hold, and read there while they do."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.data.canonical import Rows, conform
from solvent.data.family import REFERENCE
from solvent.data.frames.outgoing import give, wanted_kind
from solvent.data.sources.files.finding import stamp_of, state_of
from solvent.data.sources.files.options import read_options
from solvent.data.sources.files.source import Files
from solvent.data.sources.files.surveying import Part, Survey
from solvent.data.sources.files.uniting import partitions
from solvent.data.tables import WrittenTable
from solvent.errors import InputError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["STREAMED", "ReferenceFormat", "Referred", "check_referred"]

STREAMED = ("polars.LazyFrame", "pyarrow.RecordBatchReader")
"""Kinds of frame that are read from files piece by piece, whenever they are gone through."""
_CONTENT = "content.1"


@dataclass(frozen=True, slots=True)
class Referred:
    """Files that were looked through, to be referred to instead of copied."""

    source: Files
    survey: Survey


class ReferenceFormat:
    """Keeps of a table where its files are, what they hold, and the digest of each; not one row.

    The digest is that of the files' bytes, in their order, with the types that are read of them: a file that moves is
    the same table, while the same rows in another format are another.
    """

    name = REFERENCE

    def accepts(self, value: Any) -> bool:
        """Whether the value is what a source makes for this format."""
        return isinstance(value, Referred)

    def write(self, value: Referred, sink: Any) -> Any:
        """Settle the identity of files; every byte is read for it."""
        paths = value.source.here(value.survey)
        survey = replace(value.survey, parts=tuple(_settled(part, paths[part.label]) for part in value.survey.parts))
        folders = partitions([part.label for part in survey.parts], survey.options)
        contents = [digest.of_file(_CONTENT, paths[part.label]) for part in survey.parts]
        sizes = [paths[part.label].stat().st_size for part in survey.parts]
        said = {name: one for name, one in survey.options.said().items() if name != "keep"}
        identity = [
            [[name, json.dumps(kind)] for name, kind in survey.schema.items()], json.dumps(said, sort_keys=True),
            [list(one) for one in zip(contents, (dict(folder) for folder in folders), strict=True)],
        ]  # fmt: skip
        body = {
            "root": str(value.source.root), "files": value.source.patterns, "survey": survey.to_json(),
            "contents": [[part.label, one] for part, one in zip(survey.parts, contents, strict=True)],
        }  # fmt: skip
        return WrittenTable(identity, body, size=sum(sizes), facts={"rows": survey.rows, "columns": len(survey.schema)})

    def read(self, body: Any, source: Any, wanted: Any) -> Any:
        """The rows of the files as the frame that ``wanted`` asks for. Raises :class:`InputError` if they changed."""
        kind = wanted_kind(wanted)
        files, survey, _ = _opened(body)
        frame = files.frame(survey)
        if kind == "polars.LazyFrame":
            return frame
        if kind == "pyarrow.RecordBatchReader":
            return _reader(frame)
        return give(Rows(conform(frame.collect(engine="streaming"))), wanted)


def _settled(part: Part, path: Path) -> Part:
    """The part with a version that can be believed, where its file was too fresh for one when it was surveyed."""
    status = os.stat(path)
    if part.version is not None or state_of(status) != part.status:
        return part
    return part.at(stamp_of(status, time.time()), part.status)


def check_referred(body: Any, *, deep: bool = False) -> list[Path]:
    """The files that an artifact refers to. Raises :class:`InputError` if they are not what they were.

    A file whose size and times are as they were is taken to be the same, unless ``deep`` asks to read it.
    """
    _, _, paths = _opened(body)
    known = dict(body["contents"])
    for label, path in paths.items() if deep else ():
        if digest.of_file(_CONTENT, path) != known[label]:
            raise InputError(f"{label}: the file holds other bytes than before, though its size and times are the same")
    return [Path(os.path.abspath(path)) for path in paths.values()]


def _opened(body: Any) -> tuple[Files, Survey, dict[str, Path]]:
    """The source of a document, the survey of its files as they are now, and where they are.

    Each file that has another stamp is hashed again.
    """
    from solvent.data.sources.making import files as make_files

    root = next((one for one in (Path(body["root"]), Path.cwd()) if one.is_dir()), Path.cwd())
    said = dict(body["survey"]["options"])
    made = make_files(body["files"], said, root)
    assert isinstance(made, Files)
    survey = Survey.from_json(body["survey"], read_options(said))
    known = dict(body["contents"])

    def same(label: str, path: Path) -> bool:
        return bool(digest.of_file(_CONTENT, path) == known[label])

    try:
        return made, *made.again(survey, same)
    except InputError as error:
        why = str(error).rstrip(".")
        raise InputError(
            f"rows that are kept by reference only cannot be had again: {why}. Put the files back as they were, or "
            f"run again with those that are there; with keep: rows they would have been copied"
        ) from error


def _reader(frame: pl.LazyFrame) -> Any:
    import polars as pl
    import pyarrow as pa

    schema = pl.DataFrame(schema=frame.collect_schema()).to_arrow().schema

    def batches() -> Iterator[Any]:
        for piece in frame.collect_batches(maintain_order=True):
            yield from piece.to_arrow().cast(schema).to_batches()

    return pa.RecordBatchReader.from_batches(schema, batches())
