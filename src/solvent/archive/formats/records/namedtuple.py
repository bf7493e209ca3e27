"""The format of named tuples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent.archive.formats.asking import choose_class
from solvent.archive.formats.plain.encoding import Encoder
from solvent.archive.formats.records.fields import check_names, encode_fields, facts_of, load_fields
from solvent.errors import NoFormat

if TYPE_CHECKING:
    from solvent.archive.formats.base import Sink, Source, Written

__all__ = ["NamedTupleFormat"]


class NamedTupleFormat:
    """``typing.NamedTuple`` and ``collections.namedtuple``, each field in its own format."""

    name = "namedtuple.1"

    def accepts(self, value: Any) -> bool:
        """Whether the value is a tuple with named fields."""
        return isinstance(value, tuple) and _is_record(type(value))

    def write(self, value: Any, sink: Sink) -> Written:
        """Make the tuple storable: its class's behaviour and its fields are its identity."""
        kind = type(value)
        if getattr(value, "__dict__", None):
            name = next(iter(value.__dict__))
            raise NoFormat(
                f"{kind.__qualname__} has set the attribute {name!r}, which is no field of the tuple and would be "
                "lost. "
                f"Make it a field, or make the class a dataclass."
            )
        fields = list(zip(kind._fields, tuple.__iter__(value), strict=True))
        encoder = Encoder(sink)
        tree = encode_fields(encoder, value, fields)
        identity = [kind.__qualname__, sink.behaviour(kind), encoder.identity(tree)]
        body = {"class": kind.__qualname__, "fields": tree}
        return encoder.written(identity, body, facts=facts_of(kind, fields))

    def read(self, body: Any, source: Source, wanted: Any) -> Any:
        """Bring the tuple back as the class that is asked for."""
        kind: Any = choose_class(
            wanted, body["class"], lambda one: issubclass(one, tuple) and _is_record(one), "a named tuple"
        )
        state = load_fields(body["fields"], kind, source, wanted)
        check_names(kind, kind._fields, state)
        return tuple.__new__(kind, [state[name] for name in kind._fields])


def _is_record(kind: type) -> bool:
    return isinstance(getattr(kind, "_fields", None), tuple) and hasattr(kind, "_make")
