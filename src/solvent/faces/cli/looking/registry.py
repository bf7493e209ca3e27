"""``solvent models`` and ``serve``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from solvent.errors import SolventError
from solvent.faces.cli.completing import complete_model
from solvent.faces.cli.looking.kept import find_kept
from solvent.faces.cli.looking.shipping import card, container, export, sign
from solvent.faces.cli.output import ago, safe, show_json, show_table, write

if TYPE_CHECKING:
    from solvent.archive.catalog.models import NoteRow

__all__ = ["models"]

_SHOWN, _LONG = 10, 500
_MOST = 1_000_000
"""How many characters of the standard input are read: more is no note, and is said to be too long."""
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def models() -> None:
    """Look at models, and move their aliases."""


@models.command("list")
@_JSON
@click.pass_obj
def list_(project: str | None, as_json: bool) -> None:
    """List models with their versions and aliases."""
    from solvent.archive.catalog import models as catalog_models
    from solvent.engine.project import find_project

    opened = find_project(project)
    rows: list[dict[str, Any]] = []
    for name in catalog_models.list_models(opened.catalog) if opened.begun else ():
        catalog = opened.catalog
        aliases: dict[int, list[str]] = {}
        for one in catalog_models.list_aliases(catalog, name):
            aliases.setdefault(one.version, []).append(one.alias)
        for version in catalog_models.list_versions(catalog, name):
            rows.append({**asdict(version), "aliases": aliases.get(version.version, [])})
    if as_json:
        show_json(rows)
        return
    if not rows:
        write("There are no models here yet: a pipeline that ends with deploy makes one.")
        return
    show_table(
        ("model", "version", "aliases", "status", "run", "when", "bundle"),
        [
            (
                *(row["model"], f"v{row['version']}", ", ".join(row["aliases"]), row["status"], row["run"] or ""),
                *(ago(row["created"]), f"#{row['bundle'][:12]}"),
            )
            for row in rows
        ],
    )


@models.command()
@click.argument("reference", shell_complete=complete_model)
@_JSON
@click.pass_obj
def show(project: str | None, reference: str, as_json: bool) -> None:
    """Show one version: NAME, NAME@ALIAS or NAME@v3, with what its gates said."""
    from solvent.archive.catalog import models as catalog_models
    from solvent.delivery.bundles import Bundle
    from solvent.delivery.registry import find_model

    opened = find_kept(project)
    row = find_model(opened, reference)
    history = [asdict(one) for one in catalog_models.alias_history(opened.catalog, row.model)]
    judged = catalog_models.list_judgements(opened.catalog, row.model, row.version)
    notes = catalog_models.list_notes(opened.catalog, row.model, row.version)
    if as_json:
        told = {"judgements": [asdict(one) for one in judged], "notes": [asdict(one) for one in notes]}
        show_json({**asdict(row), **told, "history": history})
        return
    write(safe(f"{row.model} v{row.version}   {row.status}   {ago(row.created)}   by {row.user}   run {row.run}"))
    write(f"bundle #{row.bundle[:12]} in the archive")
    with suppress(SolventError):  # what is known of a version is shown also where its bundle is damaged, or gone
        bundle = opened.archive.get(row.bundle, Bundle)
        write(f"  its manifest, which is what is exported and signed: {bundle.digest}")
    judgement = row.judgement or {}
    for gate in judgement.get("gates", ()):
        measured = "" if gate["measured"] is None else f" {gate['measured']:.4g}"
        note = f": {gate['note']}" if gate["note"] else ""
        write(safe(f"  {'✓' if gate['passed'] else '✗'} {gate['name']}{measured}   ({gate['asked']}){note}"))
    figures = "   ".join(f"{name} {value:.6g}" for name, value in judgement.get("figures", {}).items())
    if figures:
        write(safe(f"  {figures}"))
    for one in judged[:10]:
        no = ", ".join(gate["name"] for gate in one.judgement.get("gates", ()) if not gate["passed"])
        write(safe(f"  judged {ago(one.at)} in {one.run}: {one.status}{f' by {no}' if no else ''}"))
    for move in history[-10:]:
        before = f"v{move['before']} → " if move["before"] else ""
        reason = f": {move['reason']}" if move["reason"] else ""
        moved = f"{move['kind']} {move['alias']} {before}v{move['version']}"
        write(safe(f"  {moved}, {ago(move['at'])}, by {move['user']}{reason}"))
    _show_notes(notes)


def _show_notes(notes: Sequence[NoteRow]) -> None:
    """The latest notes, the oldest of them first, each cut where it is long; --json and the card show all of it."""
    if len(notes) > _SHOWN:
        write(f"  {len(notes) - _SHOWN} earlier notes: solvent models show --json, or the card")
    for one in reversed(notes[:_SHOWN]):
        text = one.text if len(one.text) <= _LONG else f"{one.text[:_LONG]}… ({len(one.text):,} characters)"
        write(safe(f"  note {ago(one.at)}, by {one.user}: ") + safe(text).replace("\n", "\n    "))


@models.command()
@click.argument("reference", shell_complete=complete_model)
@click.argument("text")
@click.pass_obj
def note(project: str | None, reference: str, text: str) -> None:
    """Add a note to a version, which stays with it for good; TEXT is - to read it from the standard input."""
    from solvent.delivery.registry import note_version

    said = sys.stdin.read(_MOST) if text == "-" else text
    row = note_version(find_kept(project), reference, said)
    write(safe(f"{row.model} v{row.version} has the note"))


@models.command()
@click.argument("reference", shell_complete=complete_model)
@click.option("--alias", default="champion", show_default=True)
@click.option("--reason", help="Why; it is kept with the move.")
@click.pass_obj
def promote(project: str | None, reference: str, alias: str, reason: str | None) -> None:
    """Point an alias at a version, because you say so."""
    from solvent.delivery.registry import find_model, promote_version

    opened = find_kept(project)
    row = find_model(opened, reference)
    before = promote_version(opened, reference, alias, reason)
    write(
        safe(f"{row.model}@{alias}: v{before} → v{row.version}" if before else f"{row.model}@{alias}: v{row.version}")
    )


@models.command()
@click.argument("model", shell_complete=complete_model)
@click.option("--alias", default="champion", show_default=True)
@click.option("--reason", help="Why; it is kept with the move.")
@click.pass_obj
def rollback(project: str | None, model: str, alias: str, reason: str | None) -> None:
    """Point an alias back at the version before; the one that it leaves is withdrawn."""
    from solvent.delivery.registry import roll_back_alias

    left, now = roll_back_alias(find_kept(project), model, alias, reason)
    write(safe(f"{model}@{alias}: v{left} → v{now}"))


for _one in (card, export, sign, container):
    models.add_command(_one)
