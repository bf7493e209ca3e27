"""The format of dataclasses: field by field, each field in its own format."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from solvent.archive.formats.asking import choose_class
from solvent.archive.formats.plain.encoding import Encoder
from solvent.archive.formats.records.fields import BUILTINS, check_names, encode_fields, facts_of, load_fields
from solvent.errors import NoFormat

if TYPE_CHECKING:
    from solvent.archive.formats.base import Sink, Source, Written

__all__ = ["DataclassFormat"]


class DataclassFormat:
    """Dataclasses, also frozen, slotted, inherited and generic ones; ``init=False`` fields are fitted state, and kept.

    An object comes back with the very fields that it had: neither ``__init__`` nor ``__post_init__`` runs. A field
    that was not set stays unset. Attributes that are no fields would be lost, so they are refused; the results of
    ``cached_property`` are left out, and computed again.
    """

    name = "dataclass.1"

    def accepts(self, value: Any) -> bool:
        """Whether the value is an instance of a dataclass."""
        return hasattr(type(value), "__dataclass_fields__")

    def write(self, value: Any, sink: Sink) -> Written:
        """Make the object storable: its class's behaviour and its fields are its identity."""
        kind = type(value)
        fields = [(one.name, getattr(value, one.name)) for one in dataclasses.fields(value) if _is_set(value, one.name)]
        _check_state(value, kind)
        encoder = Encoder(sink)
        tree = encode_fields(encoder, value, fields)
        identity = [kind.__qualname__, sink.behaviour(kind), encoder.identity(tree)]
        have = {name for name, _ in fields}
        unset = [one.name for one in dataclasses.fields(value) if one.name not in have]
        body = {"class": kind.__qualname__, "fields": tree, "unset": unset}
        return encoder.written(identity, body, facts=facts_of(kind, fields))

    def read(self, body: Any, source: Source, wanted: Any) -> Any:
        """Bring the object back as the class that is asked for."""
        kind: Any = choose_class(wanted, body["class"], lambda one: hasattr(one, "__dataclass_fields__"), "an object")
        known = [one.name for one in dataclasses.fields(kind)]
        state = load_fields(body["fields"], kind, source, wanted)
        check_names(kind, known, [*state, *body["unset"]])
        made: Any = object.__new__(kind)
        for name, part in state.items():
            object.__setattr__(made, name, part)
        return made


def _is_set(value: Any, name: str) -> bool:
    try:
        getattr(value, name)
    except AttributeError:
        return False
    return True


def _check_state(value: Any, kind: type) -> None:
    """Refuse what a dataclass keeps outside of its fields."""
    base = next((one for one in kind.__mro__ if one in BUILTINS), None)
    if base is not None:
        raise NoFormat(
            f"{kind.__qualname__} is a dataclass and a {base.__name__}; what it holds as a {base.__name__} is no "
            "field and would "
            f"be lost. Make it a field, or give the class to_artifact and from_artifact."
        )
    known = {one.name for one in dataclasses.fields(value)}
    for name in getattr(value, "__dict__", ()):
        if name in known or isinstance(_defined(kind, name), functools.cached_property):
            continue
        raise NoFormat(
            f"{kind.__qualname__} has set the attribute {name!r}, which is no field of the dataclass and would be "
            "lost. "
            f"Declare it: `{name}: ... = field(init=False)`."
        )


def _defined(kind: type, name: str) -> Any:
    return next((vars(one)[name] for one in kind.__mro__ if name in vars(one)), None)
