"""The card of a registered version: its bundle's own, and what hangs on runs and people rather than on content."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from solvent.archive.catalog import models, query
from solvent.delivery.bundles import Bundle
from solvent.delivery.contents.wording import plain_text, table_of, word_card
from solvent.delivery.provenance.route import find_route
from solvent.engine.views.run import Run

if TYPE_CHECKING:
    from solvent.engine.home import Home

__all__ = ["registered_card", "word_registered"]


def registered_card(project: Home, row: models.VersionRow, bundle: Bundle) -> dict[str, Any]:
    """What is known of a version: ``card`` is its bundle's, ``registered`` who and when, ``judgement`` its gates.

    ``notes`` are what people wrote about it, the oldest first, and ``route`` is what led to it. None of this is in the
    bundle, since it is another for every run that makes it.
    """
    aliases = [one.alias for one in models.list_aliases(project.catalog, row.model) if one.version == row.version]
    run = None if row.run is None else query.find_run(project.catalog, row.run)
    made: dict[str, Any] = {"id": row.run, "user": row.user, "at": _moment(row.created)}
    if run is not None:
        record = Run(project, run).record
        made |= {"pipeline": run.pipeline, "seed": run.seed, "commit": record.get("commit")}
        made["dirty"] = bool(record.get("dirty") or record.get("diff"))
    judgement = row.judgement or {}
    return {
        "model": row.model,
        "version": row.version,
        "status": row.status,
        "aliases": aliases,
        "owner": (bundle.card or {}).get("owner") or row.user,
        "bundle": {"artifact": row.bundle, "digest": bundle.digest, "size": bundle.size},
        "registered": made,
        "judgement": {
            "gates": list(judgement.get("gates", ())),
            "figures": dict(judgement.get("figures", {})),
            "silenced": list(judgement.get("silenced", ())),
        },
        "notes": [
            {"at": _moment(one.at), "user": one.user, "text": one.text}
            for one in reversed(models.list_notes(project.catalog, row.model, row.version))
        ],
        "route": asdict(find_route(project, row.bundle)),
        "card": bundle.card,
    }


def word_registered(told: Mapping[str, Any]) -> str:
    """The same as Markdown: the bundle's card, and behind it the rest."""
    heading = f"{told['model']} v{told['version']}"
    card = told["card"]
    first = word_card(card, heading) if card else f"# {plain_text(heading)}\n\nIts bundle was packed without a card.\n"
    lines = [first.rstrip(), "", *_registered(told), "", *_data(told["route"]), ""]
    if told["route"]["seeds"] or told["route"]["code"]:
        lines += ["## Seeds and code", "", *_code(told["route"]), ""]
    return "\n".join([*lines, *_gates(told["judgement"]), *_notes(told["notes"])]).rstrip() + "\n"


def _notes(notes: Sequence[Mapping[str, Any]]) -> list[str]:
    if not notes:
        return []
    rows = [(one["at"], one["user"], one["text"]) for one in notes]
    return ["## Notes", "", *table_of(("when", "who", "note"), rows), ""]


def _registered(told: Mapping[str, Any]) -> list[str]:
    made, bundle = told["registered"], told["bundle"]
    aliases = f", {', '.join(map(plain_text, told['aliases']))}" if told["aliases"] else ""
    lines = [
        "## Who made it, and when", "",
        f"Version {told['version']} of {plain_text(told['model'])} ({told['status']}{aliases}), registered "
        f"{made['at']} by {plain_text(made['user'])} in the run {plain_text(made['id'])}.",
        f"Owner: {plain_text(told['owner'])}. Bundle {bundle['digest']}, {bundle['size']:,} bytes.",
    ]  # fmt: skip
    if made.get("commit"):
        changed = " with changes that were not committed" if made.get("dirty") else ""
        lines.append(f"Commit {plain_text(made['commit'])}{changed}.")
    if made.get("seed") is not None:
        lines.append(f"The run's seed was {made['seed']}.")
    return lines


def _data(route: Mapping[str, Any]) -> list[str]:
    lines = ["## On what it was trained", ""]
    training = route["training"]
    if training is not None:
        step = f", made by {plain_text(training['step'])}" if training["step"] else ""
        lines += [f"{training['rows']:,} rows{step} (#{training['digest'][:12]}).", ""]
    if route["sources"]:
        rows = [
            (one["name"], _source(one["source"]), _count(one["rows"]), f"#{(one['digest'] or '')[:12]}")
            for one in route["sources"]
        ]
        lines += [*table_of(("input", "source", "rows", "digest"), rows), ""]
    else:
        lines += ["Where its data came from is not recorded here.", ""]
    if route["datasets"]:
        lines += [f"Datasets: {', '.join(map(plain_text, route['datasets']))}.", ""]
    for one in route["splits"]:
        said = [(name, _shown(value)) for name, value in one["settings"].items()]
        said += [(f"{name}, found", _shown(value)) for name, value in one["logged"].items()]
        lines += [f"Split by {plain_text(one['how'])} in the step {plain_text(one['step'])}:", ""]
        lines += [*table_of(("what", "value"), said), ""]
    if route["left_out"]:
        rows = [(one["step"], *(_count(one[name]) for name in ("rows_in", "rows_out", "left_out"))) for one in
                route["left_out"]]  # fmt: skip
        lines += ["Rows that were left out on the way:", ""]
        lines += [*table_of(("step", "rows in", "rows out", "left out"), rows), ""]
    return lines[:-1]


def _code(route: Mapping[str, Any]) -> list[str]:
    steps = dict.fromkeys([*route["seeds"], *route["code"]])
    rows = [(one, route["seeds"].get(one, ""), route["code"].get(one, "")[:12]) for one in steps]
    return table_of(("step", "seed", "fingerprint of its code"), rows)


def _gates(judgement: Mapping[str, Any]) -> list[str]:
    if not judgement["gates"]:
        return []
    rows = [
        (
            *(one["name"], "passed" if one["passed"] else "refused"),
            *("" if one["measured"] is None else f"{one['measured']:.4g}", one["asked"], one.get("note", "")),
        )
        for one in judgement["gates"]
    ]
    lines = ["## What the gates said", "", *table_of(("gate", "verdict", "measured", "asked", ""), rows), ""]
    if judgement["silenced"]:
        lines += ["Findings that were silenced:", "", *(f"- {plain_text(one)}" for one in judgement["silenced"]), ""]
    return lines


def _source(body: Mapping[str, Any]) -> str:
    kind = str(body.get("kind", ""))
    rest = "; ".join(f"{name} {_shown(value)}" for name, value in body.items() if name != "kind")
    return f"{kind}: {rest}"[:200] if rest else kind


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    if type(value) is int:
        return f"{value:,}" if abs(value) > 9999 else str(value)
    return f"{value:.6g}" if type(value) is float else str(value)


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
