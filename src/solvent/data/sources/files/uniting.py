"""Uniting the schemas of files into one by a stated policy, with every difference recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from solvent.data.canonical import type_of
from solvent.data.sources.files.options import Options
from solvent.data.sources.files.surveying import Part, partition_of, pinned_types
from solvent.errors import InputError, did_you_mean

__all__ = ["Change", "join", "partitions", "pin_of", "said", "unite"]

Change = dict[str, Any]
"""``{file, column, kind, was, now}``; ``kind`` is added, missing, dropped, widened, cast or order."""
Fits = Callable[[Part, str, Any], bool]
"""Whether every value of a column of a file is kept by a type."""

_SIGNED = ("int8", "int16", "int32", "int64")
_UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
_FLOATS = ("float16", "float32", "float64")
_DIGITS = {"int8": 3, "int16": 5, "int32": 10, "int64": 19, "uint8": 3, "uint16": 5, "uint32": 10, "uint64": 20}
_UNITS = ("ms", "us", "ns")


def unite(parts: Sequence[Part], options: Options, fits: Fits) -> tuple[dict[str, Any], list[Change]]:
    """The schema of all files together, and how each file differs from those before it.

    ``fits`` is asked only where types differ, and only what the types alone cannot tell. Raises :class:`InputError`
    where the policy allows no difference.
    """
    pinned = {name: type_of(dtype) for name, dtype in pinned_types(options).items()}
    folders = partitions([part.label for part in parts], options)
    schema: dict[str, Any] = {}
    changes: list[Change] = []
    own = [part.schema for part in parts]
    names = list(dict.fromkeys(name for one in own for name in one))
    if not names and (full := next((part for part in parts if part.rows), None)):
        raise InputError(f"{full.label} has {full.rows} rows without any column, which no table can keep")
    if options.schema != "evolve":
        names = [*own[0], *(name for name in pinned if name in names and name not in own[0])]
    _columns(parts, options, names, changes)
    for name in names:
        if name in pinned:
            schema[name] = pinned[name]
        elif options.schema == "evolve":
            schema[name] = _evolved(name, parts, fits, changes)
        else:
            schema[name] = _fixed(name, parts, options, changes)
    for name, kind in _keys(folders, pinned).items():
        if name not in schema:
            schema[name] = kind
    if not schema and not any(part.rows for part in parts) and all(part.guessed for part in parts):
        schema = dict(pinned)  # files without rows that do not say their columns: what is pinned is all that is known
    _check_pins(pinned, schema)
    place = {part.label: at for at, part in enumerate(parts)}
    return schema, sorted(changes, key=lambda one: place[one["file"]])


def partitions(labels: Sequence[str], options: Options) -> list[dict[str, str | None]]:
    """What the folders of each path say. Raises :class:`InputError` if only some say something, and none may differ."""
    found = [partition_of(label) if options.hive else {} for label in labels]
    names = dict.fromkeys(name for one in found for name in one)
    if options.schema != "evolve":
        for name in names:
            if any(name not in one for one in found):
                raise InputError(
                    f"some files lie in a folder {name}=…, others do not; name only those that belong together"
                )
    return found


def _columns(parts: Sequence[Part], options: Options, names: Sequence[str], changes: list[Change]) -> None:
    """Record, or refuse, columns that files have more or fewer, or in another order."""
    seen = dict.fromkeys(parts[0].schema)
    first = list(parts[0].schema)
    for name in names:
        if name not in seen and options.schema == "freeze":
            seen[name] = None
    for part in parts[1:]:
        lacks = [name for name in seen if name not in part.schema]
        more = [name for name in part.schema if name not in seen]
        if options.schema == "fail" and lacks:
            hint = did_you_mean(lacks[0], more)
            raise InputError(f"{part.label} has no column {lacks[0]!r}, which {parts[0].label} has.{hint}")
        if options.schema == "fail" and more:
            raise InputError(f"{part.label} has a column {more[0]!r}, which {parts[0].label} does not have")
        for name in lacks:
            changes.append(_change(part, name, "missing", parts[0].schema.get(name), None))
        for name in more:
            kind = "added" if options.schema == "evolve" else "dropped"
            changes.append(_change(part, name, kind, None, part.schema[name]))
        common = [name for name in part.schema if name in seen]
        wanted = [name for name in seen if name in part.schema]
        if common != wanted:
            at = next(at for at, (one, other) in enumerate(zip(wanted, common, strict=True)) if one != other)
            changes.append(_change(part, common[at], "order", first.index(common[at]) if common[at] in first else None,
                                   list(part.schema).index(common[at])))  # fmt: skip
        if options.schema == "evolve":
            seen |= dict.fromkeys(more)


def _evolved(name: str, parts: Sequence[Part], fits: Fits, changes: list[Change]) -> Any:
    """The narrowest type that keeps what all files have in this column; formats that say types come first."""
    having = [part for part in parts if part.schema.get(name, "null") != "null"]
    if not having:
        any_said = any(name in part.schema and not part.guessed for part in parts)
        return "null" if any_said else "text"
    said = [part for part in having if not part.guessed]
    united: Any = None
    for part in [*said, *(part for part in having if part.guessed)]:
        kind = part.schema[name]
        if united is None or kind == united:
            united = kind
        elif said and part.guessed and fits(part, name, united):
            changes.append(_change(part, name, "cast", kind, united))
        else:
            made = _wider(name, united, part, fits, parts)
            changes.append(_change(part, name, *(("cast", kind) if made == united else ("widened", united)), made))
            united = made
    return united


def _wider(name: str, united: Any, part: Part, fits: Fits, parts: Sequence[Part]) -> Any:
    """The type that keeps both what was united so far and this file's column."""
    kind = part.schema[name]
    made = join(united, kind)
    if _asks(made):  # whole numbers beside fractions, also deep in lists or structs
        made = _answered(made)
        whole = [one for one in parts if _family(one.schema.get(name, "null")) in ("int", "decimal", "nested")]
        if not all(fits(one, name, made) for one in whole if one.schema[name] != made):
            made = "text"
    if not isinstance(made, str) and made is not None and made[0] in ("datetime", "duration"):
        coarser = [one for one in parts if one.schema.get(name, "null") not in ("null", made)]
        if made[1] == "ns" and not all(
            fits(one, name, made) for one in coarser if _family(one.schema[name]) == made[0]
        ):
            made = "text"  # a moment that finer units do not reach
    if made is None:
        raise InputError(
            f"{part.label}: column {name!r} is {_word(kind)} here, and {_word(united)} in a file before; no type keeps "
            f"both. If it is one thing, say which, as in types: {{{name}: text}}"
        )
    return made


