"""Numbers and times: one sort of a column gives its quantiles, distinct and most frequent values and histogram."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from solvent.data.profile.record import finite, rounded

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    Values = NDArray[Any]

__all__ = ["QUANTILES", "WHOLE", "survey_numbers"]

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
WHOLE = 5_000_000
_BINS = 20
_TOP = 10

Show = Callable[[Any], Any]


def survey_numbers(column: pl.Series, show: Show | None = None) -> dict[str, Any]:
    """The figures of a column of numbers without nulls; ``show`` turns a value into what the record holds of it.

    Above five million rows, quantiles, histogram and top values come from every k-th row, and ``sampled`` says so.
    """
    import numpy as np

    found: dict[str, Any] = {}
    values = column.to_numpy()
    if values.dtype == np.float16:
        values = values.astype(np.float32)
    if values.dtype.kind == "f":
        finites = np.isfinite(values)
        if not finites.all():
            found["nans"] = int(np.isnan(values).sum())
            found["infinite"] = len(values) - int(finites.sum()) - found["nans"]
            found["min"], found["max"] = _extremes(values)
            values = values[finites]
        else:
            found["nans"] = 0
    if not len(values):
        return found
    shown = show or _plain
    exact = len(values) <= WHOLE
    ordered = np.sort(values if exact else values[:: -(-len(values) // WHOLE)])
    if "min" not in found:
        found["min"], found["max"] = shown(values.min()), shown(values.max())
    found.update(_moments(values, show))
    found["quantiles"] = {str(one): shown(ordered[int(one * (len(ordered) - 1))]) for one in QUANTILES}
    fresh = ordered[1:] != ordered[:-1]
    distinct = int(np.count_nonzero(fresh)) + 1
    found["distinct"] = distinct if exact else column.approx_n_unique()
    found["distinct_exact"] = exact
    if distinct < 0.99 * len(ordered):
        found["top"] = _top(ordered, fresh, shown)
    found["histogram"] = _histogram(ordered, shown)
    if not exact:
        found["sampled"] = {name: len(ordered) for name in ("quantiles", "top", "histogram") if name in found}
    return found


def _extremes(values: Values) -> tuple[Any, Any]:
    """The least and greatest, infinity among them, NaN not."""
    import numpy as np

    known = values[~np.isnan(values)]
    return (finite(float(known.min())), finite(float(known.max()))) if len(known) else (None, None)


def _moments(values: Values, show: Show | None) -> dict[str, Any]:
    """Mean and standard deviation (of a sample), about the first value, so that large times keep their digits."""
    import numpy as np

    base = values[0]
    with np.errstate(over="ignore", invalid="ignore"):
        away = values.astype(np.float64) - float(base)
        mean = float(away.mean())
        spread = float(away.std(ddof=1)) if len(away) > 1 else 0.0
    if show is not None:
        return {"mean": show(int(base) + round(mean)), "std": rounded(spread)}
    return {"mean": rounded(float(base) + mean), "std": rounded(spread)}


def _top(ordered: Values, fresh: Values, shown: Show) -> list[list[Any]]:
    """The most frequent values with their counts; of equals the smaller value first."""
    import numpy as np

    starts = np.concatenate(([0], np.flatnonzero(fresh) + 1))
    counts = np.diff(np.concatenate((starts, [len(ordered)])))
    least = np.partition(counts, -_TOP)[-_TOP] if len(counts) > _TOP else 1
    best = np.concatenate((np.flatnonzero(counts > least), np.flatnonzero(counts == least)[:_TOP]))
    best = best[np.lexsort((best, -counts[best]))][:_TOP]
    return [[shown(ordered[starts[one]]), int(counts[one])] for one in best]


def _histogram(ordered: Values, shown: Show) -> dict[str, Any]:
    """Twenty bins of equal width; between the first and last percentile where a few values lie far out."""
    import numpy as np

    low, high = ordered[0], ordered[-1]
    near_low, near_high = ordered[int(0.01 * (len(ordered) - 1))], ordered[int(0.99 * (len(ordered) - 1))]
    if near_low < near_high and float(high) - float(low) > 3 * (float(near_high) - float(near_low)):
        low, high = near_low, near_high
    if low == high:
        return {"low": shown(low), "high": shown(high), "counts": [len(ordered)], "below": 0, "above": 0}
    inner = float(low) + (float(high) - float(low)) * np.arange(1, _BINS) / _BINS
    first, last = np.searchsorted(ordered, low, "left"), np.searchsorted(ordered, high, "right")
    places = np.clip(np.searchsorted(ordered, inner, "left"), first, last)
    counts = np.diff(np.concatenate(([first], places, [last])))
    return {
        "low": shown(low), "high": shown(high), "counts": counts.tolist(), "below": int(first),
        "above": len(ordered) - int(last),
    }  # fmt: skip


def _plain(value: Any) -> Any:
    made = value.item()
    return finite(made) if isinstance(made, float) else made
