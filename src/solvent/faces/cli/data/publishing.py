"""``solvent data publish``, ``tag``, ``deprecate``, ``consumers`` and ``versions``: tables that others rely on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from solvent.faces.cli.completing import complete_dataset, complete_reference
from solvent.faces.cli.looking.kept import find_kept
from solvent.faces.cli.output import ago, number, safe, show_json, show_table, write

if TYPE_CHECKING:
    from solvent.archive.catalog.readers import Consumer

__all__ = ["consumers", "deprecate", "publish", "tag", "versions"]

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.argument("reference", shell_complete=complete_reference)
@click.argument("name", shell_complete=complete_dataset)
@click.option("--description", help="What the rows are; said of the dataset, not of the version.")
@click.option("--owner", help="Who answers for it.")
@click.option("--tag", help="Point this tag at the version.")
@click.option("--key", "keys", multiple=True, metavar="COLUMN", help="A column that tells rows apart. Repeatable.")
@click.option("--contract", metavar="FILE", help="What every version has to keep; see 'solvent data check'.")
@click.option("--message", "-m", help="What is new; kept with the version.")
@_JSON
@click.pass_obj
def publish(project: str | None, /, reference: str, name: str, keys: Sequence[str], as_json: bool, **said: Any) -> None:
    """Make the table REFERENCE (RUN/STEP.OUTPUT, #DIGEST) the next version of the dataset NAME.

    The table of the latest version makes no new one.
    """
    from solvent.engine.datasets.publishing import Publication
    from solvent.engine.datasets.publishing import publish as carry_out
    from solvent.errors import UsageError

    if Path(reference).is_file():
        raise UsageError(
            f"{reference} is a file, and what is published is a result: run/step.output, or a digest. Read it in a "
            f'pipeline, or publish a frame of it from Python: solvent.open(".").publish(frame, {name!r})'
        )
    made = carry_out(find_kept(project), reference, name, Publication(**said, keys=tuple(keys) or None))
    if as_json:
        show_json({**asdict(made), "label": made.label})
        return
    what = f"{number(made.rows)} rows" if made.new else "the latest version is this very table"
    write(safe(f"{made.label}   {what}   #{made.digest[:12]}"))
    for note in made.notes:
        write(safe(f"  {note}"))


@click.command()
@click.argument("reference", metavar="NAME@v3", shell_complete=complete_dataset)
@click.argument("word", metavar="TAG")
@click.option("--delete", is_flag=True, help="Take the tag away from the dataset NAME.")
@_JSON
@click.pass_obj
def tag(project: str | None, reference: str, word: str, delete: bool, as_json: bool) -> None:
    """Point a tag at a version, as in: solvent data tag flights@v3 prod."""
    from solvent.engine.datasets.deprecating import tag as point
    from solvent.engine.datasets.deprecating import untag
    from solvent.engine.datasets.resolving import find_dataset_version

    opened = find_kept(project)
    row = find_dataset_version(opened, reference)
    before = untag(opened, row.dataset, word) if delete else point(opened, reference, word)
    if as_json:
        now = None if delete else row.version
        show_json({"dataset": row.dataset, "tag": word, "version": now, "before": before})
        return
    was = f"v{before} → " if before is not None and before != row.version and not delete else ""
    write(safe(f"{row.dataset}@{word}: " + (f"taken away from v{before}" if delete else f"{was}v{row.version}")))


@click.command()
@click.argument("reference", metavar="NAME[@v3]", shell_complete=complete_dataset)
@click.option("--reason", help="Why; readers are told.")
@click.option("--use", "instead", metavar="NAME@v3", help="What to read in its place.")
@click.option("--after", metavar="DATE", help="After this day (2030-01-31, UTC) reading it is an error.")
@click.option("--undo", is_flag=True, help="Take it back.")
@_JSON
@click.pass_obj
def deprecate(
    project: str | None, /, reference: str, reason: str | None, instead: str | None, after: str | None, **more: Any
) -> None:
    """Tell the readers of a dataset, or of one version, to go elsewhere, and list those who are known."""
    from solvent.engine.datasets.deprecating import deprecate as carry_out

    if (reason is None) != more["undo"]:
        raise click.UsageError("say --reason WHY, or --undo to take it back")
    known = carry_out(find_kept(project), reference, reason, instead=instead, after=after)
    if more["as_json"]:
        show_json({"reference": reference, "deprecated": not more["undo"], "consumers": [asdict(one) for one in known]})
    elif more["undo"]:
        write(safe(f"{reference} is not deprecated any more"))
    else:
        until = f" and an error after {after}" if after else ""
        write(safe(f"{reference} is deprecated: its readers get a warning from now on{until}."))
        _show_consumers(known, "Nobody has read it yet.")


@click.command()
@click.argument("reference", metavar="NAME[@v3]", shell_complete=complete_dataset)
@click.option("--limit", "-n", type=click.IntRange(1), default=100, show_default=True, help="How many at most.")
@click.option("--each", is_flag=True, help="Every run and day, instead of one line for each pipeline and user.")
@_JSON
@click.pass_obj
def consumers(project: str | None, reference: str, limit: int, each: bool, as_json: bool) -> None:
    """List who reads a dataset, or one version of it, the latest first."""
    from solvent.archive.catalog.readers import list_consumers
    from solvent.engine.datasets.resolving import find_dataset_version

    opened = find_kept(project)
    row = find_dataset_version(opened, reference)
    version = row.version if "@" in reference else None
    known = list_consumers(opened.catalog, row.dataset, version, limit=max(1, limit), each=each)
    if as_json:
        show_json([asdict(one) for one in known])
        return
    _show_consumers(known, f"Nobody has read {reference} yet.")


@click.command()
@click.argument("name", shell_complete=complete_dataset)
@_JSON
@click.pass_obj
def versions(project: str | None, name: str, as_json: bool) -> None:
    """List the versions of a dataset, the newest first."""
    from solvent.archive.catalog import datasets
    from solvent.engine.datasets.resolving import read_reference

    opened = find_kept(project)
    catalog, asked = opened.catalog, read_reference(name).name
    about = datasets.find_dataset(catalog, asked)
    tags: dict[int, list[str]] = {}
    for word, place in datasets.list_tags(catalog, asked).items():
        tags.setdefault(place, []).append(word)
    against = {one.version: one for one in datasets.list_deprecations(catalog, asked)}
    rows = [
        {
            **asdict(one),
            "columns": len(datasets.schema_of(catalog, one)),
            "tags": tags.get(one.version, []),
            "deprecated": _reason(against.get(one.version) or against.get(None)),
        }
        for one in datasets.list_versions(catalog, asked)
    ]
    if as_json:
        show_json({**asdict(about), "deprecated": _reason(against.get(None)), "versions": rows})
        return
    _show_about(about)
    show_table(
        ("version", "tags", "rows", "columns", "made by", "who", "when", "message", "digest"),
        [
            (
                *(f"v{one['version']}", ", ".join(one["tags"]), number(one["rows"]), number(one["columns"])),
                *(f"{one['run']}/{one['step']}" if one["run"] else "", one["user"], ago(one["created"])),
                *(f"deprecated: {one['deprecated']}" if one["deprecated"] else one["message"] or "",),
                f"#{one['artifact'][:12]}",
            )
            for one in rows
        ],
    )


def _reason(found: Any) -> str | None:
    return None if found is None else str(found.reason)


def _show_about(about: Any) -> None:
    words = [about.name, *([f"owner {about.owner}"] if about.owner else [])]
    words += [f"key {', '.join(about.keys)}"] if about.keys else []
    words += ["with a contract"] if about.contract else []
    write(safe("   ".join(words)))
    if about.description:
        write(safe(about.description))


def _show_consumers(known: Sequence[Consumer], nobody: str) -> None:
    if not known:
        write(safe(nobody))
        return
    show_table(
        ("version", "asked for", "by", "in", "user", "times", "last"),
        [
            (
                *(f"v{one.version}", one.asked, f"{one.run}/{one.step}" if one.run else "a program"),
                *(f"{one.host}:{one.project}", one.user, number(one.times), ago(one.last)),
            )
            for one in known
        ],
    )
