"""Plain Python data comes back as it was, to the last bit and type."""

from __future__ import annotations

import json
import math
import threading
from collections import Counter, OrderedDict, defaultdict, deque
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from format_suite import Case, FormatSuite, Memory
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.archive.formats import BUILTIN, Formats
from solvent.errors import Corrupted, NoFormat


def equal(one: Any, other: Any) -> bool:
    """Equal in type, order and bits; NaN equals NaN, and -0.0 does not equal 0.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or (
            one == other and math.copysign(1, one) == math.copysign(1, other)
        )
    if isinstance(one, complex):
        return equal(one.real, other.real) and equal(one.imag, other.imag)
    if isinstance(one, (list, tuple, deque)):
        same = len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other, strict=True))
        return same and getattr(one, "maxlen", None) == getattr(other, "maxlen", None)
    if isinstance(one, dict):
        return equal(list(one.items()), list(other.items()))
    if isinstance(one, (datetime, time)):
        return repr(one) == repr(other) and one.fold == other.fold
    if isinstance(one, Decimal):
        return one.as_tuple() == other.as_tuple()
    return bool(one == other)


VALUES: dict[str, Any] = {
    "none": lambda: None,
    "true": lambda: True,
    "zero": lambda: 0,
    "one": lambda: 1,
    "one as a float": lambda: 1.0,
    "minus zero": lambda: -0.0,
    "huge int": lambda: -(10**5000),
    "int of 64 bits": lambda: 2**63 - 1,
    "int beyond 64 bits": lambda: 2**63,
    "tiny": lambda: 5e-324,
    "nan": lambda: math.nan,
    "inf": lambda: [math.inf, -math.inf, math.nan, -0.0],
    "text": lambda: 'a "quoted" \\ line\n\0 and 日本 and 😀',
    "lone surrogate": lambda: "\ud83d\ude00 is no face, 😀 is",
    "long text": lambda: "löng " * 20_000,
    "long surrogates": lambda: "\udcff" * 50_000,
    "bytes": lambda: b"\0\xff",
    "long bytes": lambda: bytes(range(256)) * 1000,
    "complex": lambda: complex(-0.0, math.nan),
    "date": lambda: date(1, 1, 1),
    "naive time": lambda: datetime(2013, 3, 10, 2, 30, 0, 123456),
    "zoned time": lambda: datetime(2013, 11, 3, 1, 30, tzinfo=ZoneInfo("America/New_York"), fold=1),
    "offset time": lambda: datetime(2013, 1, 1, tzinfo=timezone(timedelta(hours=-5, seconds=1), "odd")),
    "utc time": lambda: datetime(2013, 1, 1, tzinfo=timezone.utc),  # noqa: UP017 both spellings are one object
    "time of day": lambda: time(23, 59, tzinfo=ZoneInfo("UTC")),
    "zones": lambda: [ZoneInfo("UTC"), timezone.utc, timezone(timedelta(0), "Z")],  # noqa: UP017
    "duration": lambda: timedelta(days=-1, microseconds=7),
    "decimals": lambda: [
        Decimal("1.00"),
        Decimal("1.0"),
        Decimal("-0"),
        Decimal("NaN"),
        Decimal("sNaN12"),
        Decimal("-Inf"),
    ],
    "fraction": lambda: Fraction(-1, 10**30),
    "uuid": lambda: UUID(int=7),
    "range": lambda: range(10**30, 0, -3),
    "list": lambda: [1, "a", None, [2.5, [True]], {}],
    "numbers": lambda: [float(one) for one in range(5000)],
    "whole numbers": lambda: list(range(5000)),
    "huge among small": lambda: [1, 2**70, 3],
    "tuple": lambda: (1, ("a", ()), [1]),
    "dict in order": lambda: {"b": 1, "a": 2},
    "dict of scalars": lambda: {1: "a", None: "b", (1, 2.5): "c", b"x": "d", date(2013, 1, 1): "e", "@": ["l"]},
    "set": lambda: {"delta", "alpha", "charlie", "bravo", 3, 2.5, None, (1, "x")},
    "frozenset": lambda: frozenset({"x", frozenset({"y", "z"})}),
    "ordered dict": lambda: OrderedDict(b=1, a=2),
    "counter": lambda: Counter("mississippi"),
    "default dict": lambda: defaultdict(list, a=[1]),
    "deque": lambda: deque([1, 2], maxlen=3),
    "byte array": lambda: bytearray(b"abc"),
    "looks like a tag": lambda: ["@", {"format": "json.1"}, ["l", ["T", "x"]]],
}


def spoil(value: Any) -> None:
    """Change a container in place, deep inside if it goes deep."""
    if isinstance(value, dict):
        value.clear()
    elif isinstance(value, (set, frozenset)):
        value.clear()  # type: ignore[union-attr]
    elif isinstance(value, tuple):
        spoil(value[-1])
    elif isinstance(value[-1], (list, dict)):
        spoil(value[-1])
        value.append("spoiled")
    else:
        value[0] = value.pop() if isinstance(value, bytearray) else "spoiled"


_SPOILED = (
    "list",
    "numbers",
    "tuple",
    "dict in order",
    "set",
    "ordered dict",
    "counter",
    "default dict",
    "deque",
    "byte array",
)


class TestPlain(FormatSuite):
    """The contract, over all kinds of plain values."""

    cases: ClassVar = {
        name: Case(make, spoil if name in _SPOILED else None, same=equal) for name, make in VALUES.items()
    }


def test_values_that_differ_have_digests_that_differ(memory: Memory) -> None:
    """Neither type, order, zone nor sign is lost in a digest."""
    values = [make() for make in VALUES.values()]
    values += [
        {"a": 2, "b": 1},
        (1, 2),
        [1, 2],
        {1, 2},
        frozenset({1, 2}),
        "1",
        b"1",
        "nan",
        ["nan"],
        ("f", "nan"),
        ["f", "nan"],
    ]
    values += [
        datetime(2013, 1, 1),
        datetime(2013, 1, 1, tzinfo=ZoneInfo("UTC")),
        "2013-01-01",
        date(2013, 1, 1),
        False,
        "",
        b"",
        [],
    ]
    values += [
        {1: 2},
        {"1": 2},
        {True: 2},
        [[1, 2]],
        [1, [2]],
        [(1, 2)],
        bytearray(b"1"),
        deque([1, 2]),
        OrderedDict({1: 2}),
    ]
    digests = [memory.put(value)["digest"] for value in values]
    assert len(set(digests)) == len(digests)


def test_a_number_is_handed_on_as_it_is(memory: Memory) -> None:
    """What cannot change needs no way through the archive, also inside of tuples; what can change has one."""
    for value in (1, 2.5, "x", None, (1, ("a", 2.5)), frozenset({1}), date(2013, 1, 1)):
        keep = memory.write(value).keep
        assert keep is not None and keep(Any) is value
    for value in ([1], {"a": 1}, {1}, (1, [2]), bytearray(b"1"), deque()):
        assert memory.write(value).keep is None


def test_the_body_is_json_that_any_reader_accepts(memory: Memory) -> None:
    """No NaN, no infinity, no lone surrogate reaches JSON text."""
    for make in VALUES.values():
        text = json.dumps(memory.put(make())["body"], ensure_ascii=False, allow_nan=False)
        text.encode("utf-8")
        assert len(text) < 200_000


def test_a_container_that_holds_itself_is_refused(memory: Memory) -> None:
    """A cycle ends in one sentence, not in a stack overflow; and the next write works."""
    loop: list[Any] = [1]
    loop.append({"again": loop})
    with pytest.raises(NoFormat, match="contains itself"):
        memory.put(loop)
    assert memory.again([1]) == [1]


def test_the_same_list_twice_is_no_cycle(memory: Memory) -> None:
    """Sharing is allowed; what comes back is two equal lists."""
    inner = [1]
    back = memory.again([inner, inner])
    assert back == [[1], [1]] and back[0] is not back[1]


def test_very_deep_nesting_is_refused(memory: Memory) -> None:
    """What JSON readers could not take is refused when it is written."""
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(NoFormat, match="deep"):
        memory.put(deep)


def test_subclasses_of_builtins_are_not_mistaken_for_them(memory: Memory) -> None:
    """A list with behaviour is not silently made a list without it."""

    class Stack(list[int]):
        """A list with a method."""

    with pytest.raises(NoFormat, match=r"no format for a value of type .*Stack"):
        memory.put({"stack": Stack()})


def test_a_default_that_is_code_is_refused(memory: Memory) -> None:
    """A defaultdict with a lambda cannot come back, and says so."""
    with pytest.raises(NoFormat, match="default_factory"):
        memory.put(defaultdict(lambda: 5))


def test_a_time_zone_without_a_key_is_refused(memory: Memory) -> None:
    """Zones of other makes have no name to keep."""
    from datetime import tzinfo

    class Mine(tzinfo):
        """A zone of one's own."""

    with pytest.raises(NoFormat, match=r"zoneinfo\.ZoneInfo"):
        memory.put(datetime(2013, 1, 1, tzinfo=Mine()))


