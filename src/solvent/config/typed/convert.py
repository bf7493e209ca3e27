"""Which rule serves which annotation. Python's own types never import pydantic."""

from __future__ import annotations

import collections.abc as abc
import dataclasses
import sys
import types
import typing
from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath
from typing import Any

from solvent.config.typed.builtin import (
    MAPPINGS,
    SCALARS,
    SEQUENCES,
    Convert,
    dict_of,
    fixed_tuple,
    literal,
    sequence_of,
    to_any,
)
from solvent.config.typed.faults import Fault, Invalid, inside
from solvent.config.typed.structured import (
    WRITTEN,
    dataclass_of,
    enum_of,
    instance_of,
    named_tuple_of,
    path_of,
    reference_to,
    to_decimal,
    typed_dict_of,
)
from solvent.config.typed.union import union_of

__all__ = ["converter", "overlay", "validate"]

_KEPT = 4096
_made: dict[int, tuple[Any, Convert]] = {}  # by identity: some annotations have no hash; the annotation is kept alive
_WRAPPERS = (typing.Required, typing.NotRequired, typing.Final, typing.ClassVar)


def validate(value: Any, annotation: Any, *, from_file: bool) -> Any:
    """The value that ``annotation`` promises; raises ``ValueError`` whose text says what was expected.

    From a file (``from_file``) text is read as the annotation asks, lists stand for tuples and sets, mappings
    for dataclasses and models; from code only the exact type will do, and an ``int`` for a ``float``.
    """
    return converter(annotation)(value, from_file)


def converter(annotation: Any) -> Convert:
    """The converter of an annotation, made once."""
    found = _made.get(id(annotation))
    if found is not None:
        return found[1]
    made = _build(annotation)
    if len(_made) >= _KEPT:
        _made.clear()
    _made[id(annotation)] = (annotation, made)
    return made


def overlay(lower: Any, value: Any) -> tuple[Any, Any]:
    """A mapping over an object with fields overrides it field by field: the full mapping, and the object's class.

    Where ``lower`` has no fields, or ``value`` is no mapping, the class is None and the value itself counts.
    """
    if not isinstance(value, Mapping) or isinstance(lower, type):
        return value, None
    if dataclasses.is_dataclass(lower):
        names = [field.name for field in dataclasses.fields(lower) if field.init]
    elif hasattr(lower, "__pydantic_fields_set__") and hasattr(type(lower), "model_fields"):
        names = list(type(lower).model_fields)
        aliases = {field.alias: name for name, field in type(lower).model_fields.items() if field.alias}
        value = {aliases.get(key, key): item for key, item in value.items()}
    else:
        return value, None
    full = {name: getattr(lower, name) for name in names}
    faults: list[Fault] = []
    for key, item in value.items():
        try:
            inner, kind = overlay(full.get(key), item)
            full[key] = converter(kind)(inner, True) if kind is not None else inner
        except Invalid as error:
            faults.extend(inside(error, key))
    if faults:
        try:
            converter(type(lower))(full, True)  # with the old values in the faulty places: what else is wrong?
        except Invalid as error:
            faults.extend(error.faults)
        raise Invalid(*faults)
    return full, type(lower)


def _build(annotation: Any) -> Convert:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return _class(annotation)
    if annotation is None or annotation is Any:
        return SCALARS[annotation]
    if isinstance(annotation, (str, typing.ForwardRef)):
        raise TypeError(f"the annotation {annotation!r} is text; whoever asks resolves it first")
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        from solvent.config.typed.model import constrained

        return constrained(annotation, args[0], annotation.__metadata__, converter)
    if origin is typing.Union or origin is types.UnionType:
        return union_of(tuple((member, converter(member)) for member in args))
    if origin is typing.Literal:
        return literal(args)
    if origin in _WRAPPERS:
        return converter(args[0])
    if isinstance(annotation, typing.NewType):
        return converter(annotation.__supertype__)
    if isinstance(annotation, typing.TypeVar):
        return _type_variable(annotation)
    if hasattr(annotation, "__value__"):
        return converter(annotation.__value__)
    if isinstance(origin, type):
        return _generic(annotation, origin, args)
    return to_any


def _type_variable(variable: typing.TypeVar) -> Convert:
    if variable.__constraints__:
        return union_of(tuple((one, converter(one)) for one in variable.__constraints__))
    return converter(variable.__bound__) if variable.__bound__ is not None else to_any


def _generic(annotation: Any, origin: Any, args: tuple[Any, ...]) -> Convert:
    if origin is tuple and args != () and args[-1] is not Ellipsis:
        return fixed_tuple(tuple(converter(one) for one in args))
    if origin is tuple and not args and annotation not in (tuple, typing.Tuple):  # noqa: UP006
        return fixed_tuple(())
    if origin in SEQUENCES:
        return sequence_of(origin, converter(args[0]) if args else to_any)
    if origin in MAPPINGS:
        key, item = (converter(args[0]), converter(args[1])) if args else (to_any, to_any)
        return dict_of(key, item, origin)
    if origin is type:
        return _class_reference(args[0] if args else Any)
    if origin is abc.Callable:
        return reference_to("something that can be called, written 'module:name'", callable)
    if _is_model(origin) or dataclasses.is_dataclass(origin):
        return _class(origin)
    from solvent.config.typed.model import by_pydantic

    return by_pydantic(annotation)


def _class(cls: Any) -> Convert:
    if cls in SCALARS:
        return SCALARS[cls]
    if cls in WRITTEN:
        return WRITTEN[cls]
    if cls.__module__ == "decimal" and cls.__name__ == "Decimal":  # named, not imported
        return to_decimal
    if cls in SEQUENCES:
        return sequence_of(cls, to_any)
    if cls in MAPPINGS:
        return dict_of(to_any, to_any, cls)
    if cls is type:
        return _class_reference(Any)
    if cls is abc.Callable:
        return reference_to("something that can be called, written 'module:name'", callable)
    if issubclass(cls, Enum):
        return enum_of(cls)
    if issubclass(cls, PurePath):
        return path_of(cls)
    if typing.is_typeddict(cls):
        return typed_dict_of(cls, converter)
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return named_tuple_of(cls, converter)
    if _is_model(cls):
        from solvent.config.typed.model import model_of

        return model_of(cls, converter)
    if dataclasses.is_dataclass(cls):
        return dataclass_of(cls, converter)
    if hasattr(cls, "__get_pydantic_core_schema__") or cls.__module__.partition(".")[0] in sys.stdlib_module_names:
        from solvent.config.typed.model import by_pydantic

        return by_pydantic(cls)
    return instance_of(cls)


def _is_model(cls: Any) -> bool:
    return hasattr(cls, "__pydantic_decorators__") and hasattr(cls, "model_fields")


def _class_reference(bound: Any) -> Convert:
    if typing.get_origin(bound) in (typing.Union, types.UnionType):
        kinds = tuple(one for one in typing.get_args(bound) if isinstance(one, type))
    else:
        kinds = (bound,) if isinstance(bound, type) and bound not in (Any, object) else ()
    noun = f"a class below {kinds[0].__qualname__}" if kinds else "a class"
    return reference_to(
        f"{noun}, written 'module:name'",
        lambda value: isinstance(value, type) and (not kinds or issubclass(value, kinds)),
    )
