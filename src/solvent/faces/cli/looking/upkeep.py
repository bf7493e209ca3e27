"""``solvent verify`` and ``doctor``."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import click

from solvent.errors import SolventError
from solvent.faces.cli.looking.kept import find_kept
from solvent.faces.cli.output import number, safe, show_json, size, write

if TYPE_CHECKING:
    from solvent.engine.project import Project

__all__ = ["doctor", "verify"]


@click.command()
@click.option("--deep", is_flag=True, help="Read and hash every byte: finds every flipped bit.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def verify(project: str | None, deep: bool, as_json: bool) -> int:
    """Check that the archive is whole. What is damaged is marked, so that the next run makes it anew."""
    found = find_kept(project).verify(deep=deep)
    faults = [{"blob": one.blob, "what": one.what, "needed_by": list(one.needed_by)} for one in found.faults]
    gone = [{"artifact": one.blob, "what": one.what, "made_by": list(one.needed_by)} for one in found.gone]
    if as_json:
        facts = {"artifacts": found.artifacts, "blobs": found.blobs, "bytes": found.size, "deep": deep}
        show_json({**facts, "faults": faults, "gone": gone})
        return 1 if faults else 0
    how = "read and hashed" if deep else "looked for (--deep reads them)"
    write(f"{number(found.artifacts)} artifacts, {number(found.blobs)} blobs, {size(found.size)}: {how}")
    for one in found.faults:
        write(safe(f"  #{one.blob[:12]} is {one.what}; needed by {', '.join(one.needed_by) or 'nothing'}"))
    for one in found.gone:
        write(safe(f"  #{one.blob[:12]} of {', '.join(one.needed_by)}: {one.what}"))
    if faults:
        write("Run the pipelines again to heal them; rows that were published from outside of runs, publish again.")
    else:
        write("All is well." if not gone else "The archive is whole; of what lies outside, that is gone.")
    return 1 if faults else 0


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def doctor(project: str | None, as_json: bool) -> int:
    """Check this machine and this project: what is there, what is missing, what to do about it."""
    from solvent.engine.project import find_project

    opened = find_project(project)
    checks = [*_machine(), *_project(opened)]
    if as_json:
        show_json([{"what": what, "fine": fine, "found": found} for what, fine, found in checks])
    else:
        for what, fine, found in checks:
            write(safe(f"  {'✓' if fine else '✗'} {what}: {found}"))
    return 0 if all(fine for _, fine, _ in checks) else 1


def _machine() -> list[tuple[str, bool, str]]:
    checks = [("Python", sys.version_info >= (3, 11), sys.version.split()[0])]
    for extra, package in (("learn", "sklearn"), ("learn", "skops"), ("serve", "starlette"), ("pandas", "pandas")):
        there = importlib.util.find_spec(package) is not None
        found = "installed" if there else f"not installed; pip install 'solvent[{extra}]' brings it"
        checks.append((f"{package} (optional)", True, found))
    return checks


def _project(project: Project) -> list[tuple[str, bool, Any]]:
    checks: list[tuple[str, bool, Any]] = [("project", True, str(project.root))]
    checks.append(("project file", True, str(project.file.file or "none; the defaults hold")))
    folder = project.folder if project.folder.exists() else project.root
    writable = os.access(folder, os.W_OK)
    checks.append(("archive", writable, f"{folder} {'can' if writable else 'cannot'} be written"))
    free = shutil.disk_usage(folder).free
    checks.append(("free disk", free > 1_000_000_000, size(free)))
    if not project.begun:
        return [*checks, ("catalog", True, "none yet: nothing ran here")]
    try:
        return [*checks, *_catalog(project)]
    except SolventError as error:  # one of a newer Solvent, damaged, on a full disk: which is what one wants to know
        return [*checks, ("catalog", False, str(error))]


def _catalog(project: Project) -> list[tuple[str, bool, Any]]:
    checks: list[tuple[str, bool, Any]] = []
    project.settle()
    version = project.catalog.read("PRAGMA user_version")[0][0]
    checks.append(("SQLite", True, project.catalog.read("SELECT sqlite_version()")[0][0]))
    journal = project.catalog.read("PRAGMA journal_mode")[0][0]
    checks.append(("catalog", True, f"schema {version}, journal {journal}"))
    crashed = project.catalog.read("SELECT count(*) FROM runs WHERE status = 'crashed'")[0][0]
    checks.append(
        ("crashed runs", True, f"{crashed} (running them again goes on where they stopped)" if crashed else "none")
    )
    return checks
