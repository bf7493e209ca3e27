"""How columns hang together: correlation of numbers, association of categories, from a sample that is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from solvent.data.pictures.sampling import draw_sample, find_columns, lazily
from solvent.data.pictures.specs import frame_spec, say, shorten, tell_apart
from solvent.errors import UsageError

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    Floats = NDArray[Any]

__all__ = ["draw_correlation"]

_ROWS = 20_000
_MOST = 20
_LOOKED = 100
_CATEGORIES = 100
_FEWEST = 3


def draw_correlation(
    frame: Any,
    *,
    method: Literal["pearson", "spearman"] = "pearson",
    columns: Sequence[str] | None = None,
    rows: int = _ROWS,
    seed: int = 0,
) -> dict[str, Any]:
    """The correlation of every two columns of numbers, and Cramér's V of every two of categories.

    ``frame`` is any frame. Pairs are looked at in the rows where both have a finite value. ``method`` is Pearson's r
    or Spearman's rank correlation (ties get their mean rank). Cramér's V is corrected for bias (Bergsma, 2013), on
    texts, categories and booleans of at most 100 values in the sample. Of the first hundred columns of a sort the
    twenty with the strongest relation are shown. At most ``rows`` rows are looked at, drawn with ``seed``; what was
    looked at stands under ``usermeta``. Raises :class:`NotFound` for a column that is not there.
    """
    if method not in ("pearson", "spearman"):
        raise UsageError(f"method: expected 'pearson' or 'spearman', got {method!r}")
    lazy = lazily(frame)
    schema = find_columns(lazy, lazy.collect_schema().names() if columns is None else columns)
    numbers = [name for name, one in schema.items() if one.is_numeric()]
    words = [name for name, one in schema.items() if _holds_words(one)]
    many = max(len(numbers), len(words))
    numbers, words = numbers[:_LOOKED], words[:_LOOKED]
    sample = draw_sample(lazy, [*numbers, *words], rows, seed)
    parts = []
    named = {"pearson": "Pearson's r", "spearman": "Spearman's ρ"}[method]
    for names, matrix, title, domain in (
        (*_numbers(sample.frame, numbers, method), named, [-1, 1]),
        (*_words(sample.frame, words), "Cramér's V", [0, 1]),
    ):
        if len(names) > 1:
            parts.append(_heat(names, matrix, title, domain))
    looked = sample.frame.height
    notes = [f"{looked:,} rows" if looked == sample.rows else f"{looked:,} of {sample.rows:,} rows, seed {seed}"]
    if many > _LOOKED:
        notes.append(f"the first {_LOOKED} of {many:,} columns of a sort are looked at; say which: columns=[…]")
    if not parts:
        return say("Relations between columns", "nothing to relate: fewer than two columns that vary", notes=notes)
    body = {"hconcat": parts, "resolve": {"scale": {"color": "independent"}}}
    made = frame_spec("Relations between columns", [], body, notes=notes)
    made.pop("data")
    facts = {"rows": sample.rows, "sampled": looked, "seed": seed, "method": method}
    return {**made, "usermeta": {"solvent": facts}}


def _holds_words(dtype: Any) -> bool:
    return type(dtype).__name__ in ("String", "Categorical", "Enum", "Boolean")


def _numbers(frame: pl.DataFrame, names: list[str], method: str) -> tuple[list[str], Floats]:
    """The columns that vary, and the matrix of their correlations; NaN where a pair has too few rows."""
    import numpy as np
    import polars as pl

    values = {name: frame.get_column(name).alias("v").cast(pl.Float64).to_numpy() for name in names}
    kept = [name for name in names if _varies(values[name])]
    matrix = np.full((len(kept), len(kept)), np.nan)
    whole = {name for name in kept if np.isfinite(values[name]).all()}
    if method == "spearman":  # ranks of columns without gaps are the same for every pair
        values |= {name: _ranks(values[name]) for name in whole}
    for at, one in enumerate(kept):
        for to, other in enumerate(kept[:at]):
            ranked = method == "spearman" and not (one in whole and other in whole)
            matrix[at, to] = matrix[to, at] = _correlation(values[one], values[other], ranked)
    return _strongest(kept, matrix)


def _varies(values: Floats) -> bool:
    import numpy as np

    known = values[np.isfinite(values)]
    return len(known) >= _FEWEST and bool(known.min() < known.max())


def _correlation(one: Floats, other: Floats, ranked: bool) -> float:
    """Pearson's r in the rows where both are finite; of their ranks there, if ``ranked``."""
    import numpy as np

    both = np.isfinite(one) & np.isfinite(other)
    if both.sum() < _FEWEST:
        return float("nan")
    one, other = one[both], other[both]
    if ranked:
        one, other = _ranks(one), _ranks(other)
    # By their own scale first, so that squares of large values stay finite.
    one, other = (part / (np.abs(part).max() or 1.0) for part in (one, other))
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt((one @ one) * (other @ other)))
    return float(np.clip(one @ other / size, -1, 1)) if size > 1e-300 else float("nan")


