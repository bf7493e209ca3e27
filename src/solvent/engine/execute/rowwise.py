"""Steps by block: the function sees one block at a time, and only blocks that it has not seen with these settings.

A row-wise step gives a table, block for block; a mergeable one gives a value for each block, and ``combine`` makes
one of them all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.archive.catalog import query, write
from solvent.engine.execute.calling.check import check_outputs
from solvent.engine.execute.calling.measure import seed_ambient
from solvent.errors import Corrupted, NotFound

if TYPE_CHECKING:
    from solvent.data.packs.manifest import Manifest
    from solvent.data.rowwise import Done, RowMap
    from solvent.engine.execute.session import Session
    from solvent.engine.planning.plan import NodePlan

__all__ = ["Blocks", "by_blocks"]


@dataclass(slots=True)
class Blocks:
    """One step over the blocks of the stored table that its first parameter is bound to.

    ``spec`` tells what is done to a block: the step's key without that table.
    """

    session: Session
    one: NodePlan
    artifact: str
    spec: str
    label: str
    _note: Callable[[], Any] = field(default=list)

    @property
    def parameter(self) -> str:
        """The name of the parameter."""
        return self.one.node.step.signature.data[0].name

    def call(self, data: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs, from what is known of each block and what is made of the new ones."""
        if self.one.node.options.combine is not None:
            return self._combined(data, settings)
        from solvent.data.rowwise import RowMap

        (output,) = self.one.node.step.signature.outputs.fields
        wanted = self.one.node.step.signature.data[0].annotation

        def function(rows: Any) -> Any:
            return self._parts({**data, self.parameter: rows}, settings)[output]

        work: RowMap = RowMap(
            self._table(), self.session.archive, function, wanted, lambda block: _seed(block, settings), self._done()
        )
        self._note = lambda: [list(one) for one in work.made]
        return {output: work.result()}

    def remember(self, made: str) -> Callable[[], None]:
        """What to do once the result is committed: note what came of which block."""

        def note() -> None:
            body = self._note()
            with self.session.project.catalog.write() as tx:
                write.remember_survey(tx, self.spec, body, made, time.time())

        return note

    def _combined(self, data: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
        from solvent.data.canonical import Rows
        from solvent.data.frames.outgoing import give
        from solvent.data.rowwise import block_ids, no_rows, read_blocks

        archive, signature, table = self.session.archive, self.one.node.step.signature, self._table()
        (output,), wanted = signature.outputs.fields, signature.data[0].annotation
        ids, noted, parts, rows = block_ids(table), dict(self._survey() or ()), {}, []
        for place, name in enumerate(ids):
            if name in noted:
                try:
                    parts[place] = archive.get(noted[name], signature.outputs.annotation)
                except (Corrupted, NotFound):
                    del noted[name]
        for place, frame in read_blocks(table, archive, [one for one in range(len(ids)) if one not in parts]):
            _seed(ids[place], settings)
            parts[place] = self._parts({**data, self.parameter: give(Rows(frame), wanted)}, settings)[output]
            rows.append(archive.finish(archive.prepare(parts[place])))
            noted[ids[place]] = rows[-1].digest
        if not ids:
            empty = give(Rows(no_rows(table)), wanted)
            parts[0] = self._parts({**data, self.parameter: empty}, settings)[output]
        with self.session.project.catalog.write() as tx:
            for row in rows:
                write.add_artifact(tx, row, time.time())
        self._note = lambda: [[name, noted[name]] for name in ids]
        combine: Any = self.one.node.options.combine
        return check_outputs(combine([parts[place] for place in sorted(parts)]), signature.outputs, self.label)

    def _parts(self, data: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
        step = self.one.node.step
        return check_outputs(step.invoke(data, settings), step.signature.outputs, self.label)

    def _table(self) -> Manifest:
        from solvent.data.packs.manifest import Manifest

        return Manifest.from_json(self.session.archive.document(self.artifact)["body"])

    def _survey(self) -> Any:
        """What was noted of each block, where results may be reused at all."""
        session, one = self.session, self.one
        wanted = session.reuse and one.node.path not in session.forced
        if not wanted or not one.reusable or one.node.options.reuse is not True:
            return None
        found = query.survey(session.project.catalog, self.spec)
        return None if found is None or not session.archive.complete(found[1]) else found[0]

    def _done(self) -> Done | None:
        from solvent.data.packs.manifest import Manifest
        from solvent.data.rowwise import Done

        noted, found = self._survey(), query.survey(self.session.project.catalog, self.spec)
        if noted is None or found is None:
            return None
        made = Manifest.from_json(self.session.archive.document(found[1])["body"])
        blocks = tuple((str(name), int(rows)) for name, rows in noted)
        return Done(blocks, made) if sum(rows for _, rows in blocks) == made.rows and not made.extra else None


def by_blocks(
    session: Session, one: NodePlan, inputs: Mapping[str, Any], part: Mapping[str, Any], label: str
) -> Blocks | None:
    """The carrying-out of a step by block, or None where it sees its table whole."""
    from solvent.data.packs.manifest import Manifest
    from solvent.data.rowwise import mappable

    if not one.node.options.rowwise and one.node.options.combine is None:
        return None
    parameter = one.node.step.signature.data[0].name
    artifact = inputs[parameter]
    session.writer.settle()
    if not isinstance(artifact, str) or query.format_of(session.project.catalog, artifact) != "table.1":
        return None
    if not mappable(Manifest.from_json(session.archive.document(artifact)["body"])):
        return None
    rest = {name: value for name, value in inputs.items() if name != parameter}
    code = one.fingerprint.digest if one.fingerprint else ""
    spec = digest.of_structure("rowwise.1", [code, dict(part), rest, one.declared, parameter])
    return Blocks(session, one, artifact, spec, label)


def _seed(block: str, settings: Mapping[str, Any]) -> None:
    """Seed the ambient generators by the block, and by the step's own seed if it has one."""
    seed = settings.get("seed")
    known = [block] if seed is None else [block, seed]
    seed_ambient(int(digest.of_structure("blockseed.1", known)[:15], 16))
