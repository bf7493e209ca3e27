"""Handing rows on: as one array to scikit-learn's own estimators, as a frame to all that ask for one."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from solvent.learn.adapting.frames import as_wanted, wants_array
from solvent.learn.tables.matrix import Matrix

if TYPE_CHECKING:
    import polars as pl

__all__ = ["as_frame", "given_to", "remember"]

_NAMES = "feature_names_in_"
# These take columns by name, or give them to other estimators or to functions of a user.
_BY_NAME = ("sklearn.compose.", "sklearn.pipeline", "sklearn.preprocessing._function_transformer")
_known: dict[int, tuple[weakref.ref[Any], Mapping[str, Any], dict[str, Any]]] = {}


def as_frame(rows: pl.DataFrame | Matrix) -> pl.DataFrame:
    """The rows as a frame, whichever they are."""
    return rows.frame() if isinstance(rows, Matrix) else rows


def given_to(part: Any, rows: pl.DataFrame | Matrix, annotation: Any) -> tuple[Any, Any]:
    """Who is to be asked in the place of ``part``, and the rows as it takes them.

    An estimator of scikit-learn that learnt names warns of an array, which has none. So the names are compared here,
    and a copy of it without names is asked.
    """
    if isinstance(rows, Matrix) and wants_array(annotation):
        return part, rows.values
    if isinstance(rows, Matrix) and type(part).__module__.startswith("sklearn."):
        names = getattr(part, _NAMES, None)
        nameless = remember(part, "nameless", _nameless)
        if nameless is not None and (names is None or list(names) == rows.columns):
            return nameless, rows.values
    return part, as_wanted(as_frame(rows), annotation)


def remember(thing: Any, what: str, make: Callable[[Any], Any]) -> Any:
    """What ``make`` says of an object, asked again only when one of the object's attributes was replaced."""
    key, state = id(thing), getattr(thing, "__dict__", {})
    found = _known.get(key)
    if found is None or found[0]() is not thing or not _same(found[1], state):
        try:
            watched = weakref.ref(thing, lambda _: _known.pop(key, None))
        except TypeError:  # an object of a kind that cannot be watched
            return make(thing)
        found = _known[key] = (watched, dict(state), {})
    if what not in found[2]:
        found[2][what] = make(thing)
    return found[2][what]


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return len(one) == len(other) and all(other.get(name) is value for name, value in one.items())


def _nameless(estimator: Any) -> Any:
    """The estimator without the names of its columns; None where parts of it have names too, or ask for columns."""
    held = vars(estimator)
    if type(estimator).__module__.startswith(_BY_NAME) or any(_has_names(one) for one in held.values()):
        return None
    made = copy.copy(estimator)
    made.__dict__.pop(_NAMES, None)
    return made


def _has_names(value: Any) -> bool:
    """Whether an estimator that learnt names, or one that takes columns by name, lies in a value."""
    if isinstance(value, (list, tuple)):
        return any(map(_has_names, value))
    if isinstance(value, Mapping):
        return any(map(_has_names, value.values()))
    kind = type(value)
    if getattr(getattr(value, "dtype", None), "hasobject", False):
        return any(map(_has_names, value.flat))
    if not kind.__module__.startswith("sklearn."):
        return hasattr(kind, "fit")
    held = getattr(value, "__dict__", {})
    return kind.__module__.startswith(_BY_NAME) or _NAMES in held or any(map(_has_names, held.values()))
