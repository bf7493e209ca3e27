"""Reading: an input's source is read, unless this version of it was read before and is still kept.

Of a source that can tell its parts apart (files do), only the parts that are new are read: the rows of the others are
taken over from the table that was made of them last.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.archive.catalog import query, write
from solvent.archive.catalog.records import ArtifactRow, InputRow, StepEnd, StepStart
from solvent.data import is_table_type
from solvent.data.family import REFERENCE, TABLE
from solvent.engine.execute.behind.profiling import profile_jobs
from solvent.engine.execute.behind.writing import Job, describe_error
from solvent.engine.execute.hand import State
from solvent.engine.planning.taking import takers
from solvent.errors import Corrupted

if TYPE_CHECKING:
    from solvent.archive.keeping import Pending
    from solvent.engine.execute.session import Session
    from solvent.engine.planning.inputs import Input
    from solvent.engine.planning.plan import NodePlan

__all__ = ["do_input", "referred_files"]


@dataclass(slots=True)
class _Reading:
    """What reading a source gave: the value, what was found on the way, and what makes the next reading short."""

    pending: Pending
    notes: dict[str, Any] = field(default_factory=dict)
    survey: tuple[str, Any] | None = None


def do_input(session: Session, one: NodePlan) -> State:
    """Read a source, unless this version of it was read before and is still kept."""
    made = session.plan.inputs[one.node.name]
    path = one.node.path
    if made.pending is not None:
        return _keep_input(session, one, _Reading(made.pending), None, time.time())
    if made.dataset is not None:  # its rows are what they are, however often they are read
        try:
            with made.blamed():
                made.dataset.fetch()
        except Exception as error:
            return _input_failed(session, one, made, error)
        return _known_input(session, one, made, (made.dataset.warning,) if made.dataset.warning else ())
    begun = time.time()
    try:
        with made.blamed():
            warnings = _still_so(session, made, path) if path not in session.forced else None
            if warnings is not None:
                return _known_input(session, one, made, warnings)
            session.begin(path, "")
            read = _read(session, made, path)
            if made.source is not None and made.source.version() != made.version:
                made.version = None  # it changed while it was read: which version this was, nobody can say
    except Exception as error:
        return _input_failed(session, one, made, error)
    return _keep_input(session, one, read, made, begun)


def _still_so(session: Session, made: Input, path: str) -> tuple[str, ...] | None:
    """The warnings with which what is known of an input holds; None where it has to be read.

    A reference is to one place, and holds for steps that stream: for another place, or for others, it is made anew.
    """
    if made.known is None or query.format_of(session.project.catalog, made.known) != REFERENCE:
        return None if made.known is None else ()
    body, source = session.archive.document(made.known)["body"], made.source
    if (body["root"], body["files"]) != (str(getattr(source, "root", "")), getattr(source, "patterns", None)):
        return None
    keep, warnings = _kept(session, made, path)
    if keep != "reference":
        return None
    session.referred.add(made.known)
    return tuple(warnings)


def _known_input(session: Session, one: NodePlan, made: Input, warnings: tuple[str, ...] = ()) -> State:
    """Record an input whose rows are in the archive already."""
    assert made.known is not None
    notes = json.dumps({"warnings": warnings}) if warnings else None
    with session.project.catalog.write() as tx:
        number = write.add_step(tx, _input_start(session, one, made))
        write.end_step(tx, StepEnd(number, "reused", time.time(), False, notes=notes, outputs={"value": made.known}))
    state = State("reused", {"value": made.known}, number, one.kinds())
    session.states.append(state)
    session.tell(one.node.path, "", "reused", rows=session.rows_of(state), notes=warnings)
    return state


def _read(session: Session, made: Input, path: str) -> _Reading:
    source: Any = made.source

    def near() -> list[str]:
        return session.near(path, "", ())

    if not is_table_type(made.wanted) or not hasattr(source, "survey"):
        value = source.read(made.wanted)
        found = source.found() if hasattr(source, "found") and is_table_type(made.wanted) else None
        return _Reading(session.archive.prepare(value, near), {"found": found} if found else {})
    from solvent.data.sources.files.uniting import said

    keep, warning = _kept(session, made, path)
    spec = digest.of_structure("surveyed.1", json.dumps(source.describe(), sort_keys=True, default=str))
    before = query.survey(session.project.catalog, spec) if path not in session.forced else None
    survey = source.survey(before[0]["survey"] if before is not None else None)
    if keep == "reference":
        from solvent.data.referring import Referred

        pending = session.archive.prepare(Referred(source, survey))
    else:
        pending = _copied(session, source, survey, before, near)
    source.check(survey)
    parts = [[part.label, part.version, part.rows] for part in survey.parts]
    notes: dict[str, Any] = {"found": survey.found()}
    warnings = [*warning, *map(said, survey.changes)]
    if warnings:
        notes["warnings"] = warnings
    return _Reading(pending, notes, (spec, {"survey": survey.to_json(), "parts": parts}))


def _copied(session: Session, source: Any, survey: Any, before: Any, near: Callable[[], list[str]]) -> Pending:
    """The rows as blocks; those of files that are as they were are taken over from the version before."""
    try:
        value = _spliced(session, source, survey, before) if before is not None else None
        if value is not None:
            return session.archive.prepare(value, near)
    except Corrupted:  # what is kept of the version before is damaged: nothing of it is built on
        pass
    return session.archive.prepare(source.frame(survey), near)


def _kept(session: Session, made: Input, path: str) -> tuple[str, list[str]]:
    """Whether a source's ``rows`` are copied, or a ``reference`` is kept; and a warning, if nobody said so.

    Files that are larger than the project says are referred to, as long as every step that takes them goes through
    them as a stream: others are better served by blocks.
    """
    from solvent.data.referring import STREAMED

    source: Any = made.source
    said, local = getattr(source, "keep", None), getattr(source, "root", None) is not None
    kinds, by_block = takers(session.plan.nodes.values(), path)
    most = session.project.file.keep_sources
    if said is not None or not local or by_block or not all(kind in STREAMED for kind in kinds):
        return said or "rows", []
    bytes_ = source.size()  # which looks at every file
    if bytes_ <= most:
        return "rows", []
    size, limit = _size(bytes_), _size(most)
    return "reference", [
        f"{size} of files are referred to, not copied (keep_sources is {limit}): this version can be read only for as "
        f"long as they stay as they are. Say keep: rows to have them copied, keep: reference if this is what you want"
    ]


def _size(count: int) -> str:
    power = min(max(count.bit_length() - 1, 0) // 10, 4)
    return f"{count / 1024**power:.3g} {('bytes', 'KiB', 'MiB', 'GiB', 'TiB')[power]}"


def _spliced(session: Session, source: Any, survey: Any, before: tuple[Any, str]) -> Any:
    """The rows of the files that are as they were, taken over, and those of the others; None where nothing can be."""
    from solvent.data.packs.manifest import Manifest
    from solvent.data.packs.splicing import Kept, Splice

    noted, artifact = before
    if query.format_of(session.project.catalog, artifact) != TABLE or not session.archive.complete(artifact):
        return None
    stored = Manifest.from_json(session.archive.document(artifact)["body"])
    if stored.extra or not stored.names or dict(zip(stored.names, stored.types, strict=True)) != survey.schema:
        return None
    known, start = {}, 0
    for label, version, rows in noted["parts"]:
        if version is not None:
            known[label, version] = Kept(start, start + rows)
        start += rows
    if start != stored.rows or list(stored.names) != list(survey.schema):
        return None
    pieces: list[Any] = []
    for old, parts in itertools.groupby(survey.parts, lambda part: known.get((part.label, part.version))):
        pieces.append(old or source.frame(survey, [part.label for part in parts]))
    return Splice(stored, session.archive, pieces)


def referred_files(session: Session, rows: tuple[InputRow, ...]) -> set[Path]:
    """The files that a step went through by reference; :class:`InputError` if one is not what it was when it began."""
    from solvent.data.referring import check_referred

    session.writer.settle()
    names = dict.fromkeys(row.digest for row in rows if row.digest in session.referred)
    return {path for name in names for path in check_referred(session.archive.document(name)["body"])}


def _input_start(session: Session, one: NodePlan, made: Any) -> StepStart:
    settings = {"source": {"value": made.describe(), "origin": made.origin, "beat": []}}
    return StepStart(
        session.run, one.node.path, "", "input", "source", None, None, json.dumps(settings, default=str), time.time()
    )


def _keep_input(session: Session, one: NodePlan, read: _Reading, made: Input | None, begun: float) -> State:
    pending = read.pending
    start = replace(_input_start(session, one, session.plan.inputs[one.node.name]), started=begun)
    with session.project.catalog.write() as tx:
        number = write.add_step(tx, start)
    state = State("ran", {"value": pending.digest}, number, one.kinds())
    session.states.append(state)
    notes = json.dumps(read.notes, default=str) if read.notes else None

    def end(artifacts: tuple[ArtifactRow, ...]) -> StepEnd:
        return StepEnd(
            number, "ran", time.time(), False, notes=notes, outputs=state.outputs or {}, artifacts=artifacts
        )  # fmt: skip

    def remember() -> None:
        with session.project.catalog.write() as tx:
            if made is not None and made.version is not None:
                write.remember_source(tx, made.spec, made.version, pending.digest, time.time())
            if read.survey is not None:
                write.remember_survey(tx, *read.survey, pending.digest, time.time())

    def failed(error: BaseException) -> None:
        session.lose(state, one, "", error)

    if pending.format.name == REFERENCE:
        session.referred.add(pending.digest)
    session.values.hold(pending.digest, pending.written.keep)
    after = profile_jobs(session.project, {"value": pending})
    session.writer.commit(Job((pending,), end, failed, lambda: False, after if made is None else (remember, *after)))
    session.tell(
        one.node.path, "", state.status, seconds=time.time() - start.started, rows=pending.written.facts.get("rows"),
        notes=tuple(read.notes.get("warnings", ())),
    )  # fmt: skip
    return state


def _input_failed(session: Session, one: NodePlan, made: Any, error: BaseException) -> State:
    with session.project.catalog.write() as tx:
        number = write.add_step(tx, _input_start(session, one, made))
        write.end_step(tx, StepEnd(number, "failed", time.time(), False, error=json.dumps(describe_error(error))))
    session.fail(one.node.path, error)
    session.tell(one.node.path, "", "failed", error=str(error))
    state = State("failed", {}, number)
    session.states.append(state)
    return state
