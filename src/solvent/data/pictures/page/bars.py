"""Small pictures as SVG text of our own, so that a page of a profile needs no package and no script to show them."""

from __future__ import annotations

import html
from collections.abc import Sequence

__all__ = ["draw_bars", "draw_share"]


def draw_bars(counts: Sequence[int], label: str, *, width: int = 120, height: int = 24) -> str:
    """Counts as bars, one path; what is there at all is at least one unit high. ``label`` says it in words."""
    most = max(counts, default=0)
    if most <= 0:
        return ""
    wide = width / len(counts)
    gap = 1 if wide >= 4 else 0
    steps = []
    for at, count in enumerate(counts):
        if count > 0:
            tall = max(1.0, round(height * count / most, 1))
            steps.append(f"M{_short(at * wide)} {height}v-{_short(tall)}h{_short(wide - gap)}v{_short(tall)}z")
    return (
        f'<svg role="img" aria-label="{html.escape(label)}" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" preserveAspectRatio="none"><path class="b" d="{"".join(steps)}"/></svg>'
    )


def draw_share(part: float, *, width: int = 100) -> str:
    """A share as a bar beside its figure, which says the same: hence hidden from screen readers."""
    wide = _short(max(0.0, min(1.0, part)) * width)
    return (
        f'<svg aria-hidden="true" viewBox="0 0 {width} 8" width="{width}" height="8"><path class="t" '
        f'd="M0 0h{width}v8H0z"/><path class="b" d="M0 0h{wide}v8H0z"/></svg>'
    )


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
