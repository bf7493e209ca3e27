"""The format of tables: any frame in, any frame out, and an identity that is the rows'."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from solvent.data.blocks.columns import open_columns
from solvent.data.blocks.identity import Block, cut_blocks, identify
from solvent.data.canonical import Rows, type_of, visible_columns
from solvent.data.family import is_table
from solvent.data.frames.incoming import Stream, take
from solvent.data.frames.outgoing import give
from solvent.data.packs.manifest import Bytes, Manifest, Opened
from solvent.data.packs.reading import read_packs
from solvent.data.packs.sharing import Layout
from solvent.data.packs.splicing import Splice, splice
from solvent.data.packs.streaming import carry_out
from solvent.data.packs.writing import write_parts

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TableFormat", "table_digest"]

_AT_ONCE = 32 * 1024


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """What writing makes of a table: the same fields as every format's, met by the archive as such."""

    identity: Any
    body: Any = None
    finish: Callable[[Any], Any] | None = None
    keep: Callable[[Any], Any] | None = None
    size: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)


class TableFormat:
    """Keeps every frame of the table family as blocks in packs."""

    name = "table.1"

    def accepts(self, value: Any) -> bool:
        """Whether the value is a frame, or what this room itself makes of blocks."""
        return is_table(value) or isinstance(value, (Splice, Stream))

    def write(self, value: Any, sink: Bytes) -> Any:
        """Settle a table's identity now; its bytes are encoded by ``finish``, from memory that nobody else has.

        A ``LazyFrame``, reader, dataset or relation is carried out here, once; one that is larger than its share of
        memory is written while it is gone through. Raises :class:`DataError` for what no table can keep.
        """
        if isinstance(value, Splice):
            rows: Rows | Manifest = splice(value, sink)
        else:
            taken = value if isinstance(value, Stream) else take(value)
            rows = taken if isinstance(taken, Rows) else carry_out(taken, sink)
        if isinstance(rows, Manifest):
            return WrittenTable(
                identify(rows.names, rows.types, rows.extra, rows.blocks), rows.to_json(), facts=_facts(rows)
            )
        table, types, blocks = settle(rows)
        manifest = Manifest(rows.frame.columns, types, rows.extra, blocks)

        def finish(into: Bytes) -> Any:
            if not manifest.names or not blocks:
                return manifest.to_json()
            layout = Layout.beside(manifest.names, types, into)
            write_parts(table, blocks, layout, into)
            return Manifest(manifest.names, types, rows.extra, blocks, layout.packs, layout.places).to_json()

        return WrittenTable(
            identify(manifest.names, types, rows.extra, blocks),
            body=finish(sink) if table.nbytes <= _AT_ONCE else None,
            finish=None if table.nbytes <= _AT_ONCE else finish,
            keep=lambda wanted: give(rows, wanted),
            facts=_facts(manifest),
        )

    def read(self, body: Any, source: Opened, wanted: Any) -> Any:
        """The table as the frame that ``wanted`` asks for; a ``LazyFrame`` reads only what its query needs."""
        return read_packs(Manifest.from_json(body), source, wanted)


def settle(rows: Rows) -> tuple[pa.Table, list[Any], list[Block]]:
    """Canonical rows as an Arrow table, the logical types of its columns, and its blocks."""
    table = rows.frame.to_arrow()
    types = [type_of(dtype) for dtype in rows.frame.dtypes]
    return table, types, cut_blocks(open_columns(table, types), rows.frame.height)


def table_digest(value: Any) -> str:
    """The logical digest of a table in memory: the same for equal rows, whichever frame holds them."""
    taken = take(value)
    if not isinstance(taken, Rows):
        import polars as pl

        pieces = list(taken.pieces)
        taken = Rows(pl.concat(pieces) if pieces else pl.DataFrame(schema=dict(taken.schema)))
    rows = Rows(taken.frame.rechunk(), taken.extra)
    _, types, blocks = settle(rows)
    return identify(rows.frame.columns, types, rows.extra, blocks)


def _facts(manifest: Manifest) -> dict[str, int]:
    return {"rows": manifest.rows, "columns": len(visible_columns(manifest.names, manifest.extra))}