def _fixed(name: str, parts: Sequence[Part], options: Options, changes: list[Change]) -> Any:
    """The first file's type; others are read as it, or refused."""
    holder = next((part for part in parts if part.schema.get(name, "null") != "null"), None)
    if holder is None:
        return "null" if any(name in part.schema and not part.guessed for part in parts) else "text"
    kind = holder.schema[name]
    for part in parts:
        other = part.schema.get(name, "null")
        if other in (kind, "null"):
            continue
        if options.schema == "fail":
            raise InputError(
                f"{part.label}: column {name!r} is {_word(other)} here, and {_word(kind)} in {holder.label}. If it is "
                f"one thing, say which, as in types: {{{name}: text}}"
            )
        changes.append(_change(part, name, "cast", other, kind))
    return kind


def join(one: Any, other: Any) -> Any:
    """The narrowest logical type that keeps both without loss; ``float64?`` where that depends on the values.

    None where there is none: nested values beside others, or bytes beside text.
    """
    if one == other or other == "null":
        return one
    if one == "null":
        return other
    a, b = _family(one), _family(other)
    if a == b == "nested":
        return _joined_nested(one, other)
    if "nested" in (a, b) or "binary" in (a, b):
        return None if not ("nested" in (a, b) and "text" in (a, b)) else "text"
    if a == b == "int":
        return _joined_whole(one, other)
    if a == b == "float":
        return max(one, other, key=_FLOATS.index)
    if {a, b} == {"int", "decimal"} or a == b == "decimal":
        return _joined_decimal(_as_decimal(one), _as_decimal(other))
    if {a, b} == {"int", "float"}:
        whole, fraction = (one, other) if a == "int" else (other, one)
        if _DIGITS[whole] <= 5:
            return "float32" if fraction in ("float16", "float32") else "float64"
        return "float64" if _DIGITS[whole] <= 10 else "float64?"
    if {a, b} == {"decimal", "float"}:
        return "float64?"
    if a == b == "datetime":
        zone = one[2] if one[2] == other[2] else "UTC"
        if (one[2] is None) != (other[2] is None):
            return "text"
        return ["datetime", max(one[1], other[1], key=_UNITS.index), zone]
    if {a, b} == {"date", "datetime"}:
        return (one if a == "datetime" else other) if None in (one[-1], other[-1]) else "text"
    if a == b == "duration":
        return ["duration", max(one[1], other[1], key=_UNITS.index)]
    return "text"


