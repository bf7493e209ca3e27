"""Why a step ran, or why it did not: what changed in its key since the nearest earlier step run."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.archive.catalog import query
from solvent.displays import Displayed
from solvent.engine.record.outside import digest_now, is_allowance, named
from solvent.engine.references import find_step

if TYPE_CHECKING:
    from solvent.archive.catalog.query import StepRow
    from solvent.engine.home import Home
    from solvent.engine.views.run import StepRun

__all__ = ["Change", "Why", "explain_step"]

_NEW = "the source has a new version, so it was read again"


@dataclass(frozen=True, slots=True)
class Change:
    """One part of the key that is not what it was. ``kind``: code, value, package, setting, input, file, reuse."""

    kind: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Why(Displayed):
    """The answer: ``verdict`` is what happened, ``changes`` what made it so, ``before`` the run compared with."""

    step: str
    run: str
    status: str
    verdict: str
    before: str | None
    changes: tuple[Change, ...]


def explain_step(project: Home, reference: str) -> Why:
    """Say hit or miss for a step run, and on a miss which part of its key changed."""
    run, step, _ = find_step(project, reference)
    if step.status == "reused":
        return Why(step.name, run.id, "reused", _reused(project, step), None, ())
    row = query.step_by_id(project.catalog, step.id)
    if row.status in ("blocked", "skipped", "waiting"):
        return Why(step.name, run.id, row.status, f"{row.status}: it did no work", None, ())
    earlier = query.nearest_earlier(project.catalog, row, run.pipeline)
    if earlier is None:
        verdict = "ran: no run before it finished this step here"
        return Why(step.name, run.id, row.status, verdict, None, _not_reusable(row))
    hits = query.find_hits(project.catalog, row.key) if row.key else []
    known = next((hit for hit in hits if hit.id < row.id), None)
    if known is not None:  # there is a result of just this work: why was it not reused?
        earlier = query.step_by_id(project.catalog, known.id)
    before = query.run_by_id(project.catalog, earlier.run).name
    origin = earlier if earlier.reused_from is None else query.step_by_id(project.catalog, earlier.reused_from)
    found = query.step_outputs(project.catalog, row.id)
    same = row.kind == "input" and query.step_outputs(project.catalog, earlier.id) == found
    if row.kind == "input":
        changes = _settings(origin, row) or (() if same else (Change("input", row.path, _NEW),))
    elif origin.key == row.key:
        changes = _same_key(project, origin, row)
    else:
        changes = (*_code(project, origin, row), *_settings(origin, row), *_inputs(project, earlier, row))
        if not changes:
            changes = (Change("output", "->", "what the step declares that it gives is not what it was"),)
    verdict = f"ran: {'looked at again, and' if same else 'not'} the same as in {before}"
    if row.kind != "input" and origin.key == row.key:
        verdict = f"ran again: its key is that of {before}"
    return Why(step.name, run.id, row.status, verdict, before, (*changes, *_not_reusable(row)))


def _code(project: Home, before: StepRow, after: StepRow) -> tuple[Change, ...]:
    if before.fingerprint == after.fingerprint:
        return ()
    old = json.loads(query.text(project.catalog, before.fingerprint) or "{}")
    new = json.loads(query.text(project.catalog, after.fingerprint) or "{}")
    changes: list[Change] = []
    left, right = _definitions(old), _definitions(new)
    for name in dict.fromkeys([*left, *right]):
        one, other = left.get(name), right.get(name)
        if one and other and one["source"] == other["source"]:
            continue
        place = other or one or {}
        lines = difflib.unified_diff(
            (one or {}).get("source", "").splitlines(), (other or {}).get("source", "").splitlines(),
            f"{name} before", f"{name} now ({place.get('file')}:{place.get('line')})", lineterm="",
        )  # fmt: skip
        changes.append(Change("code", name, "\n".join(lines)))
    for kind, field in (("value", "values"), ("package", "distributions")):
        was, now = dict(old.get(field, ())), dict(new.get(field, ()))
        for name in dict.fromkeys([*was, *now]):
            if was.get(name) != now.get(name):
                changes.append(Change(kind, name, f"{_short(was.get(name))} → {_short(now.get(name))}"))
    if not changes:
        changes.append(
            Change("code", after.step, "the fingerprint differs (Python itself, or code that has no source)")
        )
    return tuple(changes)


def _definitions(closure: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for one in closure.get("definitions", ()):
        name = one["name"]
        found[f"{name} ({one.get('file')})" if name in found else name] = one
    return found


def _settings(before: StepRow, after: StepRow) -> tuple[Change, ...]:
    old, new = json.loads(before.settings or "{}"), json.loads(after.settings or "{}")
    changes = []
    for name in dict.fromkeys([*old, *new]):
        was, now = old.get(name, {}), new.get(name, {})
        if was.get("value") != now.get("value"):
            text = (
                f"{_short(was.get('value'))} ({was.get('origin')}) → {_short(now.get('value'))} ({now.get('origin')})"
            )
            changes.append(Change("setting", name, text))
    return tuple(changes)


def _inputs(project: Home, before: StepRow, after: StepRow) -> tuple[Change, ...]:
    old = {(name, place): value for name, place, value, _ in query.step_inputs(project.catalog, before.id)}
    new = {(name, place): value for name, place, value, _ in query.step_inputs(project.catalog, after.id)}
    changes = []
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            label = f"{name[0]}[{name[1]}]" if name[1] else name[0]
            text = f"{_describe(project, old.get(name))} → {_describe(project, new.get(name))}"
            changes.append(
                Change("input", label, "\n".join([text, *_statistics(project, old.get(name), new.get(name))]))
            )
    return tuple(changes)


def _describe(project: Home, name: str | None) -> str:
    if name is None:
        return "nothing"
    row = query.artifact_row(project.catalog, name)
    facts = ", ".join(f"{value} {fact}" for fact, value in (row[5] if row else {}).items() if isinstance(value, int))
    return f"#{name[:12]}" + (f" ({facts})" if facts else "")


def _statistics(project: Home, before: str | None, after: str | None) -> list[str]:
    """The columns whose statistics moved, where both tables have a profile."""
    old = query.profile(project.catalog, before) if before else None
    new = query.profile(project.catalog, after) if after else None
    if not old or not new:
        return []
    left, right = _columns(old), _columns(new)
    lines = []
    for name in dict.fromkeys([*left, *right]):
        was, now = left.get(name), right.get(name)
        if was is None or now is None:
            lines.append(f"  column {name}: {'new' if was is None else 'gone'}")
            continue
        moved = [
            f"{fact} {_short(was.get(fact))} → {_short(now.get(fact))}"
            for fact in ("nulls", "min", "max", "mean", "distinct")
            if was.get(fact) != now.get(fact)
        ]
        if moved:
            lines.append(f"  column {name}: {', '.join(moved)}")
    return lines[:30]


def _columns(profile: dict[str, Any]) -> dict[str, dict[str, Any]]:
    columns = profile.get("columns", ())
    if isinstance(columns, dict):
        return columns
    return {one["name"]: one for one in columns}


def _reused(project: Home, step: StepRun) -> str:
    """Why a step did no work. An input or a mapped step as a whole has no key."""
    if step.reused_from is not None:
        return f"reused from {step.reused_from}: its key is the same"
    kind = query.step_by_id(project.catalog, step.id).kind
    return {
        "input": "reused: its source has the version that was read before",
        "map": "reused: each of its items was",
    }.get(kind, "reused: its key is the same")


def _same_key(project: Home, earlier: StepRow, now: StepRow) -> tuple[Change, ...]:
    """Why a result could not be reused although its key is the same."""
    reasons = [Change("reuse", "earlier", line) for line in json.loads(earlier.notes or "{}").get("not_reusable", ())]
    after = {place: seen for place, seen, _ in query.discovered(project.catalog, now.id)}
    for place, seen, where in query.discovered(project.catalog, earlier.id):
        if is_allowance(place):
            reasons += [] if place in after else [Change("reuse", "reads", "it used what its reads= no longer allow")]
            continue
        new = after[place] if place in after else digest_now(place, project.root)
        if new != seen:
            was, is_ = (f"#{one[:12]}" if one else "not there" for one in (seen, new))
            reasons.append(Change(*named(place), f"{was} → {is_}, read without being declared at {where}"))
    text = "the key is the same, but the earlier result could not be reused"
    if not reasons:
        old = now.started - earlier.ended if earlier.ended else None
        text = (
            "the key is the same; it was asked to run again (reuse=False, --rerun, --no-reuse, or the time that "
            f"reuse= allows is over{'' if old is None else f': {old:.0f} s'}), or its bytes are gone"
        )
    return (Change("reuse", "key", text), *reasons)


def _not_reusable(row: StepRow) -> tuple[Change, ...]:
    return tuple(Change("reuse", "now", line) for line in json.loads(row.notes or "{}").get("not_reusable", ()))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 80 else text[:77] + "…"
