"""canonical: equal settings give equal structures, different ones never, and what has no structure is refused."""

from __future__ import annotations

import dataclasses
import enum
import functools
import math
import subprocess
import sys
import threading
import uuid
from collections import OrderedDict, defaultdict
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy
import pytest
from pydantic import BaseModel, PrivateAttr

from solvent import digest
from solvent.config import Secret, canonical


class Colour(enum.Enum):
    """An enum."""

    RED = 1


@dataclasses.dataclass
class Point:
    """A dataclass."""

    x: Any
    y: Any = 0


@dataclasses.dataclass
class Other:
    """Another of the same shape."""

    x: Any
    y: Any = 0


class Pair(NamedTuple):
    """A named pair."""

    a: int


class Model(BaseModel):
    """A model."""

    a: int = 1


DISTINCT: list[Any] = [
    None, True, False, 0, 1, 0.0, -0.0, 1.0, math.inf, math.nan, "", "1", b"", b"1", [], (), {}, set(), frozenset(),
    [1], (1,), {1}, {"a": 1},
    {1: "a"}, {"1": "a"}, date(2020, 1, 1), datetime(2020, 1, 1), datetime(2020, 1, 1, tzinfo=UTC), "2020-01-01",
    datetime(2020, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), time(1), timedelta(1), timedelta(microseconds=1),
    Path("a"), "a", Decimal("1.0"), Decimal("1.00"), 1j,
    uuid.UUID(int=1), Colour.RED, Point(1), Point(1.0), Other(1), Point(Point(1)), Pair(1), Model(), Model(a=2),
    Secret("${secret:A}"),
    Secret("${secret:B}"), "${secret:A}", int, len, functools.partial(len, [1]), functools.partial(len, [2]),
    OrderedDict(a=1), numpy.float64(1),
    numpy.float32(1), numpy.int64(1), numpy.array([1, 2]), numpy.array([[1, 2]]), numpy.array([1.0, 2.0]),
    "ab".upper, "ac".upper,
    {"\0kind": "date", "\0value": "2020-01-01"}, range,
]  # fmt: skip


def behaviour(thing: Any) -> str:
    """A stand-in for the fingerprint of code."""
    return f"{thing.__module__}.{thing.__qualname__}"


def key(value: Any, told: Any = behaviour) -> str:
    """The digest of a setting."""
    return digest.of_structure("test.1", canonical(value, told))


def test_no_two_different_values_meet() -> None:
    """Type and content both count, also for what merely looks like a marked value."""
    keys = [key(value) for value in DISTINCT]
    assert len(set(keys)) == len(DISTINCT)


def test_equal_values_are_equal() -> None:
    """Order of sets, sharing, and the flavour of a path do not count."""
    assert key({3, 1, 2}) == key({2, 3, 1}) and key(Path("a/b")) == key(PurePosixPath("a/b"))
    shared = [1]
    assert key([shared, shared]) == key([[1], [1]]) and key(math.nan) == key(-math.nan)
    assert key(Secret("${secret:A}", lambda name: "x")) == key(Secret("${secret:A}", lambda name: "y"))


class Tag(str):
    """Text with a method of its own."""


class Row(dict):  # type: ignore[type-arg]
    """A mapping with state of its own."""


class Private(BaseModel):
    """A model with a private attribute."""

    a: int = 1
    _seen: int = PrivateAttr(0)


def _changed(value: Any, **attributes: Any) -> Any:
    for name, one in attributes.items():
        setattr(value, name, one)
    return value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({1: "a", 2: "b"}, {2: "b", 1: "a"}),
        (OrderedDict(a=1, b=2), OrderedDict(b=2, a=1)),
        (defaultdict(int, a=1), defaultdict(float, a=1)),
        (functools.partial(int, a=1, b=2), functools.partial(int, b=2, a=1)),
        (_changed(Point(1, 2), extra=1), _changed(Point(1, 2), extra=2)),
        (_changed(Point(1, 2), extra=1), Point(1, 2)),
        (_changed(Private(), _seen=1), _changed(Private(), _seen=2)),
        (_changed(Row(a=1), extra=1), _changed(Row(a=1), extra=2)),
        (_changed(Tag("a"), extra=1), Tag("a")),
    ],
)
def test_what_code_can_tell_apart_has_other_keys(one: Any, other: Any) -> None:
    """The order of mappings, how missing items are made, attributes that are no fields, private ones."""
    assert key(one) != key(other)


@pytest.mark.parametrize("value", [Tag("a"), Row(a=1), [Tag("a")], {"x": Row()}, defaultdict(Tag), Private()])
def test_the_class_of_a_value_counts_by_its_behaviour(value: Any) -> None:
    """Text, numbers and containers of a class of the user's own do what the class does."""
    assert key(value, lambda kind: f"{kind.__name__} as it was") != key(value, lambda kind: f"{kind.__name__} as it is")


def test_it_is_the_same_in_every_process() -> None:
    """Hash seeds change nothing."""
    program = (
        "from solvent.config import canonical; from solvent import digest; from pathlib import Path; "
        "print(digest.of_structure('t.1', canonical({'a': {'x', 'y', 'z'}, 'b': frozenset({Path('p'), 1, 'q'})})))"
    )
    import os

    made = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(made) == 1


def test_classes_count_by_their_behaviour() -> None:
    """An object's class is asked for; where nobody can say, the class's name stands, and code itself is refused."""
    asked: list[Any] = []

    def behave(thing: Any) -> str:
        asked.append(thing)
        return "B"

    structure = canonical([Point(1), Point, len], behave)
    assert asked == [Point, Point, len] and "test_config_key" not in repr(structure)
    assert "Point" in repr(canonical(Point(1)))
    with pytest.raises(TypeError, match="cannot be part of the key here: it is code"):
        canonical(len)


@pytest.mark.parametrize(
    "value", [object(), threading.Lock(), iter([]), [1, {"a": object()}], Point(object()), numpy.array([object()])]
)
def test_what_has_no_structure_is_refused(value: Any) -> None:
    """The error names the type and says what to do instead."""
    with pytest.raises(TypeError, match=r"a setting of type .* cannot be part of the key\. Give what it is made from"):
        canonical(value, behaviour)


def test_what_holds_itself_is_refused() -> None:
    """A circle ends in a message, not in a crash."""
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(TypeError, match="holds itself"):
        canonical(ring)
