"""The format of pydantic models."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from solvent.archive.formats.asking import choose_class
from solvent.archive.formats.plain.encoding import Encoder
from solvent.archive.formats.records.fields import check_names, encode_fields, facts_of, load_fields

if TYPE_CHECKING:
    from solvent.archive.formats.base import Sink, Source, Written

__all__ = ["PydanticFormat"]


class PydanticFormat:
    """Pydantic models (version 2): fields, extra and private attributes, and which fields were set.

    A model comes back with the state that it had, not validated again: validators may change what they accept.
    """

    name = "pydantic.1"

    def accepts(self, value: Any) -> bool:
        """Whether the value is a model (pydantic is not imported to find out)."""
        module = sys.modules.get("pydantic.main")
        return module is not None and isinstance(value, module.BaseModel)

    def write(self, value: Any, sink: Sink) -> Written:
        """Make the model storable."""
        kind = type(value)
        held = vars(value)
        fields = [(name, held[name]) for name in kind.model_fields if name in held]
        encoder = Encoder(sink)
        private = value.__pydantic_private__
        body = {
            "class": kind.__qualname__,
            "fields": encode_fields(encoder, value, fields),
            "extra": encode_fields(encoder, value, list((value.__pydantic_extra__ or {}).items()), "extra field"),
            "private": encode_fields(encoder, value, list((private or {}).items()), "private attribute"),
            "bare": [value.__pydantic_extra__ is None, private is None],
            "set": sorted(value.model_fields_set),
        }
        state = [body["fields"], body["extra"], body["private"], body["bare"], body["set"]]
        identity = [kind.__qualname__, sink.behaviour(kind), encoder.identity(state)]
        return encoder.written(identity, body, facts=facts_of(kind, fields))

    def read(self, body: Any, source: Source, wanted: Any) -> Any:
        """Bring the model back as the class that is asked for."""
        kind: Any = choose_class(wanted, body["class"], lambda one: hasattr(one, "__pydantic_fields__"), "a model")
        state = load_fields(body["fields"], kind, source)
        check_names(kind, kind.model_fields, state)
        no_extra, no_private = body["bare"]
        made = kind.__new__(kind)
        made.__setstate__(
            {
                "__dict__": state,
                "__pydantic_extra__": None if no_extra else load_fields(body["extra"], kind, source),
                "__pydantic_private__": None if no_private else load_fields(body["private"], kind, source),
                "__pydantic_fields_set__": set(body["set"]),
            }
        )
        return made
