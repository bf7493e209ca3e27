"""Strict conversion to Python's own types, equal in outcome to pydantic's strict mode but without importing it.

A converter takes a value and whether it comes from settings (``lax``: then the grammar of a file is owed what
its notation cannot say), and gives the value that the annotation promises, or raises :class:`Invalid`.
"""

from __future__ import annotations

import collections.abc as abc
from collections.abc import Callable, Hashable, Iterable
from enum import Enum
from typing import Any

from solvent.config.leaf import Text
from solvent.config.typed.faults import Fault, Invalid, inside, wanted
from solvent.config.typed.grammar import MISSED, core, core_tree, read_bool, read_float, read_int, read_null
from solvent.errors import did_you_mean

__all__ = ["MAPPINGS", "SCALARS", "SEQUENCES", "Build", "Convert", "dict_of", "fixed_tuple", "literal", "sequence_of"]

Convert = Callable[[Any, bool], Any]
Build = Callable[[Any], Convert]


def to_int(value: Any, lax: bool) -> Any:
    """A whole number; ``bool`` is none."""
    kind = type(value)
    if kind is int:
        return value
    if kind is Text:
        found = MISSED if value.quoted else read_int(value)
        if found is not MISSED:
            return found
        raise wanted("a whole number", value, _unquote(value, read_int))
    if isinstance(value, int) and kind is not bool:
        return int(value)
    raise wanted("a whole number", value)


def to_float(value: Any, lax: bool) -> Any:
    """A number; a whole one becomes a float, ``bool`` is none."""
    kind = type(value)
    if kind is float:
        return value
    if kind is Text:
        found = MISSED if value.quoted else read_float(value)
        if found is not MISSED:
            return found
        hint = " (write .inf or .nan)" if str(value).lower().lstrip("+-") in ("inf", "nan", "infinity") else ""
        raise wanted("a number", value, hint or _unquote(value, read_float))
    if kind.__name__ not in ("bool", "bool_") and not isinstance(value, (str, bytes)) and hasattr(kind, "__float__"):
        try:
            return float(value)
        except (OverflowError, TypeError, ValueError):
            raise wanted("a number", value) from None
    raise wanted("a number", value)


def to_bool(value: Any, lax: bool) -> Any:
    """True or false, in a file also yes, no, on, off; a number is neither."""
    if type(value) is bool:
        return value
    if type(value) is Text:
        found = MISSED if value.quoted else read_bool(value)
        if found is not MISSED:
            return bool(found)
        raise wanted("true or false", value, _unquote(value, read_bool))
    raise wanted("true or false", value)


def to_core_bool(value: Any, lax: bool) -> Any:
    """True or false where text is possible too: then ``no`` is a word."""
    if type(value) is Text and not value.quoted and read_bool(value, only_core=True) is MISSED:
        raise wanted("true or false", value)
    return to_bool(value, lax)


def to_str(value: Any, lax: bool) -> Any:
    """Text. In a file whatever is written, in quotes or not, save nothing at all."""
    kind = type(value)
    if kind is str:
        return value
    if kind is Text:
        if value or value.quoted:
            return str(value)
        raise wanted("text", value, ' (write "" for empty text)')
    if isinstance(value, str):
        return str.__str__(value) if not isinstance(value, Enum) else str(value.value)
    secret = " (annotate the setting with sv.Secret to take one)" if kind.__qualname__ == "Secret" else ""
    raise wanted("text", value, secret)


def to_none(value: Any, lax: bool) -> Any:
    """Nothing: ``null``."""
    if value is None or (type(value) is Text and not value.quoted and read_null(value) is None):
        return None
    raise wanted("null", value)


def to_bytes(value: Any, lax: bool) -> Any:
    """Bytes; text of settings is encoded as UTF-8."""
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, str) and lax and not isinstance(value, Enum):
        return value.encode("utf-8", "surrogatepass")
    raise wanted("bytes", value)


def to_any(value: Any, lax: bool) -> Any:
    """Whatever comes; scalars of a file by YAML's core schema."""
    return core_tree(value) if lax else value


SCALARS: dict[Any, Convert] = {
    int: to_int,
    float: to_float,
    bool: to_bool,
    str: to_str,
    bytes: to_bytes,
    type(None): to_none,
    None: to_none,
    object: to_any,
    Any: to_any,
}

Kinds = tuple[type, ...]
_LISTED: Kinds = (list, tuple)
_GROUPED: Kinds = (list, tuple, set, frozenset)

# what is made (None: the kind that came), which kinds are taken from code, and which from settings
SEQUENCES: dict[Any, tuple[Any, Kinds, Kinds]] = {
    list: (list, (list,), _LISTED),
    tuple: (tuple, (tuple,), _LISTED),
    set: (set, (set,), _GROUPED),
    frozenset: (frozenset, (frozenset,), _GROUPED),
    abc.Sequence: (None, _LISTED, _LISTED),
    abc.MutableSequence: (list, (list,), _LISTED),
    abc.Collection: (None, _GROUPED, _GROUPED),
    abc.Iterable: (None, _GROUPED, _GROUPED),
    abc.Set: (frozenset, (set, frozenset), _GROUPED),
    abc.MutableSet: (set, (set,), _GROUPED),
}
MAPPINGS = frozenset({dict, abc.Mapping, abc.MutableMapping})


