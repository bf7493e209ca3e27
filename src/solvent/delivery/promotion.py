"""Deploying: pack, judge, promote. Promotion is an effect: it happens at most once, and only as it was judged."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from solvent.archive.catalog import models
from solvent.config import REQUIRED
from solvent.data import Table
from solvent.delivery.bundles import Bundle
from solvent.delivery.gates import Budget, Gate, Judgement, Limit, Rule, judge
from solvent.delivery.packing import pack
from solvent.engine import watch
from solvent.engine.context import context, current, log
from solvent.errors import Rejected, SettingsError
from solvent.graph.pipelines import pipeline
from solvent.graph.steps import step
from solvent.learn.assembly import Predictor
from solvent.learn.evaluation import Report
from solvent.learn.leaks import Audit
from solvent.names import check_name

if TYPE_CHECKING:
    from solvent.engine.home import Home

__all__ = ["Deployment", "deploy", "find_rival", "promote"]

Status = Literal["promoted", "recorded", "held", "withdrawn", "outrun"]


@dataclass(frozen=True)
class Deployment:
    """What became of a bundle.

    ``status``: ``promoted`` (the alias points at it), ``recorded`` (no alias was asked for), ``held`` (the code
    is not committed), ``withdrawn`` (it was rolled back or refused before, so only a person promotes it again),
    ``outrun`` (the alias moved on while it was being judged).
    """

    model: str
    version: int
    alias: str | None
    status: Status
    bundle: str
    gates: tuple[Gate, ...]
    figures: Mapping[str, float]


@pipeline
def deploy(
    predictor: Predictor,
    report: Report,
    rows: Table,
    train: Table | None = None,
    audit: Audit | None = None,
    *,
    model: str = REQUIRED,
    gates: Mapping[str, Mapping[Rule, float]] | None = None,
    slices: Mapping[str, Mapping[Literal["min", "max"], float]] | None = None,
    budgets: Mapping[Budget, Limit] | None = None,
    contract: Literal["compatible", "any"] = "compatible",
    onnx: bool = True,
    alias: str | None = "champion",
    golden: int = 200,
    allow_dirty: bool = False,
    owner: str | None = None,
) -> Deployment:
    """Pack a predictor, let the gates judge it on held-back rows, and point the alias at it if they let it pass.

    Given ``train``, the rows that it was trained on, their profile goes along, which traffic is compared with. Given an
    ``audit`` of leaks, it has to have passed.
    ``alias: null`` judges and records, and promotes nothing. Code that is not committed is judged and recorded,
    and promoted only with ``allow_dirty: true``. A refusal ends the run as ``rejected``; the judgement is kept.
    """
    bundle = pack(predictor, report, rows, train, golden=golden, owner=owner, onnx=onnx)
    rival = find_rival(bundle, model=model, alias=alias)
    judgement = judge(bundle, rows, rival, audit, gates=gates, slices=slices, budgets=budgets, contract=contract)
    return promote(bundle, judgement, rival, model=model, alias=alias, allow_dirty=allow_dirty)


def _rival(settings: Mapping[str, Any], inputs: Mapping[str, Any]) -> models.VersionRow | None:
    """What the alias points at, or pointed at before this very bundle was promoted."""
    if settings["alias"] is None:
        return None
    catalog = context().project.catalog
    return models.rival_version(catalog, settings["model"], settings["alias"], str(inputs["bundle"]))


def _seen_rival(settings: dict[str, Any], inputs: dict[str, Any]) -> str | None:
    found = _rival(settings, inputs)
    return None if found is None else found.bundle


def _seen_all(settings: dict[str, Any], inputs: dict[str, Any]) -> str:
    """The state on which a promotion depends: the rival, what is known of this bundle, and whether code is dirty."""
    project = context().project
    known = models.find_bundle(project.catalog, settings["model"], str(inputs["bundle"]))
    status = known.status if known is not None and known.status == "withdrawn" else ""
    dirty = settings["alias"] is not None and not settings["allow_dirty"] and _is_dirty(project)
    return json.dumps([_seen_rival(settings, inputs), status, dirty])


@step(state=_seen_rival)
def find_rival(bundle: Bundle, *, model: str = REQUIRED, alias: str | None = None) -> Bundle | None:
    """The bundle that the alias points at, or pointed at before ``bundle`` took its place; None if there is none."""
    running = current()
    if running is None:
        return None
    found = _rival({"model": model, "alias": alias}, running.inputs)
    if found is None:
        return None
    log(rival=f"{model} v{found.version}")
    return running.project.archive.get(found.bundle, Bundle)  # type: ignore[no-any-return]


@step(state=_seen_all)
def promote(
    bundle: Bundle,
    judgement: Judgement,
    rival: Bundle | None,
    *,
    model: str = REQUIRED,
    alias: str | None = None,
    allow_dirty: bool = False,
) -> Deployment:
    """Register the bundle as a version, with its judgement, and point the alias at it if nothing speaks against it.

    Raises :class:`Rejected` where a gate said no; version and judgement are recorded all the same.
    """
    try:
        check_name(model, "a model")
        if alias is not None:
            check_name(alias, "an alias")
    except ValueError as error:
        raise SettingsError(f"deploy: {error}") from None
    running = context()
    project, name = running.project, str(running.inputs["bundle"])
    seen = _rival({"model": model, "alias": alias}, running.inputs)
    held = alias is not None and not allow_dirty and _is_dirty(project)
    told = {
        "gates": [asdict(gate) for gate in judgement.gates],
        "figures": dict(judgement.figures),
        "method": judgement.method,
        "silenced": list(judgement.silenced),
    }
    with watch.exempt():
        from solvent.engine.record.host import here

        user, now = here().user, time.time()
        project.archive.put(bundle)  # finished before anything points at it
        project.archive.store.sync()
    status: Status = "recorded"
    with project.catalog.write() as tx:
        version = models.register_version(tx, models.NewVersion(model, name, user, now, running.run))
        said: Literal["accepted", "refused"] = "accepted" if judgement.passed else "refused"
        models.judge_version(tx, model, version, models.JudgementRow(said, now, user, running.run, told))
        if judgement.passed and alias is not None:
            move = models.Move(model, alias, user, now, running.run)
            status = "held" if held else _moved(tx, move, version, seen)
    log(version=version)
    if not judgement.passed:
        raise Rejected(
            f"{model} v{version} was refused: {judgement.reasons()}. It is kept with its judgement: solvent models "
            f"show {model}@v{version}"
        )
    return Deployment(model, version, alias, status, name, judgement.gates, judgement.figures)


def _moved(tx: Any, move: models.Move, version: int, seen: models.VersionRow | None) -> Status:
    """Move the alias, unless it left the place where it was seen."""
    now = tx.execute("SELECT version FROM aliases WHERE model = ? AND alias = ?", (move.model, move.alias))
    if now and int(now[0][0]) == version:
        return "promoted"  # an earlier attempt got as far as this
    found = tx.execute("SELECT status FROM versions WHERE model = ? AND version = ?", (move.model, version))
    if found[0][0] == "withdrawn":
        return "withdrawn"
    expected = None if seen is None else seen.version
    return "promoted" if models.move_alias(tx, move, version, expected) else "outrun"


def _is_dirty(project: Home) -> bool:
    """Whether tracked source in the project differs from the commit that is checked out; False without git."""
    from solvent.engine.record.commit import CommitReader

    with watch.exempt():
        reader = CommitReader(project.root)
        return bool(reader.result().get("dirty", False))
