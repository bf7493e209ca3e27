"""A step's signature is its whole interface: positional data, keyword-only settings, a return annotation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from solvent.config import REQUIRED, Setting
from solvent.errors import DefinitionError
from solvent.graph.annotation import Outputs, outputs_of, resolve_annotations

__all__ = ["RESERVED", "UNSET", "Data", "Signature", "check_shape", "read_signature"]

RESERVED: Final = frozenset({"use", "with", "with_", "of", "options", "steps"})


class _Unset:
    """No default: the data has to be given."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = _Unset()


@dataclass(frozen=True, slots=True)
class Data:
    """One data parameter. ``default`` is :data:`UNSET` where it must be given; ``variadic`` for ``*tables``."""

    name: str
    annotation: Any
    default: Any = UNSET
    variadic: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """What goes in and what comes out of a step."""

    data: tuple[Data, ...]
    settings: tuple[Setting, ...]
    outputs: Outputs

    def bind_data(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], name: str) -> dict[str, Any]:
        """The data arguments of a call by parameter name (``*tables`` as a tuple); raises ``TypeError``."""
        bound: dict[str, Any] = {}
        places = [one for one in self.data if not one.variadic]
        rest = next((one for one in self.data if one.variadic), None)
        if len(args) > len(places) and rest is None:
            names = ", ".join(one.name for one in places) or "none"
            hint = f" Settings go by keyword: {self.settings[0].name}=…" if self.settings else ""
            raise TypeError(f"{name}() takes {len(places)} data arguments ({names}), {len(args)} were given.{hint}")
        for one, value in zip(places, args, strict=False):
            bound[one.name] = value
        if rest is not None:
            bound[rest.name] = tuple(args[len(places) :])
        for one in places:
            if one.name in kwargs:
                if one.name in bound:
                    raise TypeError(f"{name}() got two values for the data parameter {one.name!r}")
                bound[one.name] = kwargs[one.name]
            elif one.name not in bound:
                if one.default is UNSET:
                    raise TypeError(f"{name}() needs data for its parameter {one.name!r}")
                bound[one.name] = one.default
        return bound


def check_shape(function: Any) -> None:
    """Refuse, at its definition, a function that cannot be a step; every message says the way out."""
    code = getattr(function, "__code__", None)
    if isinstance(function, type) or code is None:
        raise DefinitionError(
            f"{function!r} is not a function. A step is a plain function; to use a class or another callable, "
            f"call it inside one."
        )
    where = f"{function.__qualname__} ({code.co_filename}:{code.co_firstlineno})"
    if code.co_flags & 0x280:
        raise DefinitionError(
            f"{where} is an async function, and a step is run and finished before the next. Write a plain function "
            f"that calls asyncio.run(…) inside."
        )
    if code.co_flags & 0x20:
        raise DefinitionError(
            f"{where} is a generator, which can be read only once and leaves nothing to keep. Return a list, or for "
            f"rows a table or a RecordBatchReader, which is carried out in bounded memory."
        )
    if code.co_flags & 0x8:
        raise DefinitionError(
            f"{where} takes **settings, so nothing can check their names. Write them out after a '*': "
            f"def {function.__name__}(data, *, first: int = 1)."
        )
    owner = function.__qualname__.rpartition("<locals>.")[2]
    if "." in owner:
        raise DefinitionError(
            f"{where} is a method. A step stands alone: write a function that takes the object as data, or its "
            f"fields as settings."
        )
    if function.__name__ == "<lambda>":
        raise DefinitionError(f"{where} is a lambda, and a step needs a name. Write it with def.")


def read_signature(function: Callable[..., Any], *, role: bool = False) -> Signature:
    """The signature of a function that :func:`check_shape` has let through."""
    inner: Any = function
    while hasattr(inner, "__wrapped__"):  # decorators that keep the signature say so by functools.wraps
        inner = inner.__wrapped__
    code, hints = inner.__code__, resolve_annotations(inner)
    names = code.co_varnames
    defaults = inner.__defaults__ or ()
    first = code.co_argcount - len(defaults)
    data = [
        Data(name, hints.get(name, Any), defaults[place - first] if place >= first else UNSET)
        for place, name in enumerate(names[: code.co_argcount])
    ]
    after = code.co_argcount + code.co_kwonlyargcount
    if code.co_flags & 0x4:
        data.append(Data(names[after], hints.get(names[after], Any), (), variadic=True))
    keywords = inner.__kwdefaults__ or {}
    settings = tuple(
        Setting(name, hints.get(name, Any), keywords.get(name, REQUIRED)) for name in names[code.co_argcount : after]
    )
    if not role:
        for name in [*(one.name for one in data), *(one.name for one in settings)]:
            if name in RESERVED:
                raise DefinitionError(
                    f"{inner.__qualname__} ({code.co_filename}:{code.co_firstlineno}): {name!r} is a word of the "
                    f"settings file and cannot name a parameter"
                )
    return Signature(tuple(data), settings, outputs_of(hints.get("return", Any)))
