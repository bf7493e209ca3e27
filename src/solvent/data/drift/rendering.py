"""A comparison as lines of text: the strongest effect first, with a small picture of both sides."""

from __future__ import annotations

from solvent.data.drift.record import ColumnDrift, Drift
from solvent.data.profile.rendering import sparkline

__all__ = ["render_text"]

_WIDTH = 28
_QUIET = 20
_FINE = 10_000


def render_text(drift: Drift, *, every: bool = False) -> str:
    """The comparison as text. Of the columns without drift the first 20 are shown, all if ``every``."""
    many, slight = len(drift.drifted), len(drift.slight)
    lines = [
        f"{drift.rows[0]:,} → {drift.rows[1]:,} rows × {len(drift.columns)} columns, from {_basis(drift)}",
        f"{many} drifted, {slight} changed slightly, {len(drift.columns) - many - slight} did not "
        f"({drift.tests} tests, alpha {drift.alpha:g} after correction; effect 1 is at the line)",
        "",
    ]
    quiet = [one for one in drift.columns if one.verdict == "none"]
    hidden = set() if every else {one.name for one in quiet[_QUIET:]}
    rows: list[tuple[str, ...]] = [("verdict", "column", "kind", "effect", "before", "after", "why")]
    rows += [_row(one) for one in drift.columns if one.name not in hidden]
    widths = [max(len(row[at]) for row in rows) for at in range(6)]
    lines += ["  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[-1]]).rstrip() for row in rows]
    if hidden:
        lines.append(f"… and {len(hidden)} more without drift")
    return "\n".join(lines)


def _basis(drift: Drift) -> str:
    if drift.basis == "profiles":
        return "profiles"
    if drift.looked_at == drift.rows:
        return "all rows"
    return f"a sample of {drift.looked_at[0]:,} and {drift.looked_at[1]:,} rows (seed {drift.options.seed})"


def _row(one: ColumnDrift) -> tuple[str, ...]:
    effect = "" if one.effect is None else f"{one.effect:.2f}" if one.effect < 1000 else f"{one.effect:.1e}"
    bars = [sparkline([round(_FINE * share) for share in one.picture.get(side, ())]) for side in ("before", "after")]
    return (one.verdict, _cell(one.name), one.kind, effect, *bars, _clean(one.reason))


def _cell(text: str) -> str:
    shown = _clean(text)
    return shown if len(shown) <= _WIDTH else shown[: _WIDTH - 1] + "…"


def _clean(text: str) -> str:
    return "".join(sign if sign.isprintable() else "·" for sign in text)
