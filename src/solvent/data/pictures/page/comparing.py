"""The page of a comparison: what was found in words, and each column of both sides in one picture."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from solvent.data.pictures.comparing import draw_comparison
from solvent.data.pictures.page.words import words
from solvent.data.pictures.page.writing import allow_style, page_head
from solvent.data.pictures.rendering import render_svg
from solvent.data.pictures.specs import plain

if TYPE_CHECKING:
    from solvent.data.profile import Profile

__all__ = ["render_comparison"]

_DRAWN = 100


def render_comparison(
    before: Profile, after: Profile, *, names: tuple[str, str], found: str, columns: Sequence[str],
    told: Mapping[str, str],
) -> str:  # fmt: skip
    """Two profiles as one HTML page: ``found`` as it stands, then a picture of each of these columns that both have.

    ``names`` are what the sides are called, ``told`` says something of a column. The page loads nothing and runs
    nothing, and says so to the browser; pictures are images in it, so that no value can be markup. A hundred columns
    are drawn at most. Raises :class:`MissingExtra` where drawing needs vl-convert and it is not there.
    """
    known = [{str(one["name"]) for one in side.columns} for side in (before, after)]
    both = [name for name in columns if all(name in side for side in known)]
    title = html.escape(plain(f"{names[0]} → {names[1]}"))
    parts = [
        *page_head(title, f"img-src data:; {allow_style()}"),
        f"<header><h1><bdi>{title}</bdi></h1></header>\n<main>",
        f'<section><h2>What was found</h2><div class="wide"><pre>{_lines(found)}</pre></div></section>',
        f"<section><h2>Column by column ({len(both):,})</h2>",
        *(_card(before, after, name, names, told.get(name, "")) for name in both[:_DRAWN]),
    ]
    if len(both) > _DRAWN:
        parts.append(f"<p>The first {_DRAWN:,} of {len(both):,} columns are drawn here.</p>")
    return "\n".join([*parts, "</section>\n</main>\n</body>\n</html>\n"])


def _lines(text: str) -> str:
    """Text with its line breaks, and nothing else that could be markup or move anything."""
    return "\n".join(html.escape(plain(line)) for line in text.split("\n"))


def _card(before: Profile, after: Profile, name: str, names: tuple[str, str], told: str) -> str:
    drawn = render_svg(draw_comparison(before, after, name, names=names))
    data = base64.b64encode(drawn.encode()).decode()
    said = f"<p>{words(told)}</p>" if told else ""
    alt = html.escape(plain(f"{name}, {names[0]} and {names[1]}"))
    return (
        f'<section class="c"><h3>{words(name)}</h3>{said}'
        f'<figure><img alt="{alt}" src="data:image/svg+xml;base64,{data}"></figure></section>'
    )
