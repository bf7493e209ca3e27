"""Values with named fields come back as the class that the reader names, with the very fields that they had."""

from __future__ import annotations

import dataclasses
import enum
import functools
import math
import typing
from collections import namedtuple
from dataclasses import InitVar, dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import pydantic
import pytest
from format_suite import Case, FormatSuite, Memory

from solvent.errors import Corrupted, InputError, NoFormat

T = TypeVar("T")


class Colour(enum.Enum):
    """An enum of values."""

    RED = 1
    GREEN = "g"


class Rights(enum.Flag):
    """An enum of bits."""

    READ = enum.auto()
    WRITE = enum.auto()


class Level(enum.IntEnum):
    """An enum that is a number too."""

    LOW = 1


@dataclass
class Point:
    """Two numbers."""

    x: float
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Frozen:
    """Frozen, with slots."""

    name: str
    points: tuple[Point, ...] = ()


@dataclass
class Fitted:
    """Settings, and state that fit finds."""

    columns: list[str]
    means: dict[str, float] = field(init=False)
    never: int = field(init=False)
    extra: InitVar[int] = 0
    shared: ClassVar[list[int]] = []
    opened: int = field(default=0, init=False)

    def __post_init__(self, extra: int) -> None:
        """Count how often it runs."""
        self.opened += 1

    def fit(self) -> Fitted:
        """Learn."""
        self.means = {name: float(place) for place, name in enumerate(self.columns)}
        return self

    @functools.cached_property
    def width(self) -> int:
        """Something computed once."""
        return len(self.columns)


@dataclass
class Below(Point):
    """A point with more to it."""

    colour: Colour = Colour.RED
    array: Any = None


@dataclass
class Box(Generic[T]):
    """Something of any class."""

    inner: T
    many: list[T] = field(default_factory=list)


@dataclass
class Deep:
    """Everything at once."""

    box: Box[Point]
    frozen: Frozen | None
    by_name: dict[str, Point | Below]
    both: tuple[Point, Colour]
    path: dict[Colour, Annotated[list[Point], "noted"]]


class Pair(NamedTuple):
    """A named tuple with a number and a record."""

    number: int
    point: Point | None = None


Plain = namedtuple("Plain", "a b")


class Model(pydantic.BaseModel):
    """A pydantic model."""

    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)

    name: str
    point: Point = Point(1.0)
    scores: dict[str, float] = {}
    _seen: int = pydantic.PrivateAttr(default=0)
    _point: Point | None = pydantic.PrivateAttr(default=None)


class Open(pydantic.BaseModel, extra="allow"):
    """A model that takes more than it declares."""

    name: str


def _model() -> Model:
    made = Model(name="a", scores={"x": math.inf})
    made._seen = 5
    return made


def _spoil_point(value: Any) -> None:
    value.x = 99.0


def _deep() -> Deep:
    return Deep(
        Box(Point(1.0, math.pi), [Point(2.0)]),
        Frozen("f", (Point(3.0),)),
        {"p": Point(4.0), "b": Below(5.0)},
        (Point(6.0), Colour.GREEN),
        {Colour.RED: [Point(7.0)]},
    )


class TestRecords(FormatSuite):
    """The contract, over records of all kinds."""

    cases: ClassVar = {
        "enum": Case(lambda: Colour.GREEN, wanted=Colour),
        "flag": Case(lambda: Rights.READ | Rights.WRITE, wanted=Rights),
        "no flag": Case(lambda: Rights(0), wanted=Rights),
        "number enum": Case(lambda: Level.LOW, wanted=Level),
        "enums": Case(lambda: {"a": [Colour.RED], "b": [Colour.GREEN]}, wanted=dict[str, list[Colour]]),
        "dataclass": Case(lambda: Point(1.5), _spoil_point, Point),
        "frozen": Case(
            lambda: Frozen("a", (Point(1.0), Point(2.0))), lambda value: _spoil_point(value.points[0]), Frozen
        ),
        "fitted": Case(
            lambda: Fitted(["a", "b"]).fit(),
            lambda value: value.means.clear(),
            Fitted,
            same=lambda a, b: vars(a) == vars(b),
        ),
        "inherited": Case(lambda: Below(1.0, colour=Colour.GREEN), _spoil_point, Below),
        "optional": Case(lambda: Point(1.0), _spoil_point, typing.Optional[Point]),  # noqa: UP045
        "annotated": Case(lambda: Point(1.0), _spoil_point, Annotated[Point | None, "noted"]),
        "list of records": Case(lambda: [Point(1.0), Point(2.0)], lambda value: _spoil_point(value[0]), list[Point]),
        "generic": Case(lambda: Box(Point(1.0), [Point(2.0)]), lambda value: _spoil_point(value.inner), Box[Point]),
        "deep": Case(_deep, lambda value: _spoil_point(value.by_name["b"]), Deep),
        "named tuple": Case(lambda: Pair(1, Point(1.0)), lambda value: _spoil_point(value.point), Pair),
        "named tuple of scalars": Case(lambda: Pair(1), wanted=Pair),
        "old named tuple": Case(lambda: Plain(1, [2]), lambda value: value.b.append(3), Plain),
        "model": Case(_model, lambda value: value.scores.clear(), Model),
        "open model": Case(
            lambda: Open(name="a", other=[1], more={"b": None}), lambda value: value.other.append(1), Open
        ),
    }


def test_only_fields_are_restored_and_nothing_runs(memory: Memory) -> None:
    """Neither __init__ nor __post_init__ runs on reading; what was not set stays unset; caches are left out."""
    value = Fitted(["a"], extra=3).fit()
    assert value.width == 1 and value.opened == 1
    back = memory.again(value, Fitted)
    assert back.opened == 1 and back.means == {"a": 0.0}
    assert not hasattr(back, "never") and "width" not in vars(back)


