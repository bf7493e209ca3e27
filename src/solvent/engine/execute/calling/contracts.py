"""Contracts in annotations: a table that comes in or goes out of a step is held to what its annotation says."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from solvent.data import is_table, is_table_format
from solvent.errors import InputError, OutputError

if TYPE_CHECKING:
    from solvent.archive.keeping import Pending

__all__ = ["hold_input", "hold_outputs", "schema_digests", "schema_in"]


def schema_in(annotation: Any) -> Any:
    """The contract or schema that an annotation carries, or None; plain classes are not asked (most are)."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return None
    from solvent.data.contract import schema_of

    return schema_of(annotation)


def hold_input(value: Any, annotation: Any, label: str) -> list[str]:
    """Raise :class:`InputError` with every violation if a table breaks what its parameter's annotation says.

    Gives what the contract only warns of.
    """
    found, told = _broken(value, schema_in(annotation), label)
    if found:
        raise InputError(f"{label} breaks its contract:\n{found}")
    return told


def hold_outputs(outputs: Mapping[str, Pending], declared: Mapping[str, Any], label: str) -> list[str]:
    """Raise :class:`OutputError` with every violation where a table breaks what the step declares; it is not kept.

    Gives what the contracts only warn of.
    """
    notes: list[str] = []
    for name, pending in outputs.items():
        schema = schema_in(declared.get(name))
        if schema is None or not is_table_format(pending.format.name):
            continue
        from solvent.data.packs.reading import lazy_kind

        where = label if len(outputs) == 1 else f"{label}.{name}"
        found, told = _broken(pending.look(lazy_kind()), schema, where)
        notes += told
        if found:
            raise OutputError(f"{where!r} breaks the contract of what it declares:\n{found}")
    return notes


def schema_digests(annotations: Mapping[str, Any]) -> dict[str, str]:
    """The contracts that annotations carry, by digest: part of a step's key. Pandera's count by their code."""
    schemas = {name: schema_in(annotation) for name, annotation in annotations.items()}
    return {name: str(one.digest) for name, one in schemas.items() if hasattr(one, "digest")}


def _broken(value: Any, schema: Any, label: str) -> tuple[str, list[str]]:
    """What refuses a table, and what is only told of it.

    An annotation changes no table: rows that the contract sets aside are refused, with what does set them aside.
    """
    if schema is None or not is_table(value):
        return "", []
    from solvent.data.contract import check_schema

    checked = check_schema(value, schema)
    told = [f"{label}: {one.path} ({one.demand}) is broken, which its contract warns of" for one in checked.warned]
    if checked.quarantined and checked.ok:
        way = "An annotation sets no rows aside: have solvent.learn's check_table do that in a step before this one."
        return "\n".join([*checked.render_text().splitlines()[:-1], f"These rows are to be set aside. {way}"]), told
    return "" if checked.ok else checked.render_text(), told
