"""Comparing two sides column by column, and judging what is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from solvent.data.drift.aspects import Found, compare_lengths, compare_missing, compare_numbers, compare_words
from solvent.data.drift.judging import judge
from solvent.data.drift.measures.shares import correct, import_stats
from solvent.data.drift.moving import moves_on
from solvent.data.drift.record import Aspect, ColumnDrift, Drift, DriftOptions
from solvent.data.drift.sides import Column, FromProfile, FromRows, Side, sample_rows
from solvent.data.drift.words import CELLS, is_code, is_identifier
from solvent.data.profile import Profile, profile
from solvent.errors import InputError, NotFound, UsageError, did_you_mean

__all__ = ["drift"]

_WORDS = ("text", "category", "bool")
_CURVES = ("number", "time", "duration")


def drift(
    before: Any,
    after: Any,
    *,
    columns: Sequence[str] | None = None,
    alpha: float = 0.01,
    options: DriftOptions | None = None,
) -> Drift:
    """Compare two tables, or the profiles of two: ``before`` is the reference.

    Each side is a :class:`Profile` or a frame of any kind; of a large or lazy one a seeded sample is looked at. Where
    only one side is a profile, the other is profiled too. ``columns`` names those to compare (all by default), and
    ``alpha`` the probability that a comparison in which nothing changed finds anything at all.

    Raises :class:`InputError` where a side has no rows, :class:`NotFound` where neither side has a named column, and
    :class:`MissingExtra` without scipy.
    """
    chosen = options or DriftOptions()
    _check(alpha, chosen)
    import_stats()
    wanted = None if columns is None else tuple(dict.fromkeys(columns))
    first, second, profiles = _sides(before, after, wanted, chosen)
    for side, name in ((first, "before"), (second, "after")):
        if not side.rows:
            raise InputError(f"the side {name!r} has no rows: there is nothing to compare")
    there = {*first.names, *second.names}
    for name in wanted or ():
        if name not in there:
            raise NotFound(f"neither side has a column {name!r}.{did_you_mean(name, (*first.known, *second.known))}")
    names = list(dict.fromkeys([*first.names, *second.names]))
    made = [_column(first, second, name, Found(alpha, chosen)) for name in names]
    tests = [aspect.p for one in made for aspect in one.aspects]
    left = iter(correct(tests, chosen.correction))
    judged = [judge(_corrected(one, left), alpha) for one in made]
    return Drift(
        rows=(first.rows, second.rows),
        looked_at=(first.looked_at, second.looked_at),
        basis="profiles" if profiles else "rows",
        alpha=alpha,
        options=chosen,
        tests=len(tests),
        columns=tuple(sorted(judged, key=_rank)),
        profiles=profiles,
    )


def _check(alpha: float, options: DriftOptions) -> None:
    if not 0 < alpha < 1:
        raise UsageError(f"alpha is a probability between 0 and 1, not {alpha!r}")
    if options.correction not in ("bh", "holm"):
        raise UsageError(f"correction is 'bh' or 'holm', not {options.correction!r}")
    for name in ("psi", "distance", "missing", "unseen", "sample"):
        if not getattr(options, name) > 0:
            raise UsageError(f"{name} has to be above 0, not {getattr(options, name)!r}")


def _sides(
    before: Any, after: Any, columns: tuple[str, ...] | None, options: DriftOptions
) -> tuple[Side, Side, tuple[Profile, Profile] | None]:
    if not isinstance(before, Profile) and not isinstance(after, Profile):
        first, rows = sample_rows(before, columns, options.sample, options.seed)
        second, more = sample_rows(after, columns, options.sample, options.seed)
        return FromRows(first, rows, columns), FromRows(second, more, columns), None
    left = before if isinstance(before, Profile) else profile(before)
    right = after if isinstance(after, Profile) else profile(after)
    return FromProfile(left, columns), FromProfile(right, columns), (left, right)


def _column(first: Side, second: Side, name: str, found: Found) -> ColumnDrift:
    """What a column shows, before the number of all tests is known."""
    if name not in second.names:
        one = first.column(name)
        return ColumnDrift(name, one.kind, "drift", "the column is gone", None, (one.type, None))
    if name not in first.names:
        one = second.column(name)
        return ColumnDrift(name, one.kind, "drift", "the column is new", None, (None, one.type))
    before, after = first.column(name), second.column(name)
    kind, types = _kind(before, after), (before.type, after.type)
    compare_missing(before, after, found)
    if kind is None:
        reason = f"the type changed: {before.type} → {after.type}"
        return ColumnDrift(name, after.kind, "drift", reason, None, types, figures=found.figures)
    if before.type != after.type and "null" not in (before.kind, after.kind) and before.kind != "category":
        found.notes.append(f"the type changed: {before.type} → {after.type}")
    if before.count and after.count:
        _compare_values(kind, before, after, found)
    elif before.count or after.count:
        found.notes.append(f"there are values {'before' if before.count else 'after'} only")
    effect = max((one.effect for one in found.aspects), default=0.0)
    return ColumnDrift(
        name, kind, "none", "", effect, types, tuple(found.aspects), found.figures, tuple(found.notes), found.picture
    )


def _kind(before: Column, after: Column) -> str | None:
    """The kind as which both sides are compared; None where they are of different kinds."""
    if before.kind == after.kind or after.kind == "null":
        return None if (before.type == "time") != (after.type == "time") and after.kind != "null" else before.kind
    if before.kind == "null":
        return after.kind
    both = {before.kind, after.kind}
    return "text" if both == {"text", "category"} else None


def _compare_values(kind: str, before: Column, after: Column, found: Found) -> None:
    moved = None if found.options.compare_moving else moves_on(before, after)
    if moved:
        found.notes.append(moved)
        return
    if kind in _CURVES:
        compare_numbers(before, after, found)
    elif kind in ("text", "category") and is_identifier(before) and is_identifier(after):
        found.notes.append("an identifier: nearly every value occurs once, so values are not compared")
        if all(is_code(one) for one in (before, after)):
            return  # nor are lengths: a number in a code that counts on gets longer
    elif kind in _WORDS:
        compare_words(before, after, found)
        if max(before.distinct, after.distinct) <= CELLS:
            return  # each value is a cell, so that its length tells nothing more
    compare_lengths(before, after, found)


def _corrected(one: ColumnDrift, left: Any) -> ColumnDrift:
    return replace(one, aspects=tuple(_with(aspect, next(left)) for aspect in one.aspects))


def _with(aspect: Aspect, q: float) -> Aspect:
    return replace(aspect, q=q)


def _rank(one: ColumnDrift) -> tuple[int, float, str]:
    """What came, went or changed its kind first, then drift before slight before none, the strongest effect first."""
    effect = float("inf") if one.effect is None else one.effect
    return ({"drift": 0, "slight": 1, "none": 2}[one.verdict], -effect, one.name)