def _family(kind: Any) -> str:
    name = kind if isinstance(kind, str) else str(kind[0])
    if name in _DIGITS:
        return "int"
    if name in _FLOATS:
        return "float"
    return "nested" if name in ("list", "struct", "array") else name


def _joined_whole(one: str, other: str) -> Any:
    if (one in _SIGNED) == (other in _SIGNED):
        return max(one, other, key=(_SIGNED if one in _SIGNED else _UNSIGNED).index)
    signed, unsigned = (one, other) if one in _SIGNED else (other, one)
    if unsigned == "uint64":
        return ["decimal", 38, 0]
    return max(signed, _SIGNED[_UNSIGNED.index(unsigned) + 1], key=_SIGNED.index)


def _as_decimal(kind: Any) -> tuple[int, int]:
    return (_DIGITS[kind], 0) if isinstance(kind, str) else (kind[1], kind[2])


def _joined_decimal(one: tuple[int, int], other: tuple[int, int]) -> Any:
    scale = max(one[1], other[1])
    before = max(one[0] - one[1], other[0] - other[1])
    return ["decimal", before + scale, scale] if before + scale <= 38 else "text"


def _joined_nested(one: Any, other: Any) -> Any:
    """Lists by what is in them, structs by field; None where they are not alike."""
    if one[0] in ("list", "array") and other[0] in ("list", "array"):
        inner = join(one[1], other[1])
        return None if inner is None else ["list", inner]
    if one[0] == other[0] == "struct":
        fields = dict(one[1])
        for name, kind in other[1]:
            made = join(fields.get(name, "null"), kind)
            if made is None:
                return None
            fields[name] = made
        return ["struct", [[name, kind] for name, kind in fields.items()]]
    return None


def _asks(kind: Any) -> bool:
    """Whether a type hangs on the values: whole numbers may be fractions only where they are exact as such."""
    return kind == "float64?" or (isinstance(kind, (list, tuple)) and any(map(_asks, kind)))


def _answered(kind: Any) -> Any:
    if kind == "float64?":
        return "float64"
    return [_answered(one) for one in kind] if isinstance(kind, list) else kind


def _keys(folders: Sequence[Mapping[str, str | None]], pinned: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that come from folders, with their types: whole numbers if all are written plainly, else text."""
    keys: dict[str, Any] = {}
    for name in dict.fromkeys(name for one in folders for name in one):
        values = [value for one in folders if (value := one.get(name)) is not None]
        whole = values and all(v.removeprefix("-").isdecimal() and v.isascii() and v == str(int(v)) for v in values)
        small = whole and all(abs(int(value)) < 2**63 for value in values)
        keys[name] = pinned.get(name) or ("int64" if small else "text")
    return keys


def _check_pins(pinned: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    for name in pinned:
        if name not in schema:
            shown = ", ".join(list(schema)[:20]) + (" …" if len(schema) > 20 else "")
            raise InputError(f"types: there is no column {name!r}.{did_you_mean(name, schema)} There are: {shown}")


def _change(part: Part, column: str, kind: str, was: Any, now: Any) -> Change:
    return {"file": part.label, "column": column, "kind": kind, "was": was, "now": now}


def said(change: Change) -> str:
    """A difference between files, in words."""
    was, now = change["was"], change["now"]
    column = f" column {change['column']!r}:" if change["column"] else ""
    both = ""
    if change["kind"] == "order":
        both = f" (place {was} in the first file, {now} here)"
    elif change["kind"] == "widened":
        both = f" ({_word(was)} before, {_word(now)} with this file)"
    elif was is not None and now is not None:
        both = f" ({_word(was)} here, {_word(now)} in all)"
    return f"{change['file']}:{column} {change['kind']}{both}"


def pin_of(kind: Any) -> str | None:
    """How settings pin a column to this logical type; None for types that they cannot name."""
    if isinstance(kind, str):
        return None if kind in ("null", "float16") else kind
    return _word(kind) if kind[0] in ("datetime", "duration", "decimal") else None


def _word(kind: Any) -> str:
    if isinstance(kind, str):
        return kind
    if kind[0] in ("datetime", "duration"):
        return f"{kind[0]}[{', '.join(str(one) for one in kind[1:] if one)}]"
    return f"decimal({kind[1]},{kind[2]})" if kind[0] == "decimal" else str(kind[0])
