"""Fitting: whether a value is what an annotation says, its elements too."""

from __future__ import annotations

import collections
import collections.abc
import itertools
import typing
from collections.abc import Iterable, Iterator
from typing import Any

from solvent.archive.formats.pictures import Picture
from solvent.data import is_table, is_table_type
from solvent.graph.annotation import describe
from solvent.graph.checking import fits

__all__ = ["accepts", "label_of", "misfit", "misfit_of"]

_PLAIN = (bool, int, float, complex, str)
_ITEMS = (list, set, frozenset, collections.deque)
_GENERAL = (
    collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection, collections.abc.Set,
    collections.abc.MutableSequence, collections.abc.MutableSet,
)  # fmt: skip
_MAPPINGS = (collections.abc.Mapping, collections.abc.MutableMapping)
_MOST = 100_000
"""So many elements of a container are looked at."""


def misfit_of(value: Any, parameter: Any) -> str | None:
    """What a data parameter is given that it does not take; of one behind a star every item is looked at."""
    wanted = parameter.annotation
    wrong = misfit(value, tuple.__class_getitem__((wanted, ...)) if parameter.variadic else wanted)
    return None if wrong is None else f"{parameter.name!r} takes {describe(wanted)}, and is given {wrong}"


def misfit(value: Any, declared: Any) -> str | None:
    """What a value is that is not as declared, and where in it; None if nothing is known to be wrong."""
    while typing.get_origin(declared) is typing.Annotated:
        declared = typing.get_args(declared)[0]
    if isinstance(declared, typing.TypeVar) or declared in (Any, object):
        return None
    if is_table(value) and is_table_type(declared):
        return None
    if type(value) is Picture:  # what a figure of any library comes back as
        return None
    if not accepts(type(value), declared):
        plain = type(value).__module__ == "numpy" and getattr(value, "shape", None) == ()
        if not plain or not accepts(type(value.item()), declared):  # a NumPy number where Python's own is declared
            return label_of(value)
    options = _options(declared)
    if len(options) > 1:
        found = [misfit(value, one) for one in options if accepts(type(value), one)]
        return None if None in found else next(iter(found), None)
    if typing.get_origin(declared) is typing.Literal:
        return None if value in typing.get_args(declared) else label_of(value)
    for place, one, wanted in itertools.islice(_elements(value, declared), _MOST):
        wrong = misfit(one, wanted)
        if wrong is not None:
            return f"{type(value).__name__} with {place} {wrong}"
    return None


def accepts(made: type, declared: Any) -> bool:
    """Whether a value of this class may be what is declared."""
    return fits(made, declared, is_table_type) is not False


def label_of(value: Any) -> str:
    """A value as errors show it."""
    if value is None:
        return "None"
    text = describe(type(value))
    if isinstance(value, _PLAIN):
        return f"{text} {value!r:.60}"
    return text if not typing.get_origin(value) else repr(value)


def _options(declared: Any) -> tuple[Any, ...]:
    import types

    return typing.get_args(declared) if typing.get_origin(declared) in (typing.Union, types.UnionType) else (declared,)


def _elements(value: Any, declared: Any) -> Iterator[tuple[str, Any, Any]]:
    """The elements of a container of Python's own: which one, the element, and what is declared of it."""
    kind, asked, wanted = type(value), typing.get_origin(declared), typing.get_args(declared)
    if not wanted:
        return
    if kind in (dict, collections.OrderedDict, collections.defaultdict) and len(wanted) == 2:
        if asked in (*_MAPPINGS, dict, collections.OrderedDict, collections.defaultdict):
            for name, one in value.items():
                yield "the key", name, wanted[0]
                yield f"{name!r:.40}:", one, wanted[1]
    elif kind is tuple and asked is tuple:
        each: Iterable[Any] = itertools.repeat(wanted[0]) if wanted[-1] is Ellipsis else wanted
        for number, (one, what) in enumerate(zip(value, each, strict=False)):
            yield f"item {number}:", one, what
    elif kind in (*_ITEMS, tuple) and asked in (*_ITEMS, *_GENERAL) and len(wanted) == 1:
        for number, one in enumerate(value):
            yield f"item {number}:", one, wanted[0]
