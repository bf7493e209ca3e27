"""The format of enums."""

from __future__ import annotations

from enum import Enum, Flag
from typing import TYPE_CHECKING, Any

from solvent.archive.formats.asking import choose_class
from solvent.archive.formats.base import Written
from solvent.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from solvent.archive.formats.base import Sink, Source

__all__ = ["EnumFormat"]


class EnumFormat:
    """Members of enums by name, and flags by their bits; what a member means is in its class's behaviour.

    A member is handed on by its name although it cannot change: who reads it has to say of which class it is, and is
    told so when it is made, not only when it is reused.
    """

    name = "enum.1"

    def accepts(self, value: Any) -> bool:
        """Whether the value is a member of an enum."""
        return isinstance(value, Enum)

    def write(self, value: Any, sink: Sink) -> Written:
        """Make the member storable; its name and its class are its identity."""
        kind = type(value)
        member = value.value if isinstance(value, Flag) else value.name
        identity = [kind.__qualname__, sink.behaviour(kind), member]
        body = {"class": kind.__qualname__, "member": member}
        return Written(identity, body, None, None, 8, {"class": kind.__qualname__, "value": str(member)})

    def read(self, body: Any, source: Source, wanted: Any) -> Any:
        """The member of the enum that is asked for."""
        kind: Any = choose_class(wanted, body["class"], lambda one: issubclass(one, Enum), "a member")
        member = body["member"]
        try:
            return kind(member) if issubclass(kind, Flag) else kind[member]
        except (KeyError, ValueError):
            known = [one.name for one in kind]
            raise InputError(
                f"{kind.__qualname__} has no member {member!r} any more.{did_you_mean(str(member), known)} Run the "
                "step again."
            ) from None
