"""One column's section of the page: its figures, its picture, its quantiles and its most frequent values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from solvent.data.pictures.page.bars import draw_share
from solvent.data.pictures.page.words import count_bars, name_cell, value_cell, words
from solvent.data.pictures.specs import ends_of, missing_of, share, show_value

__all__ = ["write_card"]

_TOP = 20
_MARKS = ("0.01", "0.05", "0.25", "0.5", "0.75", "0.95", "0.99")


def write_card(place: int, column: Mapping[str, Any], rows: int, remarks: Sequence[str]) -> str:
    """The section of the column at this place; ``remarks`` are said at its head."""
    said = "".join(f"<li>{words(one)}</li>" for one in remarks)
    figures = "".join(f"<dt>{words(name)}</dt><dd>{text}</dd>" for name, text in _figures(column, rows))
    parts = [
        f'<section class="c" id="c{place}"><h3>{name_cell(column)} ',
        f'<span class="soft">{words(column["type"])}</span></h3>',
        f'<ul class="look">{said}</ul>' if said else "",
        f"<div><dl>{figures}</dl>{_picture(column)}{_quantiles(column)}{_top(column, rows)}</div>",
        "</section>",
    ]
    return "".join(parts)


def _figures(column: Mapping[str, Any], rows: int) -> Iterator[tuple[str, str]]:
    missing = missing_of(column)
    yield "missing", f"{missing:,} ({share(missing, rows)})" if missing else "0"
    if column.get("nans"):
        yield "of these NaN", f"{column['nans']:,}"
    if column.get("infinite"):
        yield "infinite", f"{column['infinite']:,}"
    if column.get("distinct") is not None:
        about = "" if column.get("distinct_exact", True) else "about "
        yield "distinct", f"{about}{column['distinct']:,}"
    for name, text in (("min", "least"), ("mean", "mean"), ("std", "standard deviation"), ("max", "greatest")):
        if column.get(name) is not None:
            unit = " s" if name == "std" and column.get("kind") in ("time", "duration") else ""
            yield text, value_cell(column[name]) + unit
    if column.get("empty"):
        yield "empty text", f"{column['empty']:,}"
    lengths = column.get("lengths") or {}
    if lengths.get("max") is not None:
        mean = f", mean {show_value(lengths['mean'])}" if lengths.get("mean") is not None else ""
        yield "length", words(f"{lengths['min']:,} to {lengths['max']:,}{mean}")
    if column.get("fields"):
        yield "fields", words(", ".join(str(one) for one in column["fields"][:50]))
    if column.get("sampled"):
        looked = ", ".join(f"{name} from {count:,} rows" for name, count in column["sampled"].items())
        yield "sampled", words(looked)


def _picture(column: Mapping[str, Any]) -> str:
    if "histogram" not in column:
        return ""
    drawn = count_bars(column, width=320, height=110)
    if not drawn:
        return ""
    low, high, beyond = ends_of(column)
    middle = f"<span>{words('beyond: ' + ', '.join(beyond))}</span>" if beyond else ""
    ends = f"<span>{value_cell(low)}</span>{middle}<span>{value_cell(high)}</span>"
    return f"<figure>{drawn}<figcaption>{ends}</figcaption></figure>"


def _quantiles(column: Mapping[str, Any]) -> str:
    marks = column.get("quantiles") or {}
    shown = [one for one in _MARKS if marks.get(one) is not None]
    if not shown:
        return ""
    body = "".join(
        f'<tr><th scope="row" class="n">{float(one) * 100:g} %</th><td class="n">{value_cell(marks[one])}</td></tr>'
        for one in shown
    )
    return (
        f'<table><caption>Quantiles</caption><thead><tr><th scope="col" class="n">of rows</th>'
        f'<th scope="col" class="n">at most</th></tr></thead><tbody>{body}</tbody></table>'
    )


def _top(column: Mapping[str, Any], rows: int) -> str:
    top = column.get("top") or []
    if not top:
        return ""
    counted = (column.get("sampled") or {}).get("top") or max(rows - missing_of(column), 1)
    body = "".join(
        f'<tr><td class="v">{value_cell(value)}</td><td class="n">{count:,}</td>'
        f'<td class="n">{share(count, counted)}</td>'
        f"<td>{draw_share(count / counted)}</td></tr>"
        for value, count in top[:_TOP]
    )
    more = f", the first {_TOP} of {len(top)}" if len(top) > _TOP else ""
    if column.get("top_missed"):
        more += f"; counts are right to {column['top_missed']:,} rows"
    return (
        f'<table><caption>Most frequent values{more}</caption><thead><tr><th scope="col">value</th>'
        f'<th scope="col" class="n">rows</th><th scope="col" class="n">share</th><td></td></tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )
