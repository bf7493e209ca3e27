"""The audit as a step: each kind of leak is looked for, and what could not be looked for is said."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge

from solvent.config import REQUIRED
from solvent.data import Table
from solvent.engine.context import current, log
from solvent.errors import InputError, SettingsError
from solvent.graph.steps import step
from solvent.learn.assembly import Predictor
from solvent.learn.leaks.answers import find_champion, find_future
from solvent.learn.leaks.disguise import find_disguise, find_sums
from solvent.learn.leaks.encoding import find_encodings, find_ids, find_scalings
from solvent.learn.leaks.learners import MOST_COLUMNS
from solvent.learn.leaks.missing import find_after_event, find_missing
from solvent.learn.leaks.record import Audit, Finding, NotChecked, check_allow, conclude
from solvent.learn.leaks.rows import (
    find_groups,
    find_later,
    find_near,
    find_neighbours,
    find_rows,
    find_time,
    most_neighbours,
)
from solvent.learn.leaks.sides import Sides, Wanted, make_sides
from solvent.learn.leaks.tracing import find_fitted, trace_suspects
from solvent.learn.tables.rows import frame_of
from solvent.learn.transforms import Fitted

if TYPE_CHECKING:
    import polars as pl

__all__ = ["audit_leaks"]

Look = tuple[str, str, Callable[[], list[Finding]]]


def _seen_lineage(settings: dict[str, Any], inputs: dict[str, Any]) -> str | None:
    """What the lineage says, which no digest of the data does."""
    context = current()
    if context is None or inputs.get("predictor") is None:
        return None
    try:
        return json.dumps([asdict(one) for one in trace_suspects(context, inputs, settings["target"])])
    except NotChecked as error:
        return str(error)


@step(state=_seen_lineage)
def audit_leaks(
    train: Table,
    test: Table,
    predictor: Predictor | None = None,
    champion: Predictor | None = None,
    *,
    target: str,
    drop: Sequence[str] = (),
    id: str | list[str] | None = None,
    group: str | None = None,
    time: str | None = None,
    known_at: Mapping[str, str] | None = None,
    allow: Mapping[str, str] | None = None,
    sample: Annotated[int, Ge(1000)] = 20_000,
    seed: int = REQUIRED,
) -> Audit:
    """Look for leaks between rows to learn from and rows to be tested on, in their columns and in what led to them.

    The columns beside ``target``, ``drop`` and ``id`` are examined, of these only what the ``predictor`` asks for.
    ``group`` names the column whose values must not be on both sides, ``time`` the one that tells when a row was
    known. ``known_at`` says of columns when they are known: the name of a column with the moment, ``before`` or
    ``after`` the prediction. ``allow`` silences a finding with a reason, by its kind or by ``KIND.COLUMN``:
    ``{after_event.closed_on: "the date is planned a year ahead"}``.

    Statistics that are costly look at ``sample`` rows, drawn by ``seed``. What could not be looked for, and why, is
    in the audit's ``skipped``.
    """
    check_allow(allow or {})
    learnt, tested = frame_of(train), frame_of(test)
    ids = (id,) if isinstance(id, str) else tuple(id or ())
    wanted = Wanted(
        target, tuple(drop) + _weights(predictor, learnt, target), ids, group, time, dict(known_at or {}), sample, seed,
        _asked(predictor, learnt),
    )  # fmt: skip
    _refuse(learnt, tested, wanted)
    sides = make_sides(learnt, tested, wanted)
    findings, checked, skipped = _look(_looks(sides, predictor, champion, tested))
    if sides.left_out:
        skipped["columns"] = "; ".join(f"{name}: {why}" for name, why in sides.left_out.items())
    told = conclude(_without_echoes(findings), allow or {}, skipped)
    audit = Audit(
        target, learnt.height, tested.height, len(sides.features), told, tuple(checked), skipped, _notes(sides)
    )
    lines: dict[str, Any] = {f"finding_{place}": str(one) for place, one in enumerate(told, 1)}
    log(findings=len(told), leaks=len(audit.leaks), **lines)
    running = current()
    if audit.leaks and running is not None:
        running.warnings.append(f"{len(audit.leaks)} of {len(told)} findings are leaks. {audit.leaks[0]}")
    return audit


def _refuse(train: pl.DataFrame, test: pl.DataFrame, wanted: Wanted) -> None:
    """Refuse what no audit can be made of."""
    for name, rows in (("train", train), ("test", test)):
        if not rows.height:
            raise InputError(f"audit_leaks: {name} has no rows")
    if wanted.target in (*wanted.drop, *wanted.id, wanted.group):
        raise SettingsError(f"audit_leaks: {wanted.target!r} is the target, and can't be drop, id or group too")


def _weights(predictor: Predictor | None, rows: pl.DataFrame, target: str) -> tuple[str, ...]:
    """The weights that the predictor's transforms were fitted with, which are no features."""
    parts = () if predictor is None else predictor.transforms
    names = {one.weight for one in parts if isinstance(one, Fitted) and one.weight is not None}
    return tuple(sorted(one for one in names if one in rows.columns and one != target))


