"""``solvent data profile``: the statistics of any file or of a project's table, as text, JSON or one HTML page."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from solvent.faces.cli.completing import complete_reference
from solvent.faces.cli.data.pages import write_page
from solvent.faces.cli.data.subjects import choose, kept_table, names_files, open_files, read_options, reading
from solvent.faces.cli.output import safe, show_json, write

if TYPE_CHECKING:
    import polars as pl

    from solvent.data.pictures import Remark
    from solvent.data.profile import Profile

__all__ = ["profile"]

_SHOWN = 100
_REMARKS = 15
_ALIKE = 3


@click.command()
@click.argument("subjects", metavar="FILE_OR_REF...", nargs=-1, required=True, shell_complete=complete_reference)
@click.option("--html", "page", metavar="OUT", type=click.Path(dir_okay=False), help="Write one HTML page.")
@click.option(
    "--columns", multiple=True, metavar="GLOB", help="Only columns of such names, as in 'price*'. Repeatable."
)
@click.option(
    "--limit", "-n", type=click.IntRange(1), default=_SHOWN, show_default=True,
    help="How many columns the text shows at most.",
)  # fmt: skip
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
    options = read_options(more["options"])
    if len(subjects) > 1 or options or names_files(subjects[0]):
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


def _profile_files(
    subjects: Sequence[str], options: Mapping[str, Any], columns: Sequence[str]
) -> tuple[Profile, dict[str, Any]]:
    from solvent.data.canonical import columns_named
    from solvent.data.profile import profile

    shown = subjects[0] if len(subjects) == 1 else f"{subjects[0]} and {len(subjects) - 1:,} more"
    source = open_files(subjects, options)

    def look() -> tuple[Profile, dict[str, Any]]:
        frame, found = _look(source)
        names = frame.collect_schema().names()
        made = profile(frame.select(columns_named(choose(names, columns))) if columns else frame)
        return made, {"source": shown, "found": found}

    try:
        return reading(look, shown)
    finally:
        source.close()


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

    opened, artifact = kept_table(project, reference)
    found = query.profile(opened.catalog, artifact.digest)
    if found is None or "error" in found or found.get("version") != PROFILE:
        made = survey(opened.archive.get(artifact.digest))
    else:
        made = Profile.from_json(found)
    if columns:
        chosen = set(choose([one["name"] for one in made.columns], columns))
        made = Profile(made.rows, tuple(one for one in made.columns if one["name"] in chosen), made.version)
    return made, {"source": reference, "found": {"digest": artifact.digest, "bytes": artifact.size, **artifact.facts}}


def _write_page(made: Profile, found: Mapping[str, Any], page: str) -> None:
    from solvent.data.pictures import render_html

    subject = str(found["source"])
    shown = os.path.basename(subject.rstrip("/")) or subject
    told = {name: one for name, one in found["found"].items() if name not in ("rows", "columns")}
    columns = found["found"].get("columns")
    if isinstance(columns, list):  # the page has a table of them; here, what the files leave open
        told["columns that could be something else"] = [one for one in columns if one.get("could_be")]
    text = render_html(made, title=shown, found={"from": subject, **told})
    write_page(page, text)


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
        kinds[kind] = kinds.get(kind, 0) + int(one.get("files", 1))
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
