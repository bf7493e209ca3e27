"""A model card as Markdown: tables and sentences, in which nothing that was recorded can be markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["COLUMNS", "plain_text", "table_of", "word_card", "word_column"]

COLUMNS = ("column", "type", "may be missing", "seen in training", "example")
"""The head of a table of columns, whose rows :func:`word_column` makes."""
_MARKUP = str.maketrans({one: f"\\{one}" for one in "\\`*_[]<>#|"} | {"\n": " ", "\r": " "})


def plain_text(value: object) -> str:
    """Text that Markdown shows as it is."""
    return "".join(one for one in str(value) if one.isprintable() or one in "\n\r").translate(_MARKUP)


def table_of(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A table in Markdown."""
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return [*lines, *("| " + " | ".join(plain_text(cell) for cell in row) + " |" for row in rows)]


def word_card(card: Mapping[str, Any], heading: str = "Model card") -> str:
    """The whole card."""
    lines = [f"# {plain_text(heading)}", "", _first(card), ""]
    if card["owner"]:
        lines += [f"Owner: {plain_text(card['owner'])}.", ""]
    lines += ["## How good it is", "", *_figures(card), ""]
    if card["slices"]:
        lines += ["## Where it is better and worse", "", *_slices(card), ""]
    if card["importance"]:
        said = "By how much the mean loss of a row grows when a column's values are handed out anew at random:"
        rows = [(one["column"], _number(one["loss"]), _span(one)) for one in card["importance"][:20]]
        lines += ["## What it hangs on", "", said, "", *table_of(("column", "loss", "least to most"), rows), ""]
    if card["confusion"]:
        lines += ["## What it takes for what", "", *_confusion(card), ""]
    lines += ["## What a request brings", "", *table_of(COLUMNS, map(word_column, card["columns"])), ""]
    lines += ["## Limits", "", *(f"- {plain_text(one)}" for one in card["limits"]), ""]
    lines += ["## What it needs", "", f"Python {plain_text(card['python'])} and these packages:", ""]
    lines += [", ".join(plain_text(f"{name} {version}") for name, version in card["requirements"].items()), ""]
    if card["code"]:
        lines += [f"Code that goes along: {', '.join(plain_text(one) for one in card['code'])}.", ""]
    return "\n".join(lines)


def word_column(column: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    """One column as cells: name, type, whether it may be missing, what was seen, and an example."""
    seen = ""
    if column["values"]:
        more = ", …" if len(column["values"]) >= 20 else ""
        seen = ", ".join(column["values"]) + more
    elif column["low"] is not None:
        seen = f"{column['low']} to {column['high']}"
    example = "" if column["example"] is None else str(column["example"])
    return column["name"], column["kind"], "yes" if column["nullable"] else "no", seen, example


def _first(card: Mapping[str, Any]) -> str:
    classes = f", one of {', '.join(plain_text(one) for one in card['classes'])}" if card["classes"] else ""
    parts = " → ".join(plain_text(one.rpartition(":")[2]) for one in card["parts"])
    decided = f" The second class is answered from a probability of {card['threshold']:g} on." if (
        card["threshold"] is not None
    ) else ""  # fmt: skip
    return f"Answers {plain_text(card['target'])} ({card['task']}{classes}). Parts: {parts}.{decided}"


def _figures(card: Mapping[str, Any]) -> list[str]:
    judged = card["judged"]
    said = f"On {judged['rows']:,} rows that it was not trained on; intervals: {plain_text(judged['method'])}."
    said += f" The gain is over {plain_text(judged['against'])}; positive is better."
    rows = []
    for name, one in card["figures"].items():
        gain = one["gain"] or {}
        rows.append(
            (name, _number(one["value"]), _span(one), _number(one["baseline"]), _number(gain.get("value")), _span(gain))
        )
    return [said, "", *table_of(("figure", "value", "95 %", "baseline", "gain", "95 %"), rows)]


def _slices(card: Mapping[str, Any]) -> list[str]:
    names = [name for name in ("log_loss", "roc_auc", "accuracy", "rmse", "mae", "r2") if name in card["figures"]]
    rows = []
    for one in card["slices"]:
        found = [one["figures"].get(name, {}).get("value") for name in names]
        why = "looked for" if one["found"] else "asked for"
        gap = "" if one["gap"] is None else f"{one['gap']:+.4g}"
        rows.append((one["name"], f"{one['rows']:,}", gap, *map(_number, found), why))
    return table_of(("rows where", "rows", "loss beyond elsewhere", *names, ""), rows)


def _confusion(card: Mapping[str, Any]) -> list[str]:
    classes = [str(one) for one in card["classes"]] or [str(place) for place in range(len(card["confusion"]))]
    rows = [(name, *(f"{cell:,}" for cell in row)) for name, row in zip(classes, card["confusion"], strict=False)]
    return table_of(("true", *(f"answered {plain_text(one)}" for one in classes)), rows)


def _number(value: Any) -> str:
    return "" if value is None else f"{value:.4g}"


def _span(one: Mapping[str, Any]) -> str:
    return "" if one.get("low") is None else f"{one['low']:.4g} to {one['high']:.4g}"
