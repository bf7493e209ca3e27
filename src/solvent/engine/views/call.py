"""The call that a step run was: its data and settings as typed values, as far as they can be had again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.archive.catalog import query
from solvent.config.typed.structured import load_reference
from solvent.engine.record.setting import setting_value
from solvent.engine.references import find_step
from solvent.errors import NoValue, SolventError
from solvent.graph.annotation import Outputs, element_of
from solvent.graph.steps import Step

if TYPE_CHECKING:
    from solvent.engine.home import Home
    from solvent.engine.views.run import Run, StepRun

__all__ = ["Call", "find_call"]


@dataclass(frozen=True, slots=True)
class Call:
    """What a step run was called with. ``lost`` says why a setting's value cannot be had again, by its name."""

    run: Run[Any]
    found: StepRun
    step: Step[Any, Any]
    data: Mapping[str, Any]
    settings: Mapping[str, Any]
    lost: Mapping[str, str]


def find_call(project: Home, reference: str) -> Call:
    """The call behind ``RUN/STEP[ITEM]``. Raises :class:`NoValue` for what was not one call of a function."""
    run, found, _ = find_step(project, reference)
    where = f"{run.id}/{found.name}"
    if found.kind == "input":
        raise NoValue(
            f"{where} was read from a source, and no step was called. To see what was read: solvent show {where}"
        )
    if found.status in ("blocked", "skipped"):
        raise NoValue(f"{where} was {found.status}, and never called. What stood in its way: solvent show {run.id}")
    if found.items:
        items = ", ".join(item.name for item in list(found.items.values())[:5])
        more = " …" if len(found.items) > 5 else ""
        raise NoValue(f"{where} is a call for each item. Name one of them: {items}{more}")
    step = load_reference(found.step)
    if not isinstance(step, Step):
        raise NoValue(f"{where} carried out {found.step}, which is no step any more: put its @sv.step back")
    settings: dict[str, Any] = {}
    lost: dict[str, str] = {}
    wanted = {one.name: one.annotation for one in step.signature.settings}
    for name, one in found.settings.items():
        try:
            settings[name] = setting_value(one, wanted.get(name, Any), project.archive, project.file.secret)
        except (SolventError, ValueError) as error:
            lost[name] = str(error)
    return Call(run, found, step, _data(project, run, found, step), settings, lost)


def _data(project: Home, run: Run[Any], found: StepRun, step: Step[Any, Any]) -> dict[str, Any]:
    """The data by parameter, in the structure that the pipeline wired, each as its parameter's annotation asks."""
    parts: dict[str, dict[str, tuple[str, int | None]]] = {}
    for name, place, digest, producer in query.step_inputs(project.catalog, found.id):
        parts.setdefault(name, {})[place] = (digest, producer)
    plan = run.record.get("plan") or {}
    path, item, _ = found.name.partition("[")
    trees: dict[str, Any] = next((node["data"] for node in plan.get("nodes", ()) if node["path"] == path), {})
    data: dict[str, Any] = {}
    for one in step.signature.data:
        held = parts.get(one.name, {})
        tree = {"const": ""} if "" in held else trees.get(one.name)
        if item and tree is not None and one is step.signature.data[0]:
            tree = _item_tree(tree, held)
        if tree is not None:
            wanted: Any = tuple.__class_getitem__((one.annotation, ...)) if one.variadic else one.annotation
            data[one.name] = _built(project, tree, held, wanted, "")
    return data


def _item_tree(tree: Any, held: Mapping[str, Any]) -> Any:
    """Of the wiring of all items, that of the one whose parts are these; the wiring itself, where it is of one item."""
    body = next(iter(tree.values()))
    parts = list(body.values()) if isinstance(body, dict) else body if isinstance(body, list) else []
    return next((part for part in parts if isinstance(part, dict) and set(_places(part, "")) == set(held)), tree)


def _places(tree: Any, place: str) -> Iterator[str]:
    """Where in a parameter the artifacts stand."""
    kind, body = next(iter(tree.items()))
    if kind in ("ref", "const"):
        yield place
        return
    for name, part in body.items() if kind == "dict" else enumerate(body):
        yield from _places(part, f"{place}.{name}" if place else str(name))


def _built(project: Home, tree: Any, parts: Mapping[str, tuple[str, int | None]], wanted: Any, place: str) -> Any:
    """A value from its parts, whose places are what wiring calls them; None for what was skipped."""
    kind, body = next(iter(tree.items()))
    if kind in ("ref", "const"):
        if place not in parts:
            return None
        digest, producer = parts[place]
        return project.archive.get(digest, _declared(project, digest, producer) if wanted is Any else wanted)
    inner = element_of(wanted)
    if kind == "record" and (outputs := Outputs(wanted)).kind == "named":
        fields = zip(outputs.fields.items(), body, strict=True)
        return outputs.join({
            name: _built(project, part, parts, hint, f"{place}.{number}" if place else str(number))
            for number, ((name, hint), part) in enumerate(fields)
        })  # fmt: skip
    names = list(body) if kind == "dict" else [str(number) for number in range(len(body))]
    values = [
        _built(project, part, parts, inner, f"{place}.{name}" if place else name)
        for name, part in zip(names, body.values() if kind == "dict" else body, strict=True)
    ]
    return dict(zip(names, values, strict=True)) if kind == "dict" else values if kind == "list" else tuple(values)


def _declared(project: Home, digest: str, producer: int | None) -> Any:
    """What the step that made a value says it is, if it is still there to ask."""
    if producer is None:
        return Any
    row = query.step_by_id(project.catalog, producer)
    output = next((name for name, made in query.step_outputs(project.catalog, producer).items() if made == digest), "")
    with suppress(ValueError):
        step = load_reference(row.step)
        if isinstance(step, Step) and row.kind == "step":
            return step.signature.outputs.fields.get(output, Any)
    return Any
