"""Golden rows: requests whose answers were kept when a bundle was packed, asked again of whatever is to serve it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from solvent.learn.tables.schema import plain_value

__all__ = ["CLOSE", "compare_golden", "is_alike"]

CLOSE = 1e-5
"""How far a graph's numbers may be from Python's: a probability by this, a value by this share of itself."""


def compare_golden(
    predictor: Any,
    golden: Sequence[Mapping[str, Any]],
    alone: range | None = None,
    tolerance: float = 1e-9,
    together: bool = True,
) -> list[dict[str, Any]]:
    """The golden rows that are answered otherwise than when they were packed, with both answers.

    All are asked ``together``, and those whose place is in ``alone`` (or all) one by one too. Numbers are equal if they
    are so to the ``tolerance``: nine digits, since a matrix product rounds otherwise for one row than for many, and for
    one thread than for two; or five for a graph (:data:`CLOSE`). Classes are equal or not, except where two are as
    probable as each other to that tolerance.
    """
    batch = predictor.answer([one["row"] for one in golden]) if together else None
    found = []
    for place, one in enumerate(golden):
        expected = [one["prediction"], one.get("probability")]
        asked = [] if batch is None else [(True, batch, place)]
        if alone is None or place in alone:
            asked.append((False, predictor.answer(one["row"]), 0))
        for in_batch, answers, at in asked:
            probability = None if answers.probability is None else answers.probability[at].tolist()
            got = [plain_value(answers.prediction[at]), probability]
            if not is_alike(got, expected, tolerance):
                found.append({"row": place, "batch": in_batch, "expected": expected, "got": got})
                break
    return found


def is_alike(got: Sequence[Any], expected: Sequence[Any], tolerance: float) -> bool:
    """Whether a prediction with its probabilities is the expected one, to the tolerance."""
    prediction, probability = got
    if probability is not None and tolerance > 1e-9 and _tied(probability, tolerance):
        prediction = expected[0]
    return _equal([prediction, probability], list(expected), tolerance)


def _tied(probability: Sequence[float], tolerance: float) -> bool:
    first, second = sorted(probability)[-1:-3:-1] if len(probability) > 1 else (1.0, 0.0)
    return first - second <= 2 * tolerance


def _equal(one: Any, other: Any, tolerance: float) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_equal(a, b, tolerance) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=1e-12 if tolerance < 1e-8 else tolerance)
    return bool(one == other)
