"""``solvent data export``: a table as plain files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from solvent.faces.cli.completing import complete_reference
from solvent.faces.cli.looking.kept import find_kept
from solvent.faces.cli.output import number, safe, show_json, size, write

__all__ = ["export"]


@click.command()
@click.argument("reference", shell_complete=complete_reference)
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--format", "kind", metavar="FORMAT", help="parquet, csv, arrow or jsonl (default: as OUT's suffix says)."
)
@click.option("--rows-per-file", type=int, metavar="N", help="Make OUT a folder of parts with so many rows each.")
@click.option("--overwrite", is_flag=True, help="Replace what is there.")
@click.option("--allow", is_flag=True, help="Also export a dataset whose time is over.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def export(project: str | None, /, reference: str, out: Path, kind: str | None, **more: Any) -> None:
    """Write the table REFERENCE to plain files that any tool reads: NAME@v3, RUN/STEP.OUTPUT or #DIGEST.

    OUT.csv.gz and OUT.jsonl.zst are packed. Beside CSV and JSON lines, OUT.types.yaml is an input's block
    that reads the file back with the same types.
    """
    from solvent.engine.datasets.exporting import How
    from solvent.engine.datasets.exporting import export as carry_out

    opened = find_kept(project)
    how = How(kind, more["rows_per_file"], more["overwrite"], more["allow"])
    made = carry_out(opened, reference, out.expanduser(), how)
    rows = opened.artifact(reference).facts["rows"]
    if more["as_json"]:
        told = {"reference": reference, "path": str(made.path), "files": made.files, "rows": rows, "bytes": made.size}
        show_json({**told, "types": str(made.types) if made.types else None, "notes": made.notes})
        return
    some = f", {number(made.files)} files" if made.files != 1 or more["rows_per_file"] else ""
    write(safe(f"{made.path}: {number(rows)} rows, {size(made.size)}{some}"))
    if made.types is not None:
        write(safe(f"{made.types}: what reads it back with the same types"))
    for note in made.notes:
        write(safe(f"  {note}"))
