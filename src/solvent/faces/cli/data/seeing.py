"""``solvent data list`` and ``show``: the tables of the archive."""

from __future__ import annotations

import json
from typing import Any

import click

from solvent.faces.cli.completing import complete_reference
from solvent.faces.cli.looking.kept import find_kept
from solvent.faces.cli.output import ago, number, safe, show_json, show_table, size, write

__all__ = ["list_", "show"]

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command("list")
@click.option("--limit", "-n", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@_JSON
@click.pass_obj
def list_(project: str | None, limit: int, as_json: bool) -> None:
    """List the tables that steps and sources made, the newest first."""
    from solvent.data.family import REFERENCE, TABLE
    from solvent.engine.project import find_project

    opened = find_project(project)
    rows = (
        []
        if not opened.begun
        else opened.catalog.read(
            "SELECT r.name || '/' || s.path, o.name, a.digest, a.size, a.facts, max(a.created) FROM artifacts a "
            "JOIN outputs o ON o.digest = a.digest JOIN step_runs s ON s.id = o.step_run JOIN runs r ON r.id = s.run "
            "WHERE a.format IN (?, ?) AND s.status = 'ran' GROUP BY a.digest ORDER BY 6 DESC "
            "LIMIT ?",
            (TABLE, REFERENCE, limit),
        )
    )
    tables = _with_datasets(opened, [_facts(row) for row in rows], limit)
    if as_json:
        show_json(tables)
        return
    if not tables:
        write("There are no tables here yet.")
        return
    show_table(
        ("made by", "published as", "rows", "columns", "size", "when", "digest"),
        [
            (
                one["made_by"],
                ", ".join(one["datasets"][:3]) + (" …" if len(one["datasets"]) > 3 else ""),
                number(one["rows"]),
                one["columns"],
                size(one["bytes"]),
                ago(one["created"]),
                f"#{one['digest'][:12]}",
            )
            for one in tables
        ],
    )


def _facts(row: tuple[Any, ...]) -> dict[str, Any]:
    facts = json.loads(row[4])
    name = row[0] if row[1] == "value" else f"{row[0]}.{row[1]}"
    return {
        "made_by": name,
        "digest": row[2],
        "rows": facts.get("rows"),
        "columns": facts.get("columns"),
        "bytes": row[3],
        "created": row[5],
    }


def _with_datasets(opened: Any, tables: list[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    """The tables with the versions of datasets that they are, and those that were published from outside of runs."""
    from solvent.archive.catalog import query
    from solvent.archive.catalog.datasets import list_datasets, list_versions

    labels: dict[str, list[str]] = {}
    found = {one["digest"]: one for one in tables}
    for about in list_datasets(opened.catalog) if opened.begun else ():
        for version in list_versions(opened.catalog, about.name):
            labels.setdefault(version.artifact, []).append(version.label)
            row = query.artifact_row(opened.catalog, version.artifact)
            if version.run is None and version.artifact not in found and row is not None:
                found[version.artifact] = {
                    "made_by": "", "digest": row[0], "rows": row[5].get("rows"), "columns": row[5].get("columns"),
                    "bytes": row[4], "created": version.created,
                }  # fmt: skip
    chosen = sorted(found.values(), key=lambda one: one["created"], reverse=True)[:limit]
    return [{**one, "datasets": labels.get(one["digest"], [])} for one in chosen]


@click.command()
@click.argument("reference", shell_complete=complete_reference)
@_JSON
@click.pass_obj
def show(project: str | None, reference: str, as_json: bool) -> None:
    """Show a table's profile: REFERENCE is RUN/STEP.OUTPUT, STEP, NAME@v3 or #DIGEST."""
    from solvent.archive.catalog import query
    from solvent.data import is_table_format
    from solvent.errors import NotFound

    opened = find_kept(project)
    artifact = opened.artifact(reference)
    if not is_table_format(artifact.format):
        raise NotFound(f"{reference} is no table; its format is {artifact.format}")
    found = query.profile(opened.catalog, artifact.digest)
    if found is None or "error" in found:
        from solvent.data.packs.reading import lazy_kind
        from solvent.data.profile import profile

        found = profile(opened.archive.get(artifact.digest, lazy_kind())).to_json()
    if as_json:
        show_json({"digest": artifact.digest, "bytes": artifact.size, **artifact.facts, "profile": found})
        return
    from solvent.data.profile import Profile, render_text

    write(f"#{artifact.digest[:12]}   {size(artifact.size)}")
    write(safe(render_text(Profile.from_json(found))))
