"""A difference as lines of text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from solvent.data.diff.record import FIGURES, Diff

__all__ = ["render_text"]

_FEW = 5


def render_text(found: Diff) -> str:
    """The difference as text: columns, rows, changed cells with examples, and figures."""
    rows = found.rows
    lines = [f"{rows['before']:,} rows before, {rows['after']:,} after"]
    if found.blocks is not None:
        lines.append("{shared:,} blocks in both, {before:,} and {after:,} of their own".format(**found.blocks))
    if found.same:
        return "\n".join([*lines, "The tables are the same."])
    lines += _column_lines(found.columns)
    if rows["order"]:
        lines.append("the same rows, in another order")
    counts = [f"{rows[word]:,} {word}" for word in ("added", "removed", "changed") if rows[word]]
    if counts:
        lines.append("rows: " + ", ".join(counts))
    for word, sign in (("removed", "-"), ("added", "+")):
        lines += [f"  {sign} {_row(one)}" for one in found.examples.get(word, ())[:_FEW]]
    if found.changed:
        lines.append("cells that changed, by column:")
    for name, count in sorted(found.changed.items(), key=lambda one: -one[1]):
        lines.append(f"  {name}: {count:,}")
        shown = [one for one in found.examples.get("changed", ()) if one["column"] == name]
        lines += [f"    {_row(one['key'])}: {one['was']} → {one['now']}" for one in shown[:_FEW]]
    if found.figures:
        lines.append("figures that changed:")
    for one in found.figures:
        pairs = [f"{name} {_short(one[name][0])} → {_short(one[name][1])}" for name in FIGURES if name in one]
        lines.append(f"  {one['column']}: {', '.join(pairs)}")
    return "\n".join(lines)


def _column_lines(columns: Mapping[str, Any]) -> list[str]:
    lines = [f"column added: {name} ({_type(kind)})" for name, kind in columns["added"].items()]
    lines += [f"column removed: {name} ({_type(kind)})" for name, kind in columns["removed"].items()]
    lines += [f"column renamed: {was} → {now}" for was, now in columns["renamed"].items()]
    lines += [f"column {name}: {_type(was)} → {_type(now)}" for name, (was, now) in columns["retyped"].items()]
    return lines + (["columns stand in another order"] if columns["moved"] else [])


def _type(kind: Any) -> str:
    return kind if isinstance(kind, str) else f"{kind[0]}[{', '.join(str(one) for one in kind[1:] if one is not None)}]"


def _row(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in row.items())


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)
