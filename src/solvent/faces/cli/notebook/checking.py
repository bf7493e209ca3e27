"""``solvent notebook check``: faults of notebooks, each with its cell, its line, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from solvent.errors import NotFound
from solvent.faces.cli.notebook.faults import told
from solvent.faces.cli.output import duration, safe, show_json, write

if TYPE_CHECKING:
    from solvent.notebook.checking.checking import Checking
    from solvent.notebook.checking.findings import Report
    from solvent.notebook.checking.mending import Mended

__all__ = ["check"]

_FAULTY = 1


@click.command()
@click.argument("paths", metavar="NOTEBOOK...", nargs=-1, required=True)
@click.option("--python", metavar="PYTHON", help="The interpreter to run with, such as .venv/bin/python.")
@click.option("--timeout", default=600.0, show_default=True, metavar="SECONDS", help="How long a cell may take.")
@click.option("--tolerance", default=1e-6, show_default=True, help="How far numbers that are shown may be apart.")
@click.option("--no-run", is_flag=True, help="Only read: nothing is carried out.")
@click.option("--fix", is_flag=True, help="Repair what is safe; what was there is kept as NOTEBOOK.bak.")
@click.option("--out", metavar="FILE", help="With --fix: write the repaired notebook here instead.")
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as --format json.")
@click.option("--html", metavar="FILE", help="Write a page with the cells and what was found in them.")
@click.option("--all", "every", is_flag=True, help="Show hints too.")
@click.pass_context
def check(ctx: click.Context, /, paths: tuple[str, ...], **more: Any) -> None:
    """Run each NOTEBOOK twice from its top, in a copy of its folder, and say what is wrong with it.

    A notebook is code and is run as you: check only what you would run. Shell lines are not carried out. Exit 0: no
    fault; 1: faults; 2: wrong use.
    """
    found = list(_found(paths))
    if more["out"] and (not more["fix"] or len(found) != 1):
        raise click.UsageError("--out FILE is where --fix writes one notebook")
    if more["timeout"] <= 0 or more["tolerance"] < 0:
        raise click.UsageError("--timeout is above 0, and --tolerance is not below it")
    from solvent.notebook.checking.checking import Checking

    how = Checking(more["python"], more["timeout"], more["tolerance"], not more["no_run"])
    form = "json" if more["as_json"] else more["form"]
    made: list[tuple[Report, Mended | None]] = []
    for path in found:
        with told(path):
            made.append(_check(path, how, more["fix"], more["out"]))
        if form == "text":
            _tell(*made[-1], every=more["every"])
        elif form == "github":
            from solvent.faces.cli.notebook.pages import annotate

            for line in annotate(made[-1][0]):
                write(line)
    reports = [report for report, _ in made]
    if form == "json":
        show_json({"ok": all(one.ok for one in reports), "notebooks": [_plain(*one) for one in made]})
    elif form == "text" and len(reports) > 1:
        write(f"{sum(one.ok for one in reports)} of {len(reports)} notebooks have no fault")
    if more["html"]:
        _write_page(Path(more["html"]), reports)
    if not all(one.ok for one in reports):
        ctx.exit(_FAULTY)


def _found(paths: Iterable[str]) -> Iterator[Path]:
    """The notebooks that were named; of folders all that are in them."""
    for word in paths:
        path = Path(word).expanduser()
        if path.is_dir():
            inside = sorted(
                one for one in path.rglob("*.ipynb")
                if not any(part.startswith(".") or part == "node_modules" for part in one.relative_to(path).parts)
            )  # fmt: skip
            if not inside:
                raise NotFound(f"{word}: there is no .ipynb file in this folder")
            yield from inside
        elif not path.exists():
            raise NotFound(f"{word}: there is no such notebook")
        else:
            yield path


def _check(path: Path, how: Checking, fix: bool, out: str | None) -> tuple[Report, Mended | None]:
    from solvent.notebook.checking.checking import check as judge

    report = judge(path, how)
    if not fix:
        return report, None
    from solvent.notebook.checking.mending import mend

    mended = mend(report, how, Path(out).expanduser() if out else None)
    return mended.report, mended


def _tell(report: Report, mended: Mended | None, every: bool) -> None:
    from solvent.notebook.checking.findings import KINDS, count

    cells = len(report.notebook.code) if report.notebook else 0
    ran = f", {report.ran} of {count(cells, 'cell')} ran" if report.watched is not None else ""
    head = f"{report.path}: {count(len(report.faults), 'fault') if report.faults else 'no fault'}"
    write(safe(f"{head}{ran}, {duration(report.seconds)}"))
    for line in mended.done if mended else ():
        write(safe(f"  fixed  {line}"))
    if mended and mended.backup:
        write(safe(f"  kept   {mended.backup} is the notebook as it was"))
    for one in report.findings if every else report.faults:
        write(safe(f"  {one.severity}  {one.where}: {KINDS[one.kind]}"))
        write(safe(f"         {one.text}"))
        write(safe(f"         → {one.remedy}"))
    if report.hints and not every:
        write(f"  and {count(len(report.hints), 'hint')} (--all shows them)")


def _plain(report: Report, mended: Mended | None) -> dict[str, Any]:
    told = report.to_json()
    if mended is not None:
        told["fixed"] = list(mended.done)
        told["written"] = str(mended.path) if mended.done else None
        told["backup"] = str(mended.backup) if mended.backup else None
    return told


def _write_page(path: Path, reports: list[Report]) -> None:
    from solvent.errors import UsageError
    from solvent.faces.cli.notebook.pages import page

    try:
        path.expanduser().parent.mkdir(parents=True, exist_ok=True)
        path.expanduser().write_text(page(reports), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--html: {path}: {error.strerror}") from error
