"""Columns that are answers already: a champion's predictions among the features, and the target of rows to come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent.errors import InputError
from solvent.learn.assembly import Answers, Predictor
from solvent.learn.leaks.record import Finding, NotChecked
from solvent.learn.leaks.sides import Sides, as_numbers, read_truth

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    Array = np.ndarray[Any, Any]

__all__ = ["find_champion", "find_future"]

_SAME = 0.99
_FEWEST = 30
_AHEAD = 3
_FUTURE, _GLANCE = 0.98, 0.8
_LEVELS = 20


def find_champion(sides: Sides, champion: Predictor | None, test: pl.DataFrame) -> list[Finding]:
    """Features that go with the champion's answers as only these themselves do."""
    import numpy as np

    sides.need_features()
    if champion is None:
        raise NotChecked("no champion was given: hand it over as data: {model: NAME@champion}")
    dice = np.random.default_rng(sides.wanted.seed)
    places = np.sort(dice.permutation(test.height)[: sides.wanted.sample])
    if len(places) < _FEWEST:
        raise NotChecked(f"it needs {_FEWEST} test rows, and there are {len(places)}")
    given = test[places]
    try:
        answers = champion.answer(
            given.drop([one for one in given.columns if one in (sides.wanted.target, champion.target)])
        )
    except (InputError, ValueError, TypeError, LookupError) as error:
        raise NotChecked(f"the champion cannot be asked about these rows: {error}") from None
    asked = {one.name for one in champion.columns}
    rows = sides.test[places]
    made = []
    for name in sides.features:
        alike = _alike(rows.get_column(name), answers)
        if alike >= _SAME:
            own = name in asked
            made.append(
                Finding(
                    "champion", (name,), len(places),
                    f"{name} goes with the champion's answers with {alike:.4f} in {len(places)} test rows"
                    f"{', but the champion asks for it itself' if own else ': it is one of them, or made of them'}.",
                    f"A model that learns from its predecessor's answers fails with it: drop: [{name}].",
                    figures={"alike": alike}, severity="hint" if own else "leak",
                )
            )  # fmt: skip
    return made


def _alike(values: pl.Series, answers: Answers) -> float:
    """The rank correlation with a number that the champion answers, or the share of rows with the very class."""
    import numpy as np

    if not values.dtype.is_numeric():
        given = np.array([str(one) for one in answers.prediction.tolist()])
        told = np.array([str(one) for one in values.to_list()])
        names, counts = np.unique(given, return_counts=True)
        return float((given == told).mean()) if len(names) > 1 and np.sort(counts)[-2] >= _FEWEST else 0.0
    numbers, _ = as_numbers(values)
    known = ~np.isnan(numbers)
    if known.sum() < max(_FEWEST, 0.5 * len(numbers)):
        return 0.0
    said = np.asarray(answers.probability if answers.probability is not None else answers.prediction)
    columns = said.astype(np.float64).reshape(len(numbers), -1)
    return max(_rank_correlation(numbers[known], column[known]) for column in columns.T)


def _rank_correlation(one: Array, other: Array) -> float:
    import numpy as np
    import polars as pl

    ranks = [pl.Series(values).rank("average").to_numpy() for values in (one, other)]
    if min(float(values.std()) for values in ranks) == 0:
        return 0.0
    return abs(float(np.corrcoef(ranks[0], ranks[1])[0, 1]))


def find_future(sides: Sides) -> list[Finding]:
    """Features that go with the target one to three rows later, and better than with the row's own."""
    import numpy as np
    import polars as pl

    sides.need_features()
    name, group = sides.wanted.time, sides.wanted.group
    if name is None:
        raise NotChecked("no time was named: say which column tells when a row was known: time: COLUMN")
    rows = pl.concat([sides.train, sides.test]).sort(name, maintain_order=True)
    truth = read_truth(rows.get_column(sides.wanted.target))
    rows = rows[truth.places]
    targets = [truth.numbers] if truth.numbers is not None else truth.events()
    most = sides.wanted.sample
    made: list[Finding] = []
    for by in (None, group) if group is not None else (None,):
        order = np.arange(rows.height) if by is None else rows.get_column(by).arg_sort(nulls_last=True).to_numpy()
        order = order[-most:]
        for target in targets:
            assert target is not None
            seen = {one.columns[0] for one in made}
            left = [one for one in sides.features if one not in seen]
            made += _ahead(rows.select(left)[order], target[order], by)
    return made


def _ahead(rows: pl.DataFrame, target: Array, by: str | None) -> list[Finding]:
    """The columns of rows in order of time that know the target of a later row."""
    import numpy as np

    made: list[Finding] = []
    if len(target) < _FEWEST + _AHEAD or not target.std():
        return made
    for name in rows.columns:
        numbers = _as_target(rows.get_column(name), target)
        if numbers is None:
            continue
        for step in range(1, _AHEAD + 1):
            later = _correlation(numbers[:-step], target[step:])
            if later < _FUTURE or 1 - later > (1 - _correlation(numbers, target)) / 2:
                continue
            made.append(
                Finding(
                    "future", (name,), len(target),
                    f"{name} goes with the target {step} {'row' if step == 1 else 'rows'} later"
                    f"{f' of the same {by}' if by else ''} (correlation {later:.4f}), more than with the row's own.",
                    f"It tells what was not known yet: drop: [{name}], or shift it the other way.",
                    figures={"correlation": later, "ahead": step},
                )
            )  # fmt: skip
            break
    return [one for one in made if np.isfinite(list(one.figures.values())).all()]


def _as_target(values: pl.Series, target: Array) -> Array | None:
    """A column in numbers; text of few values by the mean of the next row's target. None for what cannot go with it."""
    import numpy as np

    numbers, category = as_numbers(values)
    if category:
        codes = numbers.astype(np.int64)
        counts = np.bincount(codes)
        if not 2 <= len(counts) <= _LEVELS:
            return None
        for step in range(1, _AHEAD + 1):
            sums = np.bincount(codes[:-step], weights=target[step:], minlength=len(counts))
            made: Array = (sums / np.maximum(np.bincount(codes[:-step], minlength=len(counts)), 1))[codes]
            if _correlation(made[:-step], target[step:]) >= _FUTURE:
                return made
        return None
    glance = [_correlation(numbers[:-step][:2000], target[step:][:2000]) for step in range(1, _AHEAD + 1)]
    return numbers if max(glance) >= _GLANCE else None


def _correlation(one: Array, other: Array) -> float:
    """The correlation of what is known, without its sign; 0 where one does not vary."""
    import numpy as np

    known = ~np.isnan(one)
    if known.sum() < _FEWEST:
        return 0.0
    one, other = one[known] / (np.abs(one[known]).max() or 1.0), other[known]
    if not one.std() or not other.std():
        return 0.0
    return abs(float(np.corrcoef(one, other)[0, 1]))
