"""Two rows of counts over the same cells: how far apart they are, and how likely chance alone makes them so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.errors import MissingExtra

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[Any]

__all__ = [
    "FLOOR",
    "LEAST",
    "Cells",
    "compare_cells",
    "correct",
    "import_stats",
    "jensen_shannon",
    "kolmogorov_p",
    "pool",
    "proportions_p",
    "stability",
]

FLOOR = 1e-4
LEAST = 5.0
"""A cell whose expected count on either side is below this is pooled (Cochran 1954)."""
_FEW = 100
_PATHS = 1_000_000


@dataclass(frozen=True, slots=True)
class Cells:
    """What two rows of counts tell. ``psi`` is as published; ``chance`` is what it is expected to be of no change.

    ``line`` is what it exceeds with probability alpha if nothing changed.
    """

    cells: int
    psi: float
    chance: float
    line: float
    jensen_shannon: float
    total_variation: float
    chi_square: float
    cramers_v: float
    p: float

    @property
    def corrected(self) -> float:
        """The index less what chance alone brings; not below 0."""
        return max(0.0, self.psi - self.chance)


def import_stats() -> Any:
    """The package ``scipy.stats``. Raises :class:`MissingExtra` where it is not installed."""
    try:
        from scipy import stats
    except ImportError:
        raise MissingExtra("drift needs scipy: pip install 'solvent[drift]'") from None
    return stats


def stability(before: Values, after: Values) -> float:
    """The population stability index of two rows of counts: the sum of (q − p) · ln(q / p) over shares p and q.

    Siddiqi (2006), *Credit Risk Scorecards*; it is Jeffreys' divergence. A share is taken as no smaller than half a
    row of its side, and no smaller than 0.0001, so that an empty cell gives a finite figure.
    """
    import numpy as np

    n, m = float(before.sum()), float(after.sum())
    p, q = np.maximum(before / n, max(0.5 / n, FLOOR)), np.maximum(after / m, max(0.5 / m, FLOOR))
    return float(np.sum((q - p) * np.log(q / p)))


def jensen_shannon(before: Values, after: Values) -> float:
    """The Jensen–Shannon distance of two rows of counts, to base 2: 0 if equal in shares, 1 if nothing is shared."""
    import numpy as np

    p, q = before / before.sum(), after / after.sum()
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(p > 0, p * np.log2(p / middle), 0.0)
        right = np.where(q > 0, q * np.log2(q / middle), 0.0)
    return math.sqrt(max(0.0, float(np.sum(left) + np.sum(right)) / 2))


def pool(before: Values, after: Values) -> tuple[Values, Values]:
    """The counts with small cells put together, so that each is expected to hold five on either side.

    Where that leaves one cell only, the reference's most frequent one stands against all others.
    """
    import numpy as np

    n, m = float(before.sum()), float(after.sum())
    least = (before + after) * (min(n, m) / (n + m))
    order = np.argsort(-least, kind="stable")
    kept, rest = order[least[order] >= LEAST], order[least[order] < LEAST]
    if len(rest) and least[rest].sum() < LEAST and len(kept) > 1:
        kept, rest = kept[:-1], np.append(rest, kept[-1])
    if len(kept) + bool(len(rest)) < 2 and len(before) > 1:
        first = int(np.argmax(before))
        kept, rest = np.array([first]), np.delete(np.arange(len(before)), first)
    tail = [rest] if len(rest) else []
    return (
        np.concatenate([before[kept], *([[before[one].sum()] for one in tail])]).astype(np.float64),
        np.concatenate([after[kept], *([[after[one].sum()] for one in tail])]).astype(np.float64),
    )


def compare_cells(before: Values, after: Values, alpha: float) -> Cells:
    """Compare two rows of counts, neither of them all zero; cells that are empty on both sides do not count.

    Of no change the index is about (1/n + 1/m) times a chi-square variable of B − 1 degrees of freedom, hence its
    mean and its line (Yurdakul 2018, *Statistical Properties of Population Stability Index*).
    """
    there = (before + after) > 0
    before, after = pool(before[there], after[there])
    n, m, degrees = float(before.sum()), float(after.sum()), len(before) - 1
    total = float(abs(before / n - after / m).sum() / 2)
    if degrees == 0:
        return Cells(1, 0.0, 0.0, 0.0, 0.0, total, 0.0, 0.0, 1.0)
    stats, scale = import_stats(), 1 / n + 1 / m
    together = before + after
    squares = ((before - together * n / (n + m)) ** 2 / (together * n / (n + m))).sum()
    squares += ((after - together * m / (n + m)) ** 2 / (together * m / (n + m))).sum()
    chi_square = float(squares)
    few = degrees == 1 and float(together.min()) * min(n, m) / (n + m) < LEAST
    p = _exact(before, after) if few else float(stats.chi2.sf(chi_square, degrees))
    return Cells(
        cells=degrees + 1,
        psi=stability(before, after),
        chance=degrees * scale,
        line=float(stats.chi2.isf(alpha, degrees)) * scale,
        jensen_shannon=jensen_shannon(before, after),
        total_variation=total,
        chi_square=chi_square,
        cramers_v=math.sqrt(chi_square / (n + m)),
        p=p,
    )


def _exact(before: Values, after: Values) -> float:
    """Fisher's exact test of two rows of two counts."""
    table = [[round(float(one)) for one in before], [round(float(one)) for one in after]]
    return float(import_stats().fisher_exact(table).pvalue)


