"""Types that text or a mapping of a file stands for: enums, dates, paths, dataclasses, classes and functions."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from pathlib import Path, PurePath
from typing import Any

from solvent.config.leaf import Text
from solvent.config.secret import Secret
from solvent.config.typed.builtin import Build, Convert
from solvent.config.typed.faults import Fault, Invalid, inside, wanted
from solvent.config.typed.grammar import MISSED, core, read_date, read_datetime, read_duration, read_float, read_time
from solvent.errors import SolventError, did_you_mean

__all__ = [
    "WRITTEN",
    "dataclass_of",
    "enum_of",
    "instance_of",
    "load_reference",
    "named_tuple_of",
    "path_of",
    "reference_to",
    "to_decimal",
    "typed_dict_of",
]


def _written(kind: Any, noun: str, read: Callable[[str], Any]) -> Convert:
    """A converter for a type that is written as text."""

    def convert(value: Any, lax: bool) -> Any:
        if type(value) is kind or (isinstance(value, kind) and kind is not date):
            return value
        if isinstance(value, str) and (lax or type(value) is Text):
            found = read(str(value))
            if found is not MISSED:
                return found
        if kind is datetime and lax and type(value) is date:  # TOML has dates of its own
            return datetime(value.year, value.month, value.day)
        if isinstance(value, str) and not lax and read(value) is not MISSED:
            raise Invalid(
                f"expected a {kind.__module__}.{kind.__name__}, got the text {value!r}: settings files have text, and "
                f"Python an object"
            )
        raise wanted(noun, value)

    return convert


def to_decimal(value: Any, lax: bool) -> Any:
    """A decimal number; from a float none is made, for it is not what was written."""
    from decimal import Decimal, InvalidOperation

    if isinstance(value, Decimal):
        return value
    if type(value) is int and lax:
        return Decimal(value)
    if isinstance(value, str) and (lax or type(value) is Text):
        try:
            if read_float(str(value)) is not MISSED and not str(value).lstrip("+-0").startswith(("x", "o", "b")):
                return Decimal(str(value).replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
        except InvalidOperation:
            pass
    raise wanted("a decimal number (in quotes, where the file has floats)", value)


def _secret(value: Any, lax: bool) -> Any:
    if isinstance(value, Secret):
        return value
    raise Invalid("expected a secret, written ${secret:NAME}; what stands here is not shown")


WRITTEN: dict[Any, Convert] = {
    date: _written(date, "a date such as 2013-09-01", read_date),
    datetime: _written(datetime, "a time such as 2013-09-01T12:00:00Z", read_datetime),
    time: _written(time, "a time of day such as 12:30", read_time),
    timedelta: _written(timedelta, "a duration such as '90s', '1 day' or 'PT2H'", read_duration),
    Secret: _secret,
}


def path_of(cls: Any) -> Convert:
    """A converter for paths, written as text."""
    made = Path if cls in (Path, PurePath) else cls

    def convert(value: Any, lax: bool) -> Any:
        if isinstance(value, cls):
            return value
        if isinstance(value, str) and value and (lax or type(value) is Text) and "\0" not in value:
            return made(str(value))
        raise wanted("a path", value)

    return convert


def enum_of(cls: type[Enum]) -> Convert:
    """A converter for an enum, written as the value or the name of a member."""

    def convert(value: Any, lax: bool) -> Any:
        if isinstance(value, cls):
            return value
        if lax or type(value) is Text:
            meant = core(value) if type(value) is Text and not value.quoted else value
            for member in cls:
                if type(member.value) is type(meant) and member.value == meant:
                    return member
            if isinstance(value, str):
                for member in cls:
                    if isinstance(member.value, str) and member.value == str(value):
                        return member
                found = cls.__members__.get(str(value))
                if found is not None:
                    return found
        choices = [str(member.value) if isinstance(member.value, (str, int, float)) else member.name for member in cls]
        hint = did_you_mean(str(value), [*choices, *cls.__members__]) if lax and isinstance(value, str) else ""
        raise wanted(f"one of {', '.join(choices[:20])}" if lax else cls.__name__, value, hint and f".{hint}")

    return convert


def instance_of(cls: type) -> Convert:
    """A converter for any other class: its objects, which only code can bring."""

    def convert(value: Any, lax: bool) -> Any:
        try:
            if isinstance(value, cls):
                return value
        except TypeError:  # a protocol that does not say that it can be checked
            return value
        raise wanted(f"an object of type {cls.__module__}.{cls.__qualname__}", value)

    return convert


def reference_to(noun: str, fits: Callable[[Any], bool]) -> Convert:
    """A converter for classes and functions: the object itself, or text ``module:name`` that names it."""

    def convert(value: Any, lax: bool) -> Any:
        if isinstance(value, str) and (lax or type(value) is Text):
            value = load_reference(str(value))
        if not fits(value):
            raise wanted(noun, value)
        return value

    return convert


def load_reference(text: str) -> Any:
    """The object that ``module:name`` names; raises :class:`Invalid` that says what could not be imported."""
    import importlib

    module, sign, name = text.partition(":")
    if not sign or not all(part.isidentifier() for part in (*module.split("."), *name.split("."))):
        raise Invalid(f"expected a class or function written 'module:name', got text {text[:60]!r}")
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        hint = ""
        if module.endswith(".py"):
            hint = f". A module is named without its suffix: {module.removesuffix('.py')}:{name}"
        raise Invalid(f"{text!r} cannot be imported: there is no module {error.name!r}{hint}") from None
    except SolventError as error:  # which says itself where, and what to do
        raise Invalid(f"{text!r} cannot be imported: {error}") from error
    except Exception as error:
        what = f"{type(error).__name__}: {error}{_line_of(error)}"
        raise Invalid(f"{text!r} cannot be imported: {module} raised {what}") from error
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            known = [one for one in vars(found) if not one.startswith("_")] if hasattr(found, "__dict__") else []
            hint = did_you_mean(part, known)
            raise Invalid(f"{text!r} cannot be imported: {module} has no {part!r}.{hint}") from None
    return found


def _line_of(error: Exception) -> str:
    """The line of the module that could not be imported, in the words of a SyntaxError, which says it by itself."""
    import traceback
    from pathlib import Path

    for frame in traceback.extract_tb(error.__traceback__)[1:]:
        if "importlib" not in frame.filename and not isinstance(error, SyntaxError):
            return f" ({Path(frame.filename).name}, line {frame.lineno})"
    return ""


def dataclass_of(cls: Any, build: Build) -> Convert:
    """A converter for a dataclass, from a mapping of its fields."""
    converters: dict[str, Convert] = {}
    needed: set[str] = set()

    def prepare() -> None:
        hints = hints_of(cls)
        for field in dataclasses.fields(cls):
            if field.init:
                converters[field.name] = build(hints.get(field.name, Any))
                if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                    needed.add(field.name)

    def convert(value: Any, lax: bool) -> Any:
        if isinstance(value, cls):
            return value
        if not (lax and isinstance(value, Mapping)):
            raise wanted(f"{cls.__name__}, as a mapping of its fields" if lax else cls.__name__, value)
        if not converters:
            prepare()
        given = _convert_fields(cls.__name__, value, converters, needed)
        try:
            return cls(**given)
        except Exception as error:
            if hasattr(error, "errors") and hasattr(cls, "__pydantic_validator__"):
                from solvent.config.typed.model import faults_of

                raise faults_of(error, value) from None
            raise Invalid(f"{cls.__name__} refuses it: {error}") from error

    return convert


def typed_dict_of(cls: Any, build: Build) -> Convert:
    """A converter for a ``TypedDict``."""
    converters: dict[str, Convert] = {}
    needed: set[str] = set()

    def prepare() -> None:
        for name, kind in hints_of(cls).items():
            converters[name] = build(kind)
            said = typing.get_origin(kind)  # where annotations are text, __required_keys__ has not seen these words
            if said is typing.Required or (said is not typing.NotRequired and name in cls.__required_keys__):
                needed.add(name)

    def convert(value: Any, lax: bool) -> Any:
        if not isinstance(value, Mapping if lax else dict):
            raise wanted("a mapping", value)
        if not converters:
            prepare()
        return _convert_fields(cls.__name__, value, converters, needed, lax)

    return convert


def named_tuple_of(cls: Any, build: Build) -> Convert:
    """A converter for a ``NamedTuple``, from a mapping of its fields or a list in their order."""
    converters: dict[str, Convert] = {}

    def convert(value: Any, lax: bool) -> Any:
        if not isinstance(value, (Mapping, list, tuple) if lax else tuple):
            raise wanted(f"{cls.__name__}, as a mapping of its fields", value)
        if not converters:
            hints = hints_of(cls)
            converters.update({name: build(hints.get(name, Any)) for name in cls._fields})
        if not isinstance(value, Mapping):
            if len(value) > len(cls._fields):
                raise Invalid(f"expected at most {len(cls._fields)} elements, got {len(value)}")
            value = dict(zip(cls._fields, value, strict=False))
        return cls(**_convert_fields(cls.__name__, value, converters, set(cls._fields) - set(cls._field_defaults), lax))

    return convert


def _convert_fields(
    owner: str, value: Mapping[Any, Any], converters: Mapping[str, Convert], needed: Any, lax: bool = True
) -> dict[str, Any]:
    given: dict[str, Any] = {}
    faults: list[Fault] = []
    for key, item in value.items():
        if key not in converters:
            faults.append(Fault((str(key),), f"{owner} has no field {str(key)!r}.{did_you_mean(str(key), converters)}"))
            continue
        try:
            given[str(key)] = converters[key](item, lax)
        except Invalid as error:
            faults.extend(inside(error, str(key)))
    faults.extend(
        Fault((), f"{name!r} is missing, and {owner} has no default for it")
        for name in converters
        if name in needed and name not in value
    )
    if faults:
        raise Invalid(*faults)
    return given


def hints_of(cls: Any) -> dict[str, Any]:
    """The annotations of a class as objects."""
    try:
        return typing.get_type_hints(cls, include_extras=True)
    except Exception as error:
        raise Invalid(f"the annotations of {cls.__qualname__} cannot be read: {error}") from error
