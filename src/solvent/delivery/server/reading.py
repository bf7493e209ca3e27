"""Bodies of requests as records: plain ones, and the four forms of MLflow's ``/invocations``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from solvent.delivery.server.guard import check_rows
from solvent.errors import InputError, Problem
from solvent.learn.tables.schema import Column

__all__ = ["NoJson", "read_invocations", "read_json"]

_FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")


class NoJson(Exception):
    """A body that is no JSON."""


def read_json(body: bytes) -> Any:
    """What a body says; raises :class:`NoJson`."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise NoJson(f"the body is no JSON: {error}") from None


def read_invocations(asked: Any, columns: Sequence[Column], most: int) -> list[Any]:
    """The records of a request to ``/invocations``; raises :class:`InputError` for one that is none.

    Raises :class:`TooLarge` for one of more than ``most`` rows.

    ``dataframe_split`` is ``{columns, data}``, ``dataframe_records`` and ``instances`` lists of records; ``inputs`` is
    a mapping of columns to values. Rows without names (lists, or the values of a model of one column) are taken in
    the order of the columns.
    """
    if not isinstance(asked, dict):
        raise InputError(f"expected an object with one of {', '.join(_FORMS)}")
    found = [name for name in _FORMS if name in asked]
    if len(found) != 1:
        said = (
            f"it has {' and '.join(found)}" if found else f"it has {', '.join(map(str, list(asked)[:5])) or 'nothing'}"
        )
        raise InputError(f"expected an object with one of {', '.join(_FORMS)}; {said}")
    value = asked[found[0]]
    if found[0] == "dataframe_split":
        return _split(value, most)
    if isinstance(value, dict) and value and found[0] == "inputs":
        return _columns(value, most)
    if not isinstance(value, list):
        more = ", or a mapping of columns to their values" if found[0] == "inputs" else ""
        raise InputError(f"{found[0]}: expected a list of rows{more}")
    check_rows(len(value), most)
    return _rows(value, [one.name for one in columns])


def _split(value: Any, most: int) -> list[Any]:
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        raise InputError("dataframe_split: expected {columns: [names], data: [rows]}")
    names = value.get("columns")
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise InputError("dataframe_split: columns is a list of names")
    check_rows(len(value["data"]), most)
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InputError(f"dataframe_split: the column {name!r} is named twice")
        seen.add(name)
    return _rows(value["data"], names, always=True)


def _rows(rows: list[Any], names: list[str], always: bool = False) -> list[Any]:
    """Rows as records: those that are lists by the names, in order."""
    made: list[Any] = []
    for place, row in enumerate(rows):
        if isinstance(row, Mapping) and not always:
            made.append(row)
            continue
        cells = row if isinstance(row, list) else [row] if len(names) == 1 and not always else None
        if cells is None or len(cells) != len(names):
            found = len(cells) if cells is not None else "no list"
            text = f"expected a list of {len(names)} values, one for each column, got {found}"
            raise InputError(f"row {place}: {text}", [Problem(f"row {place}", text)])
        made.append(dict(zip(names, cells, strict=True)))
    return made


def _columns(value: Mapping[str, Any], most: int) -> list[Any]:
    """Columns with their values as records; single values are one row."""
    lists = {name: one if isinstance(one, list) else [one] for name, one in value.items()}
    check_rows(max(map(len, lists.values())), most)
    if len(set(map(len, lists.values()))) > 1:
        told = ", ".join(f"{name} {len(one)}" for name, one in list(lists.items())[:10])
        raise InputError(f"inputs: the columns have different numbers of values: {told}")
    names = list(lists)
    return [dict(zip(names, map(_flat, row), strict=True)) for row in zip(*lists.values(), strict=True)]


def _flat(cell: Any) -> Any:
    return cell[0] if isinstance(cell, list) and len(cell) == 1 else cell