def test_a_private_attribute_and_the_fields_that_were_set_come_back(memory: Memory) -> None:
    """A model is restored with its whole state."""
    back = memory.again(_model(), Model)
    assert back._seen == 5 and back.model_fields_set == {"name", "scores"}
    assert memory.again(Open(name="a", other=1), Open).model_extra == {"other": 1}


def test_a_record_is_never_read_as_a_class_that_nobody_asked_for(memory: Memory) -> None:
    """The record's name alone builds nothing; the error says how to ask."""
    document = memory.put(Point(1.0))
    for wanted in (Any, object, Speaks, T):
        with pytest.raises(InputError, match="never by the artifact: .*as_=Point"):
            memory.read(document, wanted)


class Speaks(Protocol):
    """A protocol is no class to build."""

    x: float


def test_a_name_in_a_record_is_never_imported(memory: Memory) -> None:
    """A forged class name finds nothing, even where such a class exists."""
    document = memory.put(Point(1.0))
    for name in ("os.system", "Path", "TemporaryDirectory", "Popen"):
        document["body"]["class"] = name
        with pytest.raises(InputError, match="was asked for"):
            memory.read(document, Point)


def test_a_subclass_is_found_below_the_class_that_was_declared(memory: Memory) -> None:
    """A step that declares a base class may return any of its subclasses."""
    back = memory.again(Below(1.0), Point)
    assert type(back) is Below
    assert [type(one) for one in memory.again([Point(1.0), Below(2.0)], list[Point])] == [Point, Below]


def test_a_union_chooses_by_the_name_in_the_record(memory: Memory) -> None:
    """Of several classes that are asked for, the one that was written is made."""
    assert type(memory.again(Below(1.0), Frozen | Pair | Below | None)) is Below
    assert type(memory.again(Pair(1), Frozen | Pair)) is Pair


def test_fields_that_came_or_went_are_named(memory: Memory) -> None:
    """An older record is not filled up with defaults behind the reader's back."""
    document = memory.put(Point(1.0))
    newer = dataclasses.make_dataclass("Point", [("x", float), ("y", float), ("z", float, 0.0)])
    with pytest.raises(InputError, match="has the fields z, which it had not"):
        memory.read(document, newer)
    older = dataclasses.make_dataclass("Point", [("x", float)])
    with pytest.raises(InputError, match="no longer has the fields y"):
        memory.read(document, older)
    assert memory.read(document, dataclasses.make_dataclass("Point", [("y", float), ("x", float)])).x == 1.0
    with pytest.raises(InputError, match="BLUE"):
        bluer = enum.Enum("Colour", ["BLUE"])
        memory.read(memory.put(bluer.BLUE), Colour)  # type: ignore[attr-defined]


def test_behaviour_is_part_of_the_identity(memory: Memory, tmp_path: Path) -> None:
    """The same state under changed methods is another artifact; so a changed transform reaches all that uses it."""
    for value in (Point(1.0), Pair(1), Colour.RED, _model(), [Point(1.0)], {"a": (Pair(1),)}):
        changed = Memory(memory.formats, tmp_path, behaviour=lambda kind: f"changed {kind.__qualname__}")
        assert memory.put(value)["digest"] != changed.put(value)["digest"]
        assert memory.put(value)["digest"] == memory.put(value)["digest"]


def test_what_would_be_lost_is_refused(memory: Memory) -> None:
    """State outside of the fields never vanishes silently."""
    loose = Point(1.0)
    loose.cache = {}  # type: ignore[attr-defined]
    with pytest.raises(NoFormat, match=r"'cache'.*field\(init=False\)"):
        memory.put(loose)

    @dataclass
    class Both(dict[str, int]):
        """A dataclass that is a dict too."""

        x: int = 1

    with pytest.raises(NoFormat, match="a dataclass and a dict"):
        memory.put(Both())


def test_an_error_says_where_inside_the_value_it_arose(memory: Memory) -> None:
    """The path leads to the culprit."""
    with pytest.raises(
        NoFormat, match=r"in field 'inner' of Box: in the value of 'model' in a dict: in item 1 of a list: a lambda"
    ):
        memory.put(Box({"model": [1, lambda: 1]}))
    made = _model()
    made._point = object()  # type: ignore[assignment]
    with pytest.raises(NoFormat, match=r"in private attribute '_point' of Model: there is no format"):
        memory.put(made)


def test_records_that_hold_each_other_are_refused(memory: Memory) -> None:
    """A cycle through records ends in one sentence."""
    box: Box[Any] = Box(None)
    box.inner = [{"again": box}]
    with pytest.raises(NoFormat, match="contains itself"):
        memory.put(box)
    assert memory.again(Box(1), Box) == Box(1)


def test_large_things_inside_of_records_are_written_behind(memory: Memory) -> None:
    """A record with a large array inside is settled at once, and finished later from what cannot change."""
    array = np.arange(100_000.0)
    kept, written = memory.formats.write(Below(1.0, array=array), memory)
    assert written.finish is not None and written.body is None
    array[:] = 0
    body = written.finish(memory)
    back = memory.read({"format": kept.name, "digest": "", "body": body}, Below)
    assert np.array_equal(back.array, np.arange(100_000.0))


@pytest.mark.parametrize("fields", [None, [], ["l"], ["d", 1, 2], ["d", "x"], {"x": 1}])
def test_a_damaged_record_of_fields_is_named(memory: Memory, fields: Any) -> None:
    """A body that no record makes is Corrupted."""
    document = memory.put(Point(1.0))
    document["body"]["fields"] = fields
    with pytest.raises(Corrupted):
        memory.read(document, Point)
