"""Row-wise steps: the function sees one block at a time, and only blocks that it has not seen with these settings."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.archive.catalog import query, write
from solvent.engine.execute.calling.check import check_outputs
from solvent.engine.execute.calling.measure import seed_ambient

if TYPE_CHECKING:
    from solvent.data.rowwise import Done, RowMap
    from solvent.engine.execute.session import Session
    from solvent.engine.planning.plan import NodePlan

__all__ = ["Mapped", "mapped"]


@dataclass(slots=True)
class Mapped:
    """One row-wise step over the stored table that its first parameter is bound to."""

    session: Session
    one: NodePlan
    parameter: str
    artifact: str
    spec: str
    label: str
    _last: RowMap | None = field(default=None)

    def call(self, data: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs: a table that is still to be carried out, block by block, while it is written."""
        from solvent.data.packs.manifest import Manifest
        from solvent.data.rowwise import RowMap

        archive, step, seed = self.session.archive, self.one.node.step, settings.get("seed")
        (output,) = step.signature.outputs.fields

        def function(rows: Any) -> Any:
            made = step.invoke({**data, self.parameter: rows}, settings)
            return check_outputs(made, step.signature.outputs, self.label)[output]

        def seeded(block: str) -> None:
            known = [block] if seed is None else [block, seed]
            seed_ambient(int(digest.of_structure("blockseed.1", known)[:15], 16))

        wanted = next(one.annotation for one in step.signature.data if one.name == self.parameter)
        table = Manifest.from_json(archive.document(self.artifact)["body"])
        self._last = RowMap(table, archive, function, wanted, seeded, self._done())
        return {output: self._last.result()}

    def remember(self, made: str) -> Callable[[], None]:
        """What to do once the result is committed: note what came of which block."""
        work = self._last

        def note() -> None:
            if work is not None:
                with self.session.project.catalog.write() as tx:
                    write.remember_survey(tx, self.spec, [list(one) for one in work.made], made, time.time())

        return note

    def _done(self) -> Done | None:
        from solvent.data.packs.manifest import Manifest
        from solvent.data.rowwise import Done

        session, one = self.session, self.one
        usable = (
            session.reuse and one.reusable and one.node.options.reuse is True and one.node.path not in session.forced
        )
        found = query.survey(session.project.catalog, self.spec) if usable else None
        if found is None or not session.archive.complete(found[1]):
            return None
        made = Manifest.from_json(session.archive.document(found[1])["body"])
        blocks = tuple((str(name), int(rows)) for name, rows in found[0])
        return Done(blocks, made) if sum(rows for _, rows in blocks) == made.rows and not made.extra else None


def mapped(
    session: Session, one: NodePlan, inputs: Mapping[str, Any], part: Mapping[str, Any], label: str
) -> Mapped | None:
    """The row-wise carrying-out of a step, or None where it has to see its table whole."""
    from solvent.data.packs.manifest import Manifest
    from solvent.data.rowwise import mappable

    if not one.node.options.rowwise:
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
    return Mapped(session, one, parameter, artifact, spec, label)
