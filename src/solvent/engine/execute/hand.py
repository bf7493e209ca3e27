"""Handing on: what a step gets is what the archive holds, whatever the producer or another consumer does to theirs."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from solvent.graph.annotation import Outputs, element_of
from solvent.graph.wiring import ITEM

if TYPE_CHECKING:
    from solvent.archive.keeping import Archive

__all__ = ["Scope", "State", "Values", "concrete", "flatten", "item_state", "late", "resolve"]


@dataclass(slots=True)
class State:
    """What became of a node: its outputs by digest, and the step run that made them."""

    status: str
    outputs: dict[str, str] = field(default_factory=dict)
    step_run: int | None = None
    kinds: Mapping[str, Any] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether its outputs are there."""
        return self.status in ("ran", "reused")


class Scope:
    """The states of one graph's nodes; an item of a mapped pipeline has a scope of its own inside."""

    __slots__ = ("item", "parent", "states")

    def __init__(self, item: str = "", parent: Scope | None = None) -> None:
        self.item = item
        self.parent = parent
        self.states: dict[str, State] = {}

    def find(self, path: str) -> State:
        """The state of a node, here or further out."""
        scope: Scope | None = self
        while scope is not None:
            if path in scope.states:
                return scope.states[path]
            scope = scope.parent
        raise KeyError(path)


def resolve(tree: Any, scope: Scope) -> Any:
    """Wiring as digests: ``str``, or ``(kind, parts)`` for lists, tuples, records and dicts; None where skipped."""
    kind, body = next(iter(tree.items()))
    if kind == "ref":
        return scope.find(body[0]).outputs.get(body[1])
    if kind == "const":
        return body
    if kind == "item":
        return body[0]
    if kind == "dict":
        return (kind, {name: resolve(part, scope) for name, part in body.items()})
    return (kind, [resolve(part, scope) for part in body])


def flatten(tree: Any, scope: Scope, place: str = "") -> list[tuple[str, str, int | None]]:
    """Wiring as rows: the place in its parameter, the digest, and the step run that made it."""
    kind, body = next(iter(tree.items()))
    if kind == "ref":
        state = scope.find(body[0])
        digest = state.outputs.get(body[1])
        return [] if digest is None else [(place, digest, state.step_run)]
    if kind == "const":
        return [(place, body, None)]
    if kind == "item":
        return [(place, *body)]
    parts = body.items() if kind == "dict" else enumerate(body)
    rows = []
    for name, part in parts:
        rows.extend(flatten(part, scope, f"{place}.{name}" if place else str(name)))
    return rows


def late(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The wiring of those of a node's settings that come from other steps."""
    return {name: one["edge"] for name, one in settings.items() if isinstance(one, dict) and set(one) == {"edge"}}


class Values:
    """Live values of this run, by digest, beside what can be read from the archive."""

    def __init__(self, archive: Archive, settle: Callable[[], None]) -> None:
        self._archive = archive
        self._settle = settle
        self._keep: dict[str, Callable[[Any], Any]] = {}
        self._held: dict[str, int] = {}
        self.kinds: dict[str, Any] = {}
        """The classes of constants, which nothing declares, by digest."""

    def hold(self, digest: str, keep: Callable[[Any], Any] | None) -> None:
        """Keep a live value for later consumers."""
        if keep is not None:
            self._keep[digest] = keep
            self._held[digest] = self._held.get(digest, 0) + 1

    def release(self, digest: str) -> None:
        """Nobody after this needs the value from the node that held it."""
        left = self._held.get(digest, 0) - 1
        if left > 0:
            self._held[digest] = left
        else:
            self._held.pop(digest, None)
            self._keep.pop(digest, None)

    def get(self, digest: str, wanted: Any, made: Any = Any) -> Any:
        """The value of an artifact as ``wanted``, or where that says nothing, as it was declared when made."""
        asked = made if not concrete(wanted) or _refines(made, _present(wanted)) else wanted
        keep = self._keep.get(digest)
        if keep is not None:
            return keep(asked)
        self._settle()
        return self._archive.get(digest, asked)

    def load(self, tree: Any, scope: Scope, wanted: Any) -> Any:
        """The value of a parameter."""
        kind, body = next(iter(tree.items()))
        if kind == "ref":
            state = scope.find(body[0])
            if body[1] not in state.outputs:
                return None
            return self.get(state.outputs[body[1]], wanted, state.kinds.get(body[1], Any))
        if kind in ("const", "item"):
            name = body if kind == "const" else body[0]
            return self.get(name, wanted, self.kinds.get(name, Any))
        inner = element_of(wanted)
        if kind == "dict":
            return {name: self.load(part, scope, inner) for name, part in body.items()}
        if kind == "record" and (outputs := Outputs(_present(wanted))).kind == "named":
            if _present(wanted) is not wanted and not flatten(tree, scope):
                return None  # all of it was skipped, and None may stand in its place
            fields = zip(outputs.fields.items(), body, strict=True)
            return outputs.join({name: self.load(part, scope, hint) for (name, hint), part in fields})
        parts = [self.load(part, scope, inner) for part in body]
        return parts if kind == "list" else tuple(parts)


def _refines(made: Any, wanted: Any) -> bool:
    """Whether what was declared says more exactly which class ``wanted`` is: ``Predictor[…]``, or a union of such."""
    kinds = typing.get_args(made) if typing.get_origin(made) is typing.Union else (made,)
    return all(typing.get_origin(kind) is wanted for kind in kinds)


def _present(annotation: Any) -> Any:
    """``X`` of ``X | None``; everything else as it is."""
    kinds = typing.get_args(annotation)
    left = [kind for kind in kinds if kind is not type(None)]
    return left[0] if len(left) == 1 and len(kinds) == 2 else annotation


def concrete(annotation: Any) -> bool:
    """Whether an annotation says which class a value is to have."""
    if annotation is Any or annotation is object or isinstance(annotation, typing.TypeVar):
        return False
    return not getattr(annotation, "_is_protocol", False)


def item_state(digest: str, producer: int | None, kind: Any) -> dict[str, State]:
    """The scope entry of the item that a template is carried out for, and the step run that it comes from."""
    return {ITEM: State("ran", {"value": digest}, producer, {"value": kind})}
