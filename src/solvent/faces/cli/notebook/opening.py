"""``solvent notebook open``: a step run as a notebook."""

from __future__ import annotations

from pathlib import Path

import click

from solvent.faces.cli.completing import complete_reference
from solvent.faces.cli.looking.kept import find_kept
from solvent.faces.cli.output import write

__all__ = ["open_"]


@click.command("open")
@click.argument("reference", shell_complete=complete_reference)
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="Default: RUN-STEP.ipynb.")
@click.pass_obj
def open_(project: str | None, reference: str, out: Path | None) -> None:
    """Write a notebook with the inputs of RUN/STEP loaded and its code in cells, to look into what happened."""
    from solvent.notebook.opening import write_notebook

    name = "".join(one if one.isalnum() or one in "-_." else "-" for one in reference)
    write(str(write_notebook(find_kept(project), reference, (out or Path(f"{name}.ipynb")).expanduser())))