def proportions_p(before: tuple[float, float], after: tuple[float, float]) -> float:
    """Whether two shares differ, each as (count, of how many): two-proportion test, Fisher's for small counts."""
    import numpy as np

    (hits, n), (later, m) = before, after
    if n <= 0 or m <= 0 or hits + later <= 0 or hits + later >= n + m:
        return 1.0
    first, second = np.array([hits, n - hits], dtype=np.float64), np.array([later, m - later], dtype=np.float64)
    return compare_cells(first, second, 0.05).p


def kolmogorov_p(distance: float, n: int, m: int) -> float:
    """The probability of a Kolmogorov–Smirnov distance this great if nothing changed; with ties it is less.

    Exact where one side has at most 100 values and both together few enough, else as
    ``scipy.stats.ks_2samp(method="asymp")``: the distribution for one sample of n·m / (n + m) values.
    """
    if distance <= 0:
        return 1.0
    if min(n, m) <= _FEW and n * m <= _PATHS:
        return _paths_outside(distance, *sorted((n, m)))
    return float(min(1.0, import_stats().kstwo.sf(distance, max(1, round(n * m / (n + m))))))


def _paths_outside(distance: float, n: int, m: int) -> float:
    """The share of the ways to order two samples that lead ``distance`` or farther apart (Hodges 1958).

    A way is a path over a lattice: one step right for a value of the one sample, one step up for one of the other.
    """
    import numpy as np

    up = np.arange(m + 1) / m
    paths = np.where(up < distance - 1e-12, 1.0, 0.0)
    for right in range(1, n + 1):
        inside = np.abs(right / n - up) < distance - 1e-12
        # What lies inside is in one piece, so that sums along it count the paths that stay there.
        paths = np.where(inside, np.cumsum(np.where(inside, paths, 0.0)), 0.0)
    every = float(math.comb(n + m, n))
    return float(min(1.0, max(1 - paths[-1] / every, 1 / every)))


def correct(p: list[float], how: str) -> list[float]:
    """p-values corrected for their number: Benjamini and Hochberg (1995), or Holm (1979)."""
    import numpy as np

    if not p:
        return []
    values, count = np.array(p), len(p)
    order = np.argsort(values, kind="stable")
    made = np.empty(count)
    if how == "bh":
        raised = values[order] * count / np.arange(1, count + 1)
        made[order] = np.minimum.accumulate(raised[::-1])[::-1]
    else:
        made[order] = np.maximum.accumulate(values[order] * np.arange(count, 0, -1))
    return [min(1.0, float(one)) for one in made]
