"""A table checked against the schema of an annotation: ours by :func:`check`, pandera's by pandera itself."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from solvent.data.canonical import Rows, conform
from solvent.data.contract.checks import Checked, Finding, check
from solvent.data.contract.checks.opening import open_table
from solvent.data.contract.checks.verdict import clip
from solvent.data.contract.record import Contract
from solvent.data.contract.schemas.finding import is_pandera
from solvent.data.family import kind_of
from solvent.data.frames.outgoing import give
from solvent.errors import UsageError

__all__ = ["check_schema"]


def check_schema(
    table: Any, schema: Any, *, now: datetime.datetime | None = None, sample: int = 10, profile: Any = None
) -> Checked:
    """Check a table, in any frame, against a contract or a schema of pandera.

    Pandera validates lazily, so that every fault is found; it holds the table in memory. What it coerces or fills in
    (``coerce=True``, ``default``) does not change the table here. Raises :class:`UsageError` for what is no schema.
    """
    if isinstance(schema, Contract):
        return check(table, schema, now=now, sample=sample, profile=profile)
    if not is_pandera(schema):
        name = getattr(schema, "__name__", type(schema).__name__)
        raise UsageError(f"{name} is no schema: a table is checked against a Contract or a schema of pandera")
    made: Any = schema
    if isinstance(schema, type):
        made = made.to_schema()
    asked = _frame_for(made)
    frame, rows = _frame(table, asked)
    passed = _demands(made)
    try:
        made.validate(frame, lazy=True)
    except Exception as error:
        cases = getattr(error, "failure_cases", None)
        if cases is None or not type(error).__module__.startswith("pandera"):
            raise
        broken = _broken(_records(cases), rows, sample, numbered=_numbered(frame))
        return Checked(rows, (*broken, *(one for one in passed if one.path not in {found.path for found in broken})))
    return Checked(rows, tuple(passed))


def _frame_for(schema: Any) -> str:
    """The kind of frame that a schema validates, by where its class comes from."""
    modules = " ".join(one.__module__ or "" for one in type(schema).__mro__)
    return "polars.DataFrame" if "polars" in modules else "pandas.DataFrame"


def _frame(table: Any, asked: str) -> tuple[Any, int]:
    """The table as the frame that the schema validates, and its rows."""
    kind = kind_of(type(table))
    if kind == asked:
        return table, len(table)
    with open_table(table) as opened:
        frame = opened.whole if opened.whole is not None else opened.frame.collect()
        if asked == "polars.DataFrame":
            return frame, frame.height
        import pandas as pd

        return give(Rows(conform(frame)), pd.DataFrame), frame.height


def _demands(schema: Any) -> list[Finding]:
    """Every check of a schema, as passed."""
    found = []
    for name, column in (getattr(schema, "columns", None) or {}).items():
        found.append(Finding(f"columns.{name}", f"is {column.dtype}", "fail", "passed"))
        found.extend(
            Finding(f"columns.{name}.{_name(str(one))}", _name(str(one)), "fail", "passed") for one in column.checks
        )
    found.extend(Finding(f"rules.{_name(str(one))}", _name(str(one)), "fail", "passed") for one in schema.checks or ())
    return found


def _records(cases: Any) -> list[Mapping[str, Any]]:
    """Pandera's failure cases, in order, whichever frame they come in."""
    if kind_of(type(cases)) == "polars.DataFrame":
        return list(cases.iter_rows(named=True))
    return list(cases.to_dict("records"))


def _broken(cases: Iterable[Mapping[str, Any]], rows: int, sample: int, *, numbered: bool) -> list[Finding]:
    """Failure cases put together: one finding for each column and check, its rows in order."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in cases:
        groups.setdefault((_path(one), str(one["check"])), []).append(one)
    spoiled = {path.rpartition(".")[0] for path, check in groups if _spoils(check)}
    found = []
    for (path, words), group in groups.items():
        labels = {one["index"]: one for one in group if _told(one.get("index"))}
        if not labels and not _spoils(words) and spoiled:  # it could not be computed over what is missing
            found.append(Finding(path, words, "fail", "skipped", why="a column is missing or of another type"))
            continue
        # A rule over many columns fails once for each of them: a row counts once.
        first = sorted(labels)[:sample] if numbered else list(labels)[:sample]
        examples = tuple(_example(label, labels[label]["failure_case"], numbered=numbered) for label in first)
        count = len(labels)
        why = f"{count:,} of {rows:,} rows break it" if count else clip(group[0]["failure_case"])
        why = "the column is missing" if path.endswith(".required") else why
        found.append(Finding(path, words, "fail", "violated", count, count / rows if rows else 0.0, examples, why))
    return found


def _path(case: Mapping[str, Any]) -> str:
    if case["check"] == "column_in_dataframe":
        return f"columns.{case['failure_case']}.required"
    if case["schema_context"] != "Column":
        return f"rules.{_name(str(case['check']))}"
    return f"columns.{case['column']}.{_name(str(case['check']))}"


def _spoils(check: str) -> bool:
    """Whether a check is of a column's presence or type, without which others cannot be computed."""
    return check == "column_in_dataframe" or check.startswith("dtype(")


def _example(label: Any, value: Any, *, numbered: bool) -> dict[str, Any]:
    if numbered:
        return {"row": int(label), "value": clip(value)}
    return {"row": None, "key": {"index": clip(label)}, "value": clip(value)}


def _numbered(frame: Any) -> bool:
    """Whether a frame's rows go by their position: all do but those of pandas with an index of its own."""
    index = getattr(frame, "index", None)
    return index is None or (type(index).__name__ == "RangeIndex" and index.start == 0 and index.step == 1)


def _told(index: Any) -> bool:
    return index is not None and index == index


def _name(check: str) -> str:
    """The name of a check, from how it shows itself (``<Check isin: isin(['x'])>``)."""
    inner = check.removeprefix("<Check ").removesuffix(">") if check.startswith("<Check ") else check
    return inner.partition(": ")[2] or inner if check.startswith("<Check ") else inner
