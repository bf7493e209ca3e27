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
    import polars as pl

    from solvent.data.pictures import Remark
    from solvent.data.profile import Profile

__all__ = ["profile"]

_SHOWN = 100
_REMARKS = 15
_ALIKE = 3
_SUFFIXES = (
    ".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".geojson", ".parquet", ".arrow", ".feather", ".ipc", ".xlsx",
    ".xls", ".gz", ".zst", ".db", ".sqlite", ".duckdb",
)  # fmt: skip


@click.command()
@click.argument("subjects", metavar="FILE_OR_REF...", nargs=-1, required=True, shell_complete=complete_reference)
@click.option("--html", "page", metavar="OUT", type=click.Path(dir_okay=False), help="Write one HTML page.")
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
def profile(
    project: str | None, /, subjects: Sequence[str], page: str | None, columns: Sequence[str], **more: Any
) -> None:
    """Show what a table's columns hold: of FILE_OR_REF, a file, folder or pattern (or several
    files of one table), or RUN/STEP.OUTPUT or #DIGEST.

    Needs no project, and makes nothing but the page that --html names.
    """
    options = _options(more["options"])
    if len(subjects) > 1 or options or _names_files(subjects[0]):
        made, found = _profile_files(subjects, options, columns)
    else:
        made, found = _profile_kept(project, subjects[0], columns)
    if page is not None:
        _write_page(made, found, page)
    if more["as_json"]:
        show_json({**found, "profile": made.to_json()})
    elif page is not None:
        write(f"{safe(page)}: {len(made.columns):,} columns, {made.rows:,} rows")
    else:
        _show(made, found["found"], max(1, more["limit"]))


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


def _profile_files(
    subjects: Sequence[str], options: Mapping[str, Any], columns: Sequence[str]
) -> tuple[Profile, dict[str, Any]]:
    import polars as pl

    from solvent.data.profile import profile
    from solvent.data.sources import open_source
    from solvent.errors import InputError

    shown = subjects[0] if len(subjects) == 1 else f"{subjects[0]} and {len(subjects) - 1:,} more"
    named = [_literal(one) for one in subjects]
    # A source that is no file is named by one word, which the sources know how to take.
    plain = len(named) == 1 and not options and "://" in named[0]
    source = open_source(named[0] if plain else {"files": named, **options}, Path.cwd())
    try:
        frame, found = _look(source)
        names = frame.collect_schema().names()
        made = profile(frame.select(_chosen(names, columns)) if columns else frame)
        return made, {"source": shown, "found": found}
    except pl.exceptions.PolarsError as error:
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise InputError(f"{shown} cannot be read: {said:.300}") from error
    finally:
        source.close()


def _literal(subject: str) -> str:
    """A file whose name has signs of a pattern in it is that file, as a shell hands it over."""
    return glob.escape(subject) if "://" not in subject and os.path.isfile(subject) else subject


def _look(source: Any) -> tuple[pl.LazyFrame, dict[str, Any]]:
    """The rows, and what was found in the files; of a source that does not tell, what it was asked for."""
    import polars as pl

    if not hasattr(source, "survey"):
        return source.read(pl.LazyFrame), source.describe()
    survey = source.survey()
    return source.frame(survey), source.found(survey)


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
        if reference.startswith("#"):
            raise
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


def _write_page(made: Profile, found: Mapping[str, Any], page: str) -> None:
    from solvent.data.pictures import render_html
    from solvent.errors import UsageError

    subject = str(found["source"])
    shown = os.path.basename(subject.rstrip("/")) or subject
    told = {name: one for name, one in found["found"].items() if name not in ("rows", "columns")}
    columns = found["found"].get("columns")
    if isinstance(columns, list):  # the page has a table of them; here, what the files leave open
        told["columns that could be something else"] = [one for one in columns if one.get("could_be")]
    text = render_html(made, title=shown, found={"from": subject, **told})
    try:
        Path(page).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--html: {page}: {error.strerror}") from error


