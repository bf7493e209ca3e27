"""``solvent data diff``: what is different in one table, seen from another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from solvent.faces.cli.completing import complete_reference
from solvent.faces.cli.data.pages import write_comparison
from solvent.faces.cli.data.subjects import kept_table, names_files, reading, told_subject
from solvent.faces.cli.output import safe, show_json, write

if TYPE_CHECKING:
    from solvent.data.diff import Diff
    from solvent.data.profile import Profile

__all__ = ["diff"]


@click.command()
@click.argument("before", metavar="BEFORE", shell_complete=complete_reference)
@click.argument("after", metavar="AFTER", shell_complete=complete_reference)
@click.option("--key", help="Columns that identify a row, with commas: rows are matched by them.")
@click.option("--tolerance", type=float, default=0.0, help="How far apart floats of one key may be.")
@click.option(
    "--examples", type=int, default=10, show_default=True, help="How many rows, and cells of a column, to show."
)
@click.option(
    "--figures/--no-figures", default=True, help="Set figures of columns side by side; files are read once more for it."
)
@click.option("--html", "page", metavar="OUT", type=click.Path(dir_okay=False), help="Write one HTML page.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def diff(ctx: click.Context, /, before: str, after: str, key: str | None, **more: Any) -> None:
    """Show what is different in AFTER: columns, rows, cells and figures.

    Each is a file, folder or pattern, or RUN/STEP.OUTPUT, data:NAME@VERSION or #DIGEST. Of tables of the project only
    the blocks that they do not share are read. Exit 0: the same; 1: different.
    """
    from solvent.data.diff import compare_figures, render_text
    from solvent.data.diff import diff as compare
    from solvent.data.pictures.specs import tell_apart

    one, two = _side(ctx.obj, before), _side(ctx.obj, after)
    keys = [name.strip() for name in (key or "").split(",") if name.strip()]
    how = {"key": keys, "tolerance": more["tolerance"], "sample": more["examples"]}
    found = reading(lambda: compare(one, two, **how), before, after)
    if (more["figures"] and not found.same) or more["page"]:
        profiles = [_profile(ctx.obj, word) for word in (before, after)]
        found = replace(found, figures=compare_figures(*profiles))
        if more["page"]:
            _write(more["page"], tell_apart([before, after]), profiles, found)
    if more["as_json"]:
        show_json({"before": before, "after": after, "difference": found.to_json()})
    elif more["page"]:
        write(f"{safe(more['page'])}: {'the same' if found.same else 'different'}")
    else:
        write(safe(render_text(found, more["examples"])))
    if not found.same:
        ctx.exit(1)


def _write(page: str, names: list[str], profiles: list[Profile], found: Diff) -> None:
    """The page: columns whose figures differ, the most changed first, then those whose cells do."""
    from solvent.data.diff import render_text

    changed = {str(one["column"]): f"shift {one['shift']:.2g}" for one in found.figures}
    for name, count in found.changed.items():
        changed[name] = ", ".join(filter(None, (changed.get(name), f"{count:,} cells changed" if count else "")))
    write_comparison(page, dict(zip(names, profiles, strict=True)), render_text(found), list(changed), changed)


def _side(project: str | None, word: str) -> Any:
    from solvent.data.diff import Side
    from solvent.data.family import TABLE
    from solvent.data.packs.manifest import Manifest

    if names_files(word):
        return told_subject(project, word, {})
    opened, artifact = kept_table(project, word)
    if artifact.format != TABLE:
        return told_subject(project, word, {})
    return Side(Manifest.from_json(opened.archive.document(artifact.digest)["body"]), opened.archive)


def _profile(project: str | None, word: str) -> Profile:
    from solvent.archive.catalog import query
    from solvent.data.profile import PROFILE, Profile, profile

    if not names_files(word):
        opened, artifact = kept_table(project, word)
        found = query.profile(opened.catalog, artifact.digest, PROFILE)
        if found is not None and "error" not in found:
            return Profile.from_json(found)
    return reading(lambda: profile(told_subject(project, word, {})), word)