@pytest.mark.parametrize(
    "body",
    [{}, [], ["?"], ["l", {}], ["d", 1], ["i"], ["i", "zz"], ["f", "x"], ["b", "%"], ["s", ["l"]],
     ["dt", "x", 0, None], ["dd", "eval"]],
)  # fmt: skip
def test_a_damaged_record_is_named(memory: Memory, body: Any) -> None:
    """A body that no value makes is Corrupted, never a stray KeyError."""
    with pytest.raises(Corrupted):
        memory.read({"format": "json.1", "digest": "0" * 64, "body": body})


def test_a_list_that_a_thread_appends_to_is_written_whole(memory: Memory) -> None:
    """Digest and bytes are of one moment, however busy another thread is."""
    growing: list[Any] = [{"at": 0}]
    stop = threading.Event()

    def grow() -> None:
        while not stop.is_set() and len(growing) < 20_000:
            growing.append({"at": len(growing)})

    worker = threading.Thread(target=grow)
    worker.start()
    try:
        for _ in range(3):
            document = memory.put(growing)
            back = memory.read(document)
            assert memory.put(back)["digest"] == document["digest"]
            assert back == [{"at": place} for place in range(len(back))]
    finally:
        stop.set()
        worker.join()


class Row(TypedDict):
    """A dict with known keys."""

    scores: list[float]


def test_a_typed_dict_is_a_dict(memory: Memory) -> None:
    """A TypedDict is asked for by name, and is plain data."""
    assert memory.again({"scores": [1.5]}, Row) == {"scores": [1.5]}


_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary()
    | st.decimals() | st.dates() | st.datetimes() | st.timedeltas() | st.uuids() | st.complex_numbers() | st.fractions()
)  # fmt: skip
_keys = st.none() | st.integers() | st.text() | st.binary() | st.dates()
_trees = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(_keys, inner)
        | st.sets(_keys)
        | st.frozensets(_keys)
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(value=_trees)
def test_any_plain_value_comes_back(value: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever is nested in whatever: same types, same order, same bits, same digest."""
    memory = Memory(Formats(BUILTIN), tmp_path_factory.getbasetemp())
    document = memory.put(value)
    back = memory.read(document)
    assert equal(back, value)
    assert memory.put(back)["digest"] == document["digest"]