def _ranks(values: Floats) -> Floats:
    import numpy as np

    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Floats = (last - (counts - 1) / 2)[place]
    return ranks


def _words(frame: pl.DataFrame, names: list[str]) -> tuple[list[str], Floats]:
    import numpy as np
    import polars as pl

    codes: dict[str, Floats] = {}
    for name in names:
        ranked = frame.get_column(name).alias("v").cast(pl.String).rank("dense").cast(pl.Int64)
        distinct = ranked.max()
        if isinstance(distinct, int) and 2 <= distinct <= _CATEGORIES:
            codes[name] = ranked.fill_null(0).to_numpy() - 1
    kept = list(codes)
    matrix = np.full((len(kept), len(kept)), np.nan)
    for at, one in enumerate(kept):
        for to in range(at):
            matrix[at, to] = matrix[to, at] = _association(codes[one], codes[kept[to]])
    return _strongest(kept, matrix)


def _association(one: Floats, other: Floats) -> float:
    """Cramér's V with the correction for bias of Bergsma (2013), of two columns of codes, where -1 is missing."""
    import numpy as np

    both = (one >= 0) & (other >= 0)
    count = int(both.sum())
    wide = int(other.max()) + 1
    table = np.bincount(one[both] * wide + other[both], minlength=(int(one.max()) + 1) * wide).reshape(-1, wide)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0].astype(np.float64)
    down, across = table.shape
    if count < _FEWEST or down < 2 or across < 2:
        return float("nan")
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / count
    square = float(((table - expected) ** 2 / expected).sum()) / count
    corrected = max(0.0, square - (down - 1) * (across - 1) / (count - 1))
    down, across = (part - (part - 1) ** 2 / (count - 1) for part in (down, across))
    least = min(down, across) - 1
    return float(min(1.0, np.sqrt(corrected / least))) if least > 0 else float("nan")


def _strongest(names: list[str], matrix: Floats) -> tuple[list[str], Floats]:
    """Of many columns those with the strongest relation to another, in their own order."""
    import numpy as np

    if len(names) <= _MOST:
        return names, matrix
    strength = np.nan_to_num(np.abs(matrix), nan=-1.0).max(axis=1)
    best = np.sort(np.argsort(-strength, kind="stable")[:_MOST])
    return [names[at] for at in best], matrix[np.ix_(best, best)]


def _heat(names: list[str], matrix: Floats, title: str, domain: list[int]) -> dict[str, Any]:
    """The lower triangle; a pair that has no figure is left white."""
    labels = tell_apart([shorten(name, 24) for name in names])
    cells = [
        {"x": labels[to], "y": labels[at], "value": None if value != value else round(value, 4)}
        for at in range(1, len(names))
        for to in range(at)
        for value in (float(matrix[at, to]),)
    ]
    place = {"type": "nominal", "sort": None, "title": None}
    scheme = "blueorange" if domain[0] < 0 else "oranges"
    return {
        "title": {"text": title, "fontSize": 11},
        "data": {"values": cells},
        "width": {"step": 20},
        "height": {"step": 20},
        "mark": {"type": "rect", "invalid": "filter"},
        "encoding": {
            "x": {"field": "x", **place},
            "y": {"field": "y", **place},
            "color": {
                "field": "value", "type": "quantitative", "title": None,
                "scale": {"scheme": scheme, "domain": domain},
            },
            "tooltip": [{"field": one} for one in ("x", "y", "value")],
        },
    }  # fmt: skip
