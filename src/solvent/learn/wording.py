"""Words of text: one rule for what a word is, which words are worth a column, and which of them a text has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = ["choose_words", "mark_words", "marks_of", "words_of"]

_WORD = re.compile(r"[^\W\d_]+|\d+|[!?%€£$]")
_MOST_TRIED = 20_000


def words_of(text: str) -> frozenset[str]:
    """The different words of a text: runs of letters in lower case, ``0`` for any number, and a few signs.

    The rule is Python's own (``re`` and ``str.lower``), for whatever reads text: in training, in a frame, in a request.
    """
    return frozenset("0" if one[0].isdigit() else one for one in _WORD.findall(text.lower()))


def choose_words(texts: Sequence[str | None], target: pl.Series | None, most: int, fewest: int) -> list[str]:
    """The words that get a column, in alphabetical order: at most ``most``, in at least ``fewest`` texts each.

    With a target those that tell most about it: whose rows' mean of the target (of a class, its share) lies farthest
    from that of all, in standard errors. Without one the most frequent. A word that nearly all texts have tells
    nothing.
    """
    import numpy as np

    found = [words_of(one) if one else frozenset() for one in texts]
    counts = Counter(word for words in found for word in words)
    fitting = [word for word, count in counts.items() if fewest <= count <= 0.95 * len(found)]
    fitting = sorted(fitting, key=lambda word: (-counts[word], word))[:_MOST_TRIED]
    if target is None or len(fitting) <= most:
        return sorted(fitting[:most])
    places = {word: place for place, word in enumerate(fitting)}
    values = _standardised(target)
    sums = np.zeros((len(fitting), values.shape[1]))
    for row, words in enumerate(found):
        for word in words:
            place = places.get(word)
            if place is not None:
                sums[place] += values[row]
    spread = np.sqrt([counts[word] for word in fitting])
    score = np.abs(sums).max(axis=1) / spread
    order = np.argsort(-score.round(9), kind="stable")[:most]
    return sorted(fitting[int(place)] for place in order)


def _standardised(target: pl.Series) -> np.ndarray[Any, Any]:
    """The target as numbers, or each of its classes as 0 and 1, with mean 0 and spread 1 (rows x columns)."""
    import numpy as np
    import polars as pl

    if target.dtype.is_float() or (target.dtype.is_integer() and target.n_unique() > 20):
        values = target.cast(pl.Float64).to_numpy().reshape(-1, 1)
    else:
        text = target.cast(pl.String)
        values = np.column_stack([(text == one).to_numpy().astype(np.float64) for one in text.unique().sort()[:50]])
    spread = values.std(axis=0)
    made: np.ndarray[Any, Any] = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return made


def marks_of(texts: Sequence[str | None], words: Sequence[str]) -> np.ndarray[Any, Any]:
    """Which text has which word: 1 or 0 (texts x words)."""
    import numpy as np

    made = np.zeros((len(texts), len(words)))
    mark_words(texts, words, made)
    return made


def mark_words(texts: Sequence[str | None], words: Sequence[str], made: np.ndarray[Any, Any]) -> None:
    """Write a 1 into zeros (texts x words) where a text has a word."""
    places = {word: place for place, word in enumerate(words)}
    for row, text in enumerate(texts):
        if text:
            made[row, [places[word] for word in words_of(text) if word in places]] = 1.0
