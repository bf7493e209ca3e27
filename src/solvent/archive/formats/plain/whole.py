"""The format of plain Python data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from solvent.archive.formats.base import Written
from solvent.archive.formats.plain.decoding import decode
from solvent.archive.formats.plain.encoding import ENCODED, Encoder

if TYPE_CHECKING:
    from solvent.archive.formats.base import Sink, Source

__all__ = ["PlainFormat"]

_SMALL = 1024


class PlainFormat:
    """Numbers, text, bytes, times, and lists, tuples, sets and dicts of them and of whatever has a format.

    The order of a dict counts, as Python keeps it. What cannot change is handed on as it is; a container that
    can is read back for each consumer. A container that is reached twice comes back as two.
    """

    name = "json.1"

    def accepts(self, value: Any) -> bool:
        """Whether the value is of one of these very types (a subclass is something else)."""
        return type(value) in ENCODED

    def write(self, value: Any, sink: Sink) -> Written:
        """Make the value storable; a number or short text costs microseconds."""
        kind = type(value)
        if (kind is int and -(2**63) <= value < 2**63) or (kind is float and math.isfinite(value)) or kind is bool:
            return Written(value, value, None, lambda _: value, 8, {"value": value})
        if kind is str and len(value) < _SMALL and value.isascii():
            return Written(value, value, None, lambda _: value, len(value), {"length": len(value)})
        encoder = Encoder(sink)
        tree = encoder.encode(value)
        identity = encoder.identity(tree)
        keep = (lambda _: value) if encoder.frozen else None
        facts = {"length": len(value)} if hasattr(value, "__len__") and kind is not range else {}
        return encoder.written(identity, tree, keep=keep, facts=facts)

    def read(self, body: Any, source: Source, wanted: Any) -> Any:
        """Bring the value back; ``wanted`` says of what class its elements shall be."""
        return decode(body, source, wanted)