def _show(made: Profile, found: Mapping[str, Any], limit: int) -> None:
    """The table as text, no wider than the terminal, what the files were found to be, and what is worth a look."""
    from solvent.data.pictures import find_remarks
    from solvent.data.profile import Profile

    shown = Profile(made.rows, made.columns[:limit], made.version)
    for line in _fit(shown).split("\n"):
        write(line)
    if len(made.columns) > limit:
        write(
            f"\n{limit:,} of {len(made.columns):,} columns are shown; choose with --columns GLOB, or --limit for more."
        )
    _list("In the files:", _found_lines(found))
    _list("Worth a look:", _remark_lines(made, find_remarks(made)))


def _fit(made: Profile) -> str:
    """The table as text; in a narrow terminal with shorter names and values, so that its pictures stay in sight."""
    from solvent.data.profile import Profile, render_text

    text = safe(render_text(made))
    if not sys.stdout.isatty():
        return text
    wide = shutil.get_terminal_size().columns
    for most in (18, 14, 11, 8, 6):
        if max(map(len, text.split("\n"))) <= wide:
            return text
        shorter = [{name: _cut(value, most) for name, value in one.items()} for one in made.columns]
        text = safe(render_text(Profile(made.rows, tuple(shorter), made.version)))
    return "\n".join(line if len(line) <= wide else line[: wide - 1] + "…" for line in text.split("\n"))


def _cut(value: Any, most: int) -> Any:
    """Texts of a record cut to so many signs, within lists too; numbers to as many digits as leave them readable."""
    if isinstance(value, str):
        return value if len(value) <= most else value[: most - 1] + "…"
    if isinstance(value, list):
        return [_cut(one, most) for one in value]
    return float(f"{value:.4g}") if isinstance(value, float) and most <= 11 else value


def _list(head: str, lines: Sequence[str]) -> None:
    if lines:
        write(f"\n{head}")
    for line in lines[:_REMARKS]:
        write("  " + safe(line).replace("\n", "\\x0a").replace("\t", "\\x09"))
    if len(lines) > _REMARKS:
        write(f"  and {len(lines) - _REMARKS:,} more; --html shows them all")


def _found_lines(found: Mapping[str, Any]) -> list[str]:
    """What the files are, and where a line or a file stands out."""
    files = [one for one in found.get("files") or () if isinstance(one, Mapping)]
    kinds: dict[str, int] = {}
    for one in files:
        words = [str(one[name]) for name in ("format", "compression", "encoding", "delimiter") if one.get(name)]
        kind = " ".join(repr(word) if not word.isprintable() or len(word) == 1 else word for word in words)
        kinds[kind] = kinds.get(kind, 0) + 1
    lines = [f"{count:,} file{'s' * (count > 1)}: {kind}" for kind, count in kinds.items()]
    for one in [*(found.get("changes") or ()), *(found.get("findings") or ())]:
        if not isinstance(one, Mapping):
            continue
        where = [str(one["file"])] if one.get("file") else []
        where += [f"line {one['line']:,}"] if one.get("line") else []
        where += [f"column {one['column']!r}"] if one.get("column") else []
        change = [f"{name} {one[name]}" for name in ("was", "now") if one.get(name)]
        said = one.get("text") or ", ".join([str(one.get("kind", "differs")), *change])
        lines.append(f"{', '.join(where)}: {said}")
    return lines


def _remark_lines(made: Profile, remarks: Sequence[Remark]) -> list[str]:
    """A line for each remark; what is said of more than three columns stands in one line."""
    from solvent.data.pictures import SORTS

    places: dict[str, dict[int | None, None]] = {}
    for one in remarks:
        places.setdefault(one.sort, {})[one.place] = None
    lines = []
    for sort, where in places.items():
        columns = [_called(made, place) for place in where if place is not None]
        several = len(columns) > _ALIKE
        if several:
            lines.append(f"{SORTS[sort]}: {', '.join(columns[:_ALIKE])} and {len(columns) - _ALIKE:,} more")
        for one in remarks:
            if one.sort == sort and not (several and one.place is not None):
                lines.append(one.text if one.place is None else f"{_called(made, one.place)}: {one.text}")
    return lines


def _called(made: Profile, place: int) -> str:
    """A column's name; in quotes where its ends could not be seen."""
    name = str(made.columns[place]["name"])
    return name if name and name == name.strip() else repr(name)
