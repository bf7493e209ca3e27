"""Tables with their profiles, and what tells two tables apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.archive.catalog import query
from solvent.data.diff import Diff
from solvent.data.diff import render_text as diff_text
from solvent.data.drift import Drift
from solvent.data.drift import render_text as drift_text
from solvent.data.packs.reading import lazy_kind
from solvent.data.pictures.page.bars import draw_bars
from solvent.data.pictures.page.words import count_bars, name_cell, value_cell
from solvent.data.pictures.specs import missing_of, share
from solvent.data.profile import PROFILE, Profile, profile
from solvent.data.profile import render_text as profile_text
from solvent.displays import Displayed
from solvent.notebook.showing.page import box, clean, grid, words, written

if TYPE_CHECKING:
    from solvent.engine.project import Project

__all__ = ["Shown", "show_diff", "show_drift", "show_profile", "show_table"]

_COLUMNS = 60
_ROWS = 5
_QUIET = 20
_FINE = 10_000


@dataclass(frozen=True, slots=True, repr=False)
class Shown(Displayed):
    """A table under its reference: its profile and its first rows. ``value`` is the table itself."""

    name: str
    profile: Profile
    first: Sequence[Mapping[str, Any]]
    value: Any

    @classmethod
    def of(cls, project: Project, name: str, digest: str, value: Any) -> Shown:
        """The table of an artifact; its profile is read, or made now."""
        rows = project.archive.get(digest, lazy_kind()).head(_ROWS).collect().to_dicts()
        kept = query.profile(project.catalog, digest, PROFILE)
        found = Profile.from_json(kept) if kept is not None and "error" not in kept else profile(value)
        return cls(name, found, rows, value)

    def __repr__(self) -> str:
        return show_table(self)[0]


def show_profile(value: Profile) -> tuple[str, str]:
    """A profile: a line for each column, with a small picture."""
    return profile_text(value), box(_size(value), _profile_grid(value))


def show_table(value: Shown) -> tuple[str, str]:
    """A table: its profile, then its first rows."""
    title = f"{value.name}   {_size(value.profile)}"
    page = _profile_grid(value.profile)
    if value.first:
        names = list(value.first[0])[:_COLUMNS]
        rows = [[value_cell(row.get(name)) for name in names] for row in value.first]
        page += "<p>first rows</p>" + grid([str(name) for name in names], rows)
    return f"{clean(value.name)}\n{profile_text(value.profile)}", box(title, page)


def _size(value: Profile) -> str:
    return f"{value.rows:,} rows × {len(value.columns)} columns"


def _profile_grid(value: Profile) -> str:
    rows = []
    for column in value.columns[:_COLUMNS]:
        distinct = column.get("distinct")
        top = column.get("top") or [["", 0]]
        middle = value_cell(column["mean"]) if column.get("mean") is not None else value_cell(top[0][0])
        rows.append([
            name_cell(column), words(column["type"]), share(missing_of(column), value.rows) if value.rows else "",
            "" if distinct is None else f"{distinct:,}", value_cell(column.get("min")), middle,
            value_cell(column.get("max")), _painted(count_bars(column)),
        ])  # fmt: skip
    more = len(value.columns) - _COLUMNS
    left = f"<p>… and {more:,} more columns</p>" if more > 0 else ""
    head = ("column", "type", "missing", "distinct", "least", "mean or most frequent", "greatest", "")
    return grid(head, rows) + left


def _painted(bars: str) -> str:
    """Bars that need no style sheet."""
    return bars.replace('class="b"', 'fill="#4269d0"').replace('class="t"', 'fill="#8888"')


def show_diff(value: Diff) -> tuple[str, str]:
    """What is different between two tables."""
    text = diff_text(value)
    title = "The tables are the same" if value.same else f"{value.names[0]} → {value.names[1]}"
    return text, box(title, written(text))


def show_drift(value: Drift) -> tuple[str, str]:
    """A comparison of two sides: the columns that drifted first, with the distribution of both."""
    quiet = [one for one in value.columns if one.verdict == "none"][_QUIET:]
    hidden = {one.name for one in quiet}
    rows = []
    for one in value.columns:
        if one.name in hidden:
            continue
        effect = "" if one.effect is None else f"{one.effect:.2f}"
        bars = []
        for side in ("before", "after"):
            shares = [round(_FINE * part) for part in one.picture.get(side, ())]
            bars.append(_painted(draw_bars(shares, f"{clean(one.name)} {side}")))
        rows.append(
            [words(one.verdict), name_cell({"name": one.name}), words(one.kind), effect, *bars, words(one.reason)]
        )
    title = (
        f"{len(value.drifted)} drifted, {len(value.slight)} changed slightly of {len(value.columns)} columns; "
        f"{value.rows[0]:,} → {value.rows[1]:,} rows"
    )
    left = f"<p>… and {len(hidden)} more without drift</p>" if hidden else ""
    return drift_text(value), box(
        title, grid(("verdict", "column", "kind", "effect", "before", "after", "why"), rows) + left
    )