def sequence_of(origin: Any, element: Convert) -> Convert:
    """A converter for lists, tuples of any length, sets, and what stands for them."""
    made, strict, loose = SEQUENCES[origin]
    noun = f"a {origin.__name__}" if made in (tuple, set, frozenset) and origin is made else "a list"

    def convert(value: Any, lax: bool) -> Any:
        kinds = loose if lax else strict
        if type(value) not in kinds and not isinstance(value, kinds):
            raise wanted("a list" if lax else noun, value)
        items = each(value, element, lax)
        kind = made or next(kind for kind in kinds if isinstance(value, kind))
        return items if kind is list else _gather(kind, items)

    return convert


def each(values: Iterable[Any], element: Convert, lax: bool) -> list[Any]:
    """Every element converted; all faults at once, each with its position."""
    items: list[Any] = []
    faults: list[Fault] = []
    for place, item in enumerate(values):
        try:
            items.append(element(item, lax))
        except Invalid as error:
            faults.extend(inside(error, place))
    if faults:
        raise Invalid(*faults)
    return items


def _gather(kind: Any, items: list[Any]) -> Any:
    try:
        return kind(items)
    except TypeError:
        faults = [
            Fault((place,), f"expected a value that can stand in a {kind.__name__}, got {type(item).__name__}")
            for place, item in enumerate(items)
            if not _hashable(item)
        ]
        raise Invalid(*faults) from None


def _hashable(item: Any) -> bool:
    try:
        hash(item)
    except TypeError:
        return False
    return True


def fixed_tuple(elements: tuple[Convert, ...]) -> Convert:
    """A converter for ``tuple[A, B]``."""

    def convert(value: Any, lax: bool) -> Any:
        if not isinstance(value, tuple) and not (lax and isinstance(value, list)):
            raise wanted(f"a {'list' if lax else 'tuple'} of {len(elements)}", value)
        if len(value) != len(elements):
            raise Invalid(f"expected {len(elements)} elements, got {len(value)}")
        items: list[Any] = []
        faults: list[Fault] = []
        for place, (element, item) in enumerate(zip(elements, value, strict=True)):
            try:
                items.append(element(item, lax))
            except Invalid as error:
                faults.extend(inside(error, place))
        if faults:
            raise Invalid(*faults)
        return tuple(items)

    return convert


def dict_of(key: Convert, item: Convert, strict: type = dict) -> Convert:
    """A converter for mappings; from code only ``strict`` ones are taken."""

    def convert(value: Any, lax: bool) -> Any:
        if not isinstance(value, abc.Mapping) or not (lax or isinstance(value, strict)):
            raise wanted("a mapping", value)
        made: dict[Any, Any] = {}
        faults: list[Fault] = []
        for name, content in value.items():
            try:
                named = key(name, lax)
                if named in made:
                    faults.append(Fault((_label(name),), f"the key {named!r} stands here twice, written in two ways"))
            except Invalid as error:
                faults.extend(Fault((_label(name),), f"the key: {one.text}") for one in error.faults)
                continue
            except TypeError:
                faults.append(Fault((_label(name),), "the key cannot be a key of a dict"))
                continue
            try:
                made[named] = item(content, lax)
            except Invalid as error:
                faults.extend(inside(error, _label(name)))
        if faults:
            raise Invalid(*faults)
        return made

    return convert


def _label(name: Any) -> Hashable:
    return str(name) if isinstance(name, str) else repr(name)


def literal(options: tuple[Any, ...]) -> Convert:
    """A converter for ``Literal``: the very option, a boolean never for a number."""

    def convert(value: Any, lax: bool) -> Any:
        for option in options:
            if _is_option(value, option):
                return option
        if type(value) is Text and not value.quoted:
            meant = read_bool(value)
            if meant is not MISSED and any(option is meant for option in options):
                return meant
        text = str(value) if isinstance(value, str) else ""
        choices = ", ".join(_choice(option) for option in options)
        hint = did_you_mean(text, [option for option in options if isinstance(option, str)]) if text else ""
        raise wanted(f"one of {choices}" if len(options) > 1 else choices, value, hint and f".{hint}")

    return convert


def _is_option(value: Any, option: Any) -> bool:
    if isinstance(option, Enum):
        return value is option or (isinstance(value, str) and str(value) == option.value)
    if type(value) is Text:
        if isinstance(option, str):
            return str(value) == option
        return not value.quoted and _same_scalar(core(value), option)
    return _same_scalar(value, option)


def _same_scalar(value: Any, option: Any) -> bool:
    if isinstance(value, bool) or isinstance(option, bool) or option is None:
        return value is option
    return isinstance(value, type(option)) and isinstance(value, (int, str, bytes)) and bool(value == option)


def _choice(option: Any) -> str:
    if isinstance(option, Enum):
        option = option.value
    if option is None:
        return "null"
    return str(option).lower() if isinstance(option, bool) else repr(option)


def _unquote(value: Text, read: Callable[[str], Any]) -> str:
    return " (take the quotes away)" if value.quoted and read(value) is not MISSED else ""
