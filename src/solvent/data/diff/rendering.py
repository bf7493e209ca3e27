"""A difference as lines of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from solvent.data.diff.record import FIGURES, Diff

__all__ = ["render_text"]

_MOST = 12
_COLUMNS = 30


def render_text(found: Diff, examples: int = 5) -> str:
    """The difference as text: columns, rows, changed cells with so many examples of each, and figures."""
    rows = found.rows
    lines = [f"{rows['before']:,} rows {found.names[0]}, {rows['after']:,} {found.names[1]}"]
    if found.blocks is not None:
        lines.append("{shared:,} blocks in both, {before:,} and {after:,} of their own".format(**found.blocks))
    if found.same:
        return "\n".join([*lines, "The tables are the same."])
    lines += _column_lines(found.columns)
    if found.blocks is not None:
        lines += _range_lines(found.blocks["ranges"])
    if rows["order"]:
        moved = rows.get("moved")
        quiet = not any(rows[word] for word in ("added", "removed", "changed"))
        told = "the same rows, in another order" if quiet else "rows that both have stand in another order"
        lines.append(told if moved is None else f"{told}: {moved:,} moved")
    counts = [f"{rows[word]:,} {word}" for word in ("added", "removed", "changed") if rows[word]]
    if counts:
        lines.append("rows: " + ", ".join(counts))
    for word, sign in (("removed", "-"), ("added", "+")):
        lines += [f"  {sign} {_row(one)}" for one in found.examples.get(word, ())[:examples]]
    if found.changed:
        lines.append("cells that changed, by column:")
    for name, count in sorted(found.changed.items(), key=lambda one: -one[1])[:_COLUMNS]:
        lines.append(f"  {name}: {count:,}")
        shown = [one for one in found.examples.get("changed", ()) if one["column"] == name]
        lines += [f"    {_row(one['key'])}: {one['was']} → {one['now']}" for one in shown[:examples]]
    lines += _more(len(found.changed))
    if found.figures:
        lines.append("figures that changed, the most changed first:")
    for one in found.figures[:_COLUMNS]:
        pairs = [f"{name} {_short(one[name][0])} → {_short(one[name][1])}" for name in FIGURES if name in one]
        lines.append(f"  {one['column']}: {', '.join(pairs)}")
    return "\n".join(lines + _more(len(found.figures)))


def _more(columns: int) -> list[str]:
    return [f"  and {columns - _COLUMNS:,} more columns"] if columns > _COLUMNS else []


def _range_lines(ranges: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where blocks are not shared, in rows counted from 0."""
    told = [one for one in ranges if one["what"] != "shared"]
    lines = []
    for one in told[:_MOST]:
        before, after = (f"{one[side][0]:,} to {one[side][1] - 1:,}" for side in ("before", "after"))
        if one["what"] == "changed":
            lines.append(f"  blocks of rows {before} became {after}")
        else:
            lines.append(f"  blocks of rows {before if one['what'] == 'removed' else after} {one['what']}")
    return lines + ([f"  and {len(told) - _MOST:,} more runs of blocks"] if len(told) > _MOST else [])


def _column_lines(columns: Mapping[str, Any]) -> list[str]:
    told = [
        [f"column added: {name} ({_type(kind)})" for name, kind in columns["added"].items()],
        [f"column removed: {name} ({_type(kind)})" for name, kind in columns["removed"].items()],
        [f"column renamed (likely): {was} → {now}" for was, now in columns["renamed"].items()],
    ]
    unlike = set(columns["unlike"])
    told.append([
        f"column {name}: {_type(was)} → {_type(now)}"
        + ("; values of such types cannot be compared" if name in unlike else "")
        for name, (was, now) in columns["retyped"].items()
    ])  # fmt: skip
    lines = [line for part in told for line in part[:_COLUMNS] + _more(len(part))]
    lines += ["columns stand in another order"] if columns["moved"] else []
    return lines + [f"pandas {name} differs" for name in columns["frame"]]


def _type(kind: Any) -> str:
    if isinstance(kind, str):
        return kind
    text = f"{kind[0]}[{', '.join(str(one) for one in kind[1:] if one is not None)}]"
    return text if len(text) <= 80 else text[:79] + "…"


def _row(row: Mapping[str, Any]) -> str:
    shown = [f"{name}={value}" for name, value in list(row.items())[:_MOST]]
    return ", ".join(shown) + (f", and {len(row) - _MOST:,} more columns" if len(row) > _MOST else "")


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)
