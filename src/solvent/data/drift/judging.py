"""The verdict on a column: drift only where an effect is large enough to matter and too large for chance."""

from __future__ import annotations

from dataclasses import replace

from solvent.data.drift.record import Aspect, ColumnDrift, Verdict

__all__ = ["judge"]

_SLIGHT = 0.5


def judge(column: ColumnDrift, alpha: float) -> ColumnDrift:
    """The column with its verdict and the reason; those that came, went or changed their kind have theirs.

    An aspect counts if its corrected p-value is at most ``alpha``. Of those that count, the strongest gives the
    verdict: drift at its line or beyond, slight at half of it.
    """
    if column.effect is None:
        return column
    certain = sorted((one for one in column.aspects if one.q <= alpha), key=lambda one: -one.effect)
    strongest = certain[0] if certain else None
    if strongest is not None and strongest.effect >= _SLIGHT:
        verdict: Verdict = "drift" if strongest.effect >= 1 else "slight"
        telling = [one for one in certain if one.effect >= _SLIGHT]
        reason = "; ".join(one.told for one in telling) + f"; p {_p(strongest.q)} after correction"
        return replace(column, verdict=verdict, reason=_with_notes(reason, column), effect=strongest.effect)
    changed = next((note for note in column.notes if note.startswith("the type changed")), None)
    verdict = "slight" if changed else "none"
    effect = strongest.effect if strongest else column.effect
    return replace(column, verdict=verdict, reason=_with_notes(_why_not(column, strongest), column), effect=effect)


def _why_not(column: ColumnDrift, strongest: Aspect | None) -> str:
    """Why there is no drift: certain but small, large but uncertain, or nothing."""
    if strongest is not None:
        return f"certain (p {_p(strongest.q)}) but small: {strongest.told}"
    large = max(column.aspects, key=lambda one: one.effect, default=None)
    if large is None:
        return "" if column.notes else "nothing to compare but the type"
    if large.effect >= _SLIGHT:
        return f"too few rows to tell (p {_p(large.q)}): {large.told}"
    return f"no change: {large.told}"


def _with_notes(reason: str, column: ColumnDrift) -> str:
    return "; ".join([*column.notes, *([reason] if reason else [])])


def _p(value: float) -> str:
    return f"{value:.2g}" if value >= 1e-12 else "below 1e-12"
