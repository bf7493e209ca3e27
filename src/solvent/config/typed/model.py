"""Whatever pydantic knows and this package does not: models, constraints, and types with a schema of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from solvent.config.leaf import Text
from solvent.config.typed.builtin import Build, Convert
from solvent.config.typed.faults import Fault, Invalid, inside, shown, wanted
from solvent.config.typed.grammar import core_tree
from solvent.errors import did_you_mean

__all__ = ["by_pydantic", "constrained", "faults_of", "model_of"]

_EARLY = frozenset({"BeforeValidator", "PlainValidator", "WrapValidator"})
_KNOWN = ("annotated_types", "pydantic", "pydantic_core")


def constrained(annotation: Any, base: Any, metadata: tuple[Any, ...], build: Build) -> Convert:
    """A converter for ``Annotated``: the base first, then whatever pydantic makes of the rest."""
    inner = build(base)
    marks = [mark for mark in metadata if _counts(mark)]
    if not marks:
        return inner
    check = by_pydantic(annotation)
    early = any(type(mark).__name__ in _EARLY for mark in marks)

    def convert(value: Any, lax: bool) -> Any:
        if early:  # such a validator wants to see what was written, not what the type makes of it
            return check(value, lax)
        return check(inner(value, lax), False)

    return convert


def _counts(mark: Any) -> bool:
    return type(mark).__module__.partition(".")[0] in _KNOWN or hasattr(mark, "__get_pydantic_core_schema__")


def by_pydantic(annotation: Any) -> Convert:
    """A converter that leaves all to pydantic, strictly; its adapter is made at first use."""
    made: list[Any] = []

    def convert(value: Any, lax: bool) -> Any:
        from pydantic import ValidationError

        if not made:
            made.append(_adapter(annotation))
        tries = [core_tree(value)] if lax or isinstance(value, Text) else [value]
        if isinstance(value, Text) and tries[0] != str(value):
            tries.append(str(value))
        first: Invalid | None = None
        for tried in tries:
            try:
                return made[0].validate_python(tried, strict=True)
            except ValidationError as error:
                first = first or faults_of(error, value)
        if lax or isinstance(value, Text):  # what only JSON's notation can't say is owed to a file
            for tried in tries:
                try:
                    return made[0].validate_json(json.dumps(tried, allow_nan=False), strict=True)
                except (ValidationError, TypeError, ValueError):
                    continue
        assert first is not None
        raise first

    return convert


def _adapter(annotation: Any) -> Any:
    from pydantic import ConfigDict, PydanticUserError, TypeAdapter

    try:
        return TypeAdapter(annotation, config=ConfigDict(strict=True, arbitrary_types_allowed=True))
    except PydanticUserError as error:
        if error.code != "type-adapter-config-unused":  # a model brings its own
            raise Invalid(f"the annotation {annotation} cannot be checked: {error.message}") from error
        return TypeAdapter(annotation)


def faults_of(error: Any, value: Any) -> Invalid:
    """Pydantic's complaints in this package's words; a value is named only as :func:`shown` does."""
    faults = []
    for one in error.errors(include_url=False, include_context=False):
        text = str(one["msg"])
        if text.startswith("Input should be "):
            text = f"expected {text.removeprefix('Input should be ')}, got {shown(one['input'])}"
        elif one["type"] == "missing":
            text = "this is missing, and it has no default"
        else:
            text = text.removeprefix("Value error, ").removeprefix("Assertion failed, ")
        faults.append(Fault(tuple(one["loc"]), text))
    return Invalid(*faults)


def model_of(cls: Any, build: Build) -> Convert:
    """A converter for a pydantic model, from a mapping whose keys are its fields or their aliases."""
    fields: dict[str, tuple[str, Any]] = {}  # what may be written -> the field's name and annotation
    late: set[str] = set()

    def prepare() -> None:
        for name, field in cls.model_fields.items():
            alias = field.validation_alias if isinstance(field.validation_alias, str) else field.alias
            fields[name] = (name, field.annotation)
            if alias:
                fields[alias] = (name, field.annotation)
        for decorator in cls.__pydantic_decorators__.field_validators.values():
            if decorator.info.mode != "after":
                late.update(cls.model_fields if "*" in decorator.info.fields else decorator.info.fields)
        for name, field in cls.model_fields.items():
            if any(type(mark).__name__ in _EARLY for mark in field.metadata):
                late.add(name)

    def convert(value: Any, lax: bool) -> Any:
        from pydantic import ValidationError

        if isinstance(value, cls):
            return value
        if not fields:
            prepare()
        root = bool(getattr(cls, "__pydantic_root_model__", False))
        if not root and not (lax and isinstance(value, Mapping)):
            raise wanted(f"{cls.__name__}, as a mapping of its fields" if lax else cls.__name__, value)
        try:
            if root:
                return cls.model_validate(build(cls.model_fields["root"].annotation)(value, lax), strict=True)
            given = _fields_given(cls, value, fields, late, build)
            return cls.model_validate(given, strict=True, by_alias=True, by_name=True)
        except ValidationError as error:
            raise faults_of(error, value) from None

    return convert


def _fields_given(
    cls: Any, value: Mapping[Any, Any], fields: Mapping[str, tuple[str, Any]], late: set[str], build: Build
) -> dict[str, Any]:
    given: dict[str, Any] = {}
    faults: list[Fault] = []
    for key, item in value.items():
        if key not in fields:
            if cls.model_config.get("extra") == "allow":
                given[str(key)] = core_tree(item)
            else:
                text = f"{cls.__name__} has no field {str(key)!r}.{did_you_mean(key, fields)}"
                faults.append(Fault((str(key),), text))
            continue
        name, annotation = fields[key]
        try:
            given[name] = core_tree(item) if name in late else build(annotation)(item, True)
        except Invalid as error:
            faults.extend(inside(error, str(key)))
    if faults:
        raise Invalid(*faults)
    return given
