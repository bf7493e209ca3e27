"""The page of a profile: one HTML file that needs no network and no script, and in which no value can be markup."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from solvent.data.pictures.page.cards import write_card
from solvent.data.pictures.page.noticing import Remark, find_remarks
from solvent.data.pictures.page.style import SCRIPT, STYLE
from solvent.data.pictures.page.words import count_bars, name_cell, value_cell, words
from solvent.data.pictures.specs import missing_of, plain, share

if TYPE_CHECKING:
    from solvent.data.profile import Profile

__all__ = ["allow_style", "page_head", "render_html"]

_CARDS = 1000
_LISTED = 200
_HEADS = (
    ("column", "t"), ("type", "t"), ("missing", "n"), ("distinct", "n"), ("least", ""), ("mean or most frequent", ""),
    ("greatest", ""), ("picture", ""),
)  # fmt: skip


def render_html(profile: Profile, *, title: str, found: Mapping[str, Any] | None = None) -> str:
    """A profile as one HTML page, the same bytes for the same profile.

    ``found`` is what is known of where the rows came from (files, formats, encodings …), as plain JSON, and is shown
    as it is. The page loads nothing and says so to the browser (a content security policy that allows its own style
    and script alone); it sorts and filters where scripts may run. Of very wide tables the first thousand columns have
    a section of their own; the overview holds them all.
    """
    remarks = find_remarks(profile)
    shown = html.escape(plain(title))
    parts = [
        *page_head(shown, f"{allow_style()}; script-src {_allow(SCRIPT)}"),
        '<a class="skip" href="#columns">To the table of columns</a>',
        f"<header><h1><bdi>{shown}</bdi></h1>{_facts(profile)}</header>\n<main>",
        *_found(found),
        *_remarks(remarks, profile),
        *_overview(profile),
        *_cards(profile, remarks),
        f"</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
    ]
    return "\n".join(parts)


def page_head(title: str, allowed: str) -> list[str]:
    """How a page begins: it loads nothing but what its content security policy allows. ``title`` is escaped already."""
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    return [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
    ]


def allow_style() -> str:
    """What a content security policy says for the style of these pages."""
    return f"style-src {_allow(STYLE)}"


def _allow(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _facts(profile: Profile) -> str:
    cells = profile.rows * len(profile.columns)
    missing = sum(missing_of(one) for one in profile.columns)
    kinds: dict[str, int] = {}
    for one in profile.columns:
        kinds[str(one["kind"])] = kinds.get(str(one["kind"]), 0) + 1
    said = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items(), key=lambda one: (-one[1], one[0])))
    facts = [
        ("rows", f"{profile.rows:,}"),
        ("columns", f"{len(profile.columns):,}" + (f" ({said})" if said else "")),
        ("missing", f"{missing:,} of {cells:,} values ({share(missing, cells)})" if cells else "nothing to miss"),
        ("record", profile.version),
    ]
    return "<dl>" + "".join(f"<dt>{words(name)}</dt><dd>{words(text)}</dd>" for name, text in facts) + "</dl>"


def _found(found: Mapping[str, Any] | None) -> Iterator[str]:
    if found:
        yield f"<section><h2>What was found</h2>{_tree(found, 0)}</section>"


def _tree(value: Any, depth: int) -> str:
    """Plain JSON as lists within lists, without what is empty; long ones are cut, and say so."""
    if depth < 5 and isinstance(value, Mapping):
        pairs = [(name, one) for name, one in value.items() if _says(one)]
        rest = f"<dt>…</dt><dd>and {len(pairs) - _LISTED:,} more</dd>" if len(pairs) > _LISTED else ""
        made = "".join(f"<dt>{_label(name)}</dt><dd>{_tree(one, depth + 1)}</dd>" for name, one in pairs[:_LISTED])
        return f"<dl>{made}{rest}</dl>"
    if depth < 5 and isinstance(value, (list, tuple)):
        items = list(value)[:_LISTED]
        if all(isinstance(one, (str, int, float)) for one in items) and len(str(value)) < 100:
            return words(", ".join(str(one) for one in items))
        if items and all(_flat(one) for one in items):
            return _records(items, len(value))
        rest = f"<li>and {len(value) - len(items):,} more</li>" if len(value) > len(items) else ""
        return "<ul>" + "".join(f"<li>{_tree(one, depth + 1)}</li>" for one in items) + rest + "</ul>"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (Mapping, list, tuple)):
        return words(json.dumps(value, ensure_ascii=False, default=str))
    return words(f"{value:,}" if type(value) is int else value)


def _says(value: Any) -> bool:
    return value is not None and value not in ({}, [], (), "")


def _label(name: object) -> str:
    return words(str(name).replace("_", " "))


def _flat(value: Any) -> bool:
    """Whether it has plain values alone, or short lists of them."""
    return isinstance(value, Mapping) and all(
        not _says(one)
        or not isinstance(one, (Mapping, list, tuple))
        or (isinstance(one, (list, tuple)) and not any(isinstance(part, (Mapping, list, tuple)) for part in one))
        for one in value.values()
    )


def _records(items: Sequence[Mapping[str, Any]], whole: int) -> str:
    """Facts about several things of a sort, such as files, as a table."""
    names = list(dict.fromkeys(name for one in items for name in one if any(_says(each.get(name)) for each in items)))
    heads = "".join(f'<th scope="col">{_label(name)}</th>' for name in names)
    rows = [
        "".join(f'<td class="v">{_tree(one[name], 4) if _says(one.get(name)) else ""}</td>' for name in names)
        for one in items
    ]
    caption = f"{whole:,}" if len(items) == whole else f"the first {len(items):,} of {whole:,}"
    head = f"<caption>{caption}</caption><thead><tr>{heads}</tr></thead>"
    body = "".join(f"<tr>{one}</tr>" for one in rows)
    return f'<div class="wide"><table>{head}<tbody>{body}</tbody></table></div>'


def _remarks(remarks: Sequence[Remark], profile: Profile) -> Iterator[str]:
    if not remarks:
        return
    yield f"<section><h2>Worth a look ({len(remarks):,})</h2><ul>"
    for one in remarks[:_LISTED]:
        if one.place is None:
            yield f"<li>{words(one.text)}</li>"
        else:
            name = name_cell(profile.columns[one.place])
            linked = f'<a href="#{"c" if one.place < _CARDS else "r"}{one.place}">{name}</a>'
            yield f'<li>{linked}: <span class="look">{words(one.text)}</span></li>'
    if len(remarks) > _LISTED:
        yield f"<li>and {len(remarks) - _LISTED:,} more, each at its column</li>"
    yield "</ul></section>"


def _overview(profile: Profile) -> Iterator[str]:
    yield '<section><h2 id="overview">Columns</h2>'
    yield (
        '<p class="find" hidden><label>Filter by name or type <input id="find" type="search"></label> '
        '<span id="found" class="soft" role="status"></span></p>'
    )
    heads = "".join(
        f'<th scope="col"{f" data-k={kind}" if kind else ""}{" class=n" if name in ("missing", "distinct") else ""}>'
        f"{name}</th>"
        for name, kind in _HEADS
    )
    yield (
        f'<div class="wide" role="region" aria-label="Columns" tabindex="0"><table id="columns"><caption>'
        f"{len(profile.columns):,} columns</caption><thead><tr>{heads}</tr></thead><tbody>"
    )
    for place, column in enumerate(profile.columns):
        yield _row(place, column, profile.rows)
    yield "</tbody></table></div></section>"


def _row(place: int, column: Mapping[str, Any], rows: int) -> str:
    missing, distinct = missing_of(column), column.get("distinct")
    name = name_cell(column)
    linked = f'<a href="#c{place}">{name}</a>' if place < _CARDS else name
    middle = value_cell(column["mean"]) if column.get("mean") is not None else _best(column)
    about = "" if column.get("distinct_exact", True) else "~"
    said = "" if distinct is None else f"{about}{distinct:,}"
    searched = html.escape(plain(f"{column['name']} {column['type']}").lower())
    return (
        f'<tr id="r{place}" data-i="{place}" data-w="{searched}"><th scope="row">{linked}</th>'
        f"<td>{words(column['type'])}</td>"
        f'<td class="n" data-k="{missing}">{share(missing, rows) if missing else "0"}</td>'
        f'<td class="n" data-k="{-1 if distinct is None else distinct}">{said}</td>'
        f'<td class="v">{value_cell(column.get("min"))}</td><td class="v">{middle}</td>'
        f'<td class="v">{value_cell(column.get("max"))}</td><td>{count_bars(column)}</td></tr>'
    )


def _best(column: Mapping[str, Any]) -> str:
    top = column.get("top")
    if top:
        return f"{value_cell(top[0][0])} <span class=soft>({top[0][1]:,}×)</span>"
    lengths = column.get("lengths") or {}
    return f"length {lengths['min']:,} to {lengths['max']:,}" if lengths.get("max") is not None else ""


def _cards(profile: Profile, remarks: Sequence[Remark]) -> Iterator[str]:
    yield '<section><h2 id="details">Column by column</h2>'
    if len(profile.columns) > _CARDS:
        yield (
            f"<p>The first {_CARDS:,} of {len(profile.columns):,} columns stand here. A profile of chosen columns "
            f"(<code>--columns</code>) shows others.</p>"
        )
    told: dict[int, list[Remark]] = {}
    for one in remarks:
        if one.place is not None:
            told.setdefault(one.place, []).append(one)
    for place, column in enumerate(profile.columns[:_CARDS]):
        yield write_card(place, column, profile.rows, [one.text for one in told.get(place, ())])
    yield "</section>"
