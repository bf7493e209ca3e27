"""``solvent data profile``: the statistics of any file or of a project's table, as text, JSON or one HTML page."""

from __future__ import annotations

import glob
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from solvent.faces.cli.completing import complete_reference
from solvent.faces.cli.output import safe, show_json, write

if TYPE_CHECKING:
    from solvent.data.profile import Profile

__all__ = ["profile"]

_SHOWN = 100
_REMARKS = 12
_SUFFIXES = (
    ".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".geojson", ".parquet", ".arrow", ".feather", ".ipc", ".xlsx",
    ".xls", ".gz", ".zst", ".db", ".sqlite", ".duckdb",
)  # fmt: skip


@click.command()
@click.argument("subject", metavar="FILE_OR_REF", shell_complete=complete_reference)
@click.option("--html", "page", metavar="OUT", type=click.Path(dir_okay=False), help="Write one HTML page instead.")
@click.option(
    "--columns", multiple=True, metavar="GLOB", help="Only columns of such names, as in 'price*'. Repeatable."
)
@click.option("--limit", "-n", default=_SHOWN, show_default=True, help="How many columns the text shows at most.")
@click.option(
    "--open-options",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="How a file is read: delimiter=';' types.id=text",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def profile(project: str | None, /, subject: str, page: str | None, columns: Sequence[str], **more: Any) -> None:
    """Show what a table's columns hold: of FILE_OR_REF, a file, folder or pattern, or RUN/STEP.OUTPUT or #DIGEST.

    Needs no project, and makes nothing but the page that --html names.
    """
    options = _options(more["options"])
    if _names_files(subject) or options:
        made, found = _profile_files(subject, options, columns)
    else:
        made, found = _profile_kept(project, subject, columns)
    if page is not None:
        _write_page(made, found, subject, page)
    elif more["as_json"]:
        show_json({**found, "profile": made.to_json()})
    else:
        _show(made, max(1, more["limit"]))


def _options(given: Sequence[str]) -> dict[str, Any]:
    """``key=value`` words as the options of a source; a value is JSON where it reads as such, else text."""
    made: dict[str, Any] = {}
    for one in given:
        name, equals, text = one.partition("=")
        if not equals or not name.strip():
            raise click.UsageError(f"--open-options: expected KEY=VALUE, such as delimiter=';', got {one!r}")
        first, dot, second = name.strip().partition(".")
        value = _value(text)
        if dot:
            inner = made.setdefault(first, {})
            if not isinstance(inner, dict):
                raise click.UsageError(f"--open-options: {first} is given twice, as a value and with {name.strip()}")
            inner[second] = text
        else:
            made[first] = value
    return made


def _value(text: str) -> Any:
    if text == "\\t":
        return "\t"
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, float) else value


def _names_files(subject: str) -> bool:
    """Whether the words name files rather than a result: one is there, or they look like nothing else."""
    if subject.startswith("#"):
        return False
    path = os.path.expanduser(subject)
    if "://" in subject or os.path.exists(path) or Path(path).is_absolute() or subject.startswith(("./", "../", "~")):
        return True
    return any(one in subject for one in "*?[") or Path(subject).suffix.lower() in _SUFFIXES


def _profile_files(subject: str, options: Mapping[str, Any], columns: Sequence[str]) -> tuple[Profile, dict[str, Any]]:
    import polars as pl

    from solvent.data.profile import profile
    from solvent.data.sources import open_source
    from solvent.errors import InputError

    # A file whose name has signs of a pattern in it is that file, as a shell hands it over.
    named = glob.escape(subject) if os.path.exists(os.path.expanduser(subject)) and "://" not in subject else subject
    source = open_source({"files": named, **options} if options or named != subject else named, Path.cwd())
    try:
        frame = source.read(pl.LazyFrame)
        names = frame.collect_schema().names()
        made = profile(frame.select(_chosen(names, columns)) if columns else frame)
        return made, {"source": subject, "found": dict(_told(source))}
    except pl.exceptions.PolarsError as error:
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise InputError(f"{subject} cannot be read: {said:.300}") from error
    finally:
        source.close()


