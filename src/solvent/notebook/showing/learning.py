"""Models and reports: what a predictor consists of and needs, and how good it was found to be."""

from __future__ import annotations

from typing import Any

from solvent.learn.assembly import Predictor
from solvent.learn.evaluation import Report
from solvent.learn.measures.importance import Importance
from solvent.learn.transforms import Fitted
from solvent.notebook.showing.page import box, clean, clip, columns, facts, grid, words

__all__ = ["show_predictor", "show_report"]

_MOST = 40


def show_predictor(value: Predictor[Any]) -> tuple[str, str]:
    """A predictor: its parts in order, and the columns that rows have to bring."""
    parts = [_name(one) for one in value.parts]
    title = f"Predictor: {' → '.join(parts)}"
    pairs: list[tuple[str, object]] = [("target", value.target)] if value.target else []
    if value.classes:
        pairs.append(("classes", ", ".join(map(str, value.classes))))
    if value.threshold is not None:
        pairs.append(("threshold", f"{value.threshold:g}"))
    pairs += [(f"left out: {name}", why or "") for name, why in value.left_out.items()]
    rows = [(one.name, one.kind) for one in value.columns[:_MOST]]
    more = f"… and {len(value.columns) - _MOST} more columns" if len(value.columns) > _MOST else ""
    head = ("column", "kind")
    text = [clean(title), *(f"  {clean(name)}: {clean(clip(one))}" for name, one in pairs)]
    text += [columns([head, *rows])] if rows else []
    page = facts(pairs) + (grid(head, [[words(cell) for cell in row] for row in rows]) if rows else "")
    return "\n".join([*text, *([more] if more else [])]), box(title, page + (f"<p>{words(more)}</p>" if more else ""))


def _name(part: Any) -> str:
    return type(part.inner if isinstance(part, Fitted) else part).__qualname__


def _weight(one: Importance) -> tuple[str, str]:
    return one.column, f"{one.loss:+.4g} ({one.low:+.4g} to {one.high:+.4g})"


def show_report(value: Report) -> tuple[str, str]:
    """A report: each figure beside that of the baseline, the worst slices, and what the loss hangs on."""
    title = f"{value.task} of {value.target}, judged on {value.rows:,} rows, against {value.against}"
    head = ("figure", "model", "baseline", "gain")
    rows = [
        (name, str(figure), str(value.baseline.get(name, "")), str(value.gain.get(name, "")))
        for name, figure in value.figures.items()
    ]
    text = [clean(title), columns([head, *rows])]
    page = grid(head, [[words(cell) for cell in row] for row in rows])
    parts = [
        ("slices", ("slice", "rows"), [(one.name, f"{one.rows:,}") for one in value.slices[:_MOST]]),
        ("importance", ("column", "loss without it"), [_weight(one) for one in value.importance[:_MOST]]),
    ]
    for name, names, found in parts:
        if found:
            text += [name, columns([names, *found])]
            page += f"<p>{words(name)}</p>" + grid(names, [[words(cell) for cell in row] for row in found])
    if value.confusion:
        counts = [
            (str(one), *(f"{count:,}" for count in row))
            for one, row in zip(value.classes, value.confusion, strict=False)
        ]
        top = ("true \\ answered", *map(str, value.classes))
        text += ["confusion", columns([top, *counts])]
        page += "<p>confusion</p>" + grid(top, [[words(cell) for cell in row] for row in counts])
    return "\n".join(text), box(title, page)