def _asked(predictor: Predictor | None, rows: pl.DataFrame) -> tuple[str, ...]:
    """The columns that the predictor asks for, if these rows are what it was given, and not what was made of them."""
    there = set(rows.columns)
    if predictor is None or any(not one.nullable and one.name not in there for one in predictor.columns):
        return ()
    return tuple(one.name for one in predictor.columns)


def _looks(
    sides: Sides, predictor: Predictor | None, champion: Predictor | None, test: pl.DataFrame
) -> tuple[Look, ...]:
    """Each kind, how it is called where it was not looked for, and how it is looked for."""
    target = sides.wanted.target
    return (
        ("rows", "rows", lambda: find_rows(sides)),
        ("near_rows", "near_rows", lambda: find_near(sides)),
        ("near_rows", "near_rows by distance", lambda: find_neighbours(sides)),
        ("groups", "groups", lambda: find_groups(sides)),
        ("time", "time", lambda: find_time(sides)),
        ("fitted_on_test", "fitted_on_test", lambda: find_fitted(target, predictor is not None)),
        ("disguise", "disguise", lambda: find_disguise(sides)),
        ("sum", "sum", lambda: find_sums(sides)),
        ("after_event", "after_event as declared", lambda: find_later(sides)),
        ("after_event", "after_event", lambda: find_after_event(sides)),
        ("missing", "missing", lambda: find_missing(sides)),
        ("id", "id", lambda: find_ids(sides)),
        ("encoding", "encoding", lambda: find_encodings(sides)),
        ("scaling", "scaling", lambda: find_scalings(sides)),
        ("champion", "champion", lambda: find_champion(sides, champion, test)),
        ("future", "future", lambda: find_future(sides)),
        ("left_out", "left_out", lambda: _find_left_out(predictor)),
    )


def _find_left_out(predictor: Predictor | None) -> list[Finding]:
    """Row-wise work that rows of the training went through, and that the predictor does not do."""
    if predictor is None:
        raise NotChecked("no predictor was given")
    return [
        Finding(
            "left_out", (name,), 0, f"rows went through {name} in training, and requests do not",
            "Hand the step to assemble, so that it goes along; or say why not: assemble: {left_out: {NAME: why}}.",
            {}, "hint",
        )
        for name, reason in predictor.left_out.items()
        if reason is None
    ]  # fmt: skip


def _look(looks: Sequence[Look]) -> tuple[list[Finding], list[str], dict[str, str]]:
    findings: list[Finding] = []
    checked: list[str] = []
    skipped: dict[str, str] = {}
    for kind, name, look in looks:
        try:
            findings += look()
        except NotChecked as why:
            skipped[name] = str(why)
        else:
            checked += [] if kind in checked else [kind]
    return findings, checked, skipped


def _without_echoes(findings: Sequence[Finding]) -> list[Finding]:
    """What one leak shows in two ways is told once: near rows that are the same, gaps that are the event itself."""
    kinds = {one.kind for one in findings}
    events = {name for one in findings if one.kind == "after_event" for name in one.columns}
    made: list[Finding] = []
    for one in findings:
        near = one.kind == "near_rows"
        if near and ("rows" in kinds or any(other.kind == "near_rows" for other in made)):
            continue
        if one.kind == "missing" and one.columns[0] in events:
            continue
        if one.kind == "after_event" and any(o.kind == one.kind and o.columns == one.columns for o in made):
            continue
        made.append(one)
    return made


def _notes(sides: Sides) -> tuple[str, ...]:
    """Where only a part was looked at."""
    made = []
    near = most_neighbours(sides)
    if sides.train.height > near:
        made.append(f"near_rows by distance looked at {near} of {sides.train.height} rows to learn from")
    if sides.train.height > sides.wanted.sample:
        made.append(
            f"disguise, sum and missing looked at {sides.wanted.sample} of {sides.train.height} rows to learn from"
        )
    if len(sides.features) > MOST_COLUMNS:
        made.append(
            f"of {len(sides.features)} features disguise and missing looked closely at the {MOST_COLUMNS} that tell "
            f"most at a glance (4,000 rows); near_rows by distance at {MOST_COLUMNS} spread evenly; encoding at 200 "
            f"real numbers and 50 keys"
        )
    return tuple(made)