def _told(source: Any) -> Mapping[str, Any]:
    """What the source says that it found; what it was asked for, where it does not say."""
    found = getattr(source, "found", None)
    told: Any = found() if callable(found) else found
    told = told.to_json() if hasattr(told, "to_json") else told
    described: Mapping[str, Any] = source.describe()
    return told if isinstance(told, Mapping) else described


def _profile_kept(project: str | None, reference: str, columns: Sequence[str]) -> tuple[Profile, dict[str, Any]]:
    """A table of the project: the profile that its archive keeps, or one made now."""
    from solvent.archive.catalog import query
    from solvent.data.profile import PROFILE, Profile
    from solvent.data.profile import profile as survey
    from solvent.errors import NotFound
    from solvent.faces.cli.looking.kept import find_kept

    try:
        opened = find_kept(project)
        artifact = opened.artifact(reference)
    except NotFound as error:
        raise NotFound(f"{reference!r} is no file or pattern that is there from here, and no table: {error}") from error
    if not artifact.format.startswith("table."):
        raise NotFound(f"{reference} is no table; its format is {artifact.format}")
    found = query.profile(opened.catalog, artifact.digest)
    if found is None or "error" in found or found.get("version") != PROFILE:
        made = survey(opened.archive.get(artifact.digest))
    else:
        made = Profile.from_json(found)
    if columns:
        chosen = set(_chosen([one["name"] for one in made.columns], columns))
        made = Profile(made.rows, tuple(one for one in made.columns if one["name"] in chosen), made.version)
    return made, {"source": reference, "found": {"digest": artifact.digest, "bytes": artifact.size, **artifact.facts}}


def _chosen(names: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """The names that are, or fit, one of the patterns, in their order."""
    from solvent.errors import NotFound, did_you_mean

    for one in patterns:
        if one not in names and not any(fnmatchcase(name, one) for name in names):
            alike = next((name for name in names if fnmatchcase(name.lower(), one.lower())), None)
            hint = f" Case counts: there is {alike!r}." if alike else did_you_mean(one, names)
            raise NotFound(f"--columns: no column is called {one!r} or fits it.{hint}")
    return [name for name in names if any(name == one or fnmatchcase(name, one) for one in patterns)]


def _write_page(made: Profile, found: Mapping[str, Any], subject: str, page: str) -> None:
    from solvent.data.pictures import render_html
    from solvent.errors import UsageError

    shown = os.path.basename(subject.rstrip("/")) or subject
    text = render_html(made, title=shown, found={"from": subject, **found["found"]})
    try:
        Path(page).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--html: {page}: {error.strerror}") from error
    write(f"{safe(page)}: {len(made.columns):,} columns, {made.rows:,} rows")


def _show(made: Profile, limit: int) -> None:
    """The table as text, no wider than the terminal, and what is worth a look."""
    from solvent.data.pictures import find_remarks
    from solvent.data.profile import Profile, render_text

    first = Profile(made.rows, made.columns[:limit], made.version)
    text = safe(render_text(first))
    wide = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in text.split("\n"):
        write(line if wide is None or len(line) <= wide else line[: wide - 1] + "…")
    if len(made.columns) > limit:
        write(
            f"\n{limit:,} of {len(made.columns):,} columns are shown; choose with --columns GLOB, or --limit for more."
        )
    remarks = find_remarks(made)
    if remarks:
        write("\nWorth a look:")
    for one in remarks[:_REMARKS]:
        name = "" if one.place is None else f"{made.columns[one.place]['name']}: "
        write("  " + safe(name + one.text).replace("\n", "\\x0a").replace("\t", "\\x09"))
    if len(remarks) > _REMARKS:
        write(f"  and {len(remarks) - _REMARKS:,} more; --html shows them all")
