"""What a file's text means is said by the annotation: numbers, truth, dates, paths, classes and mappings."""

from __future__ import annotations

import collections.abc as abc
import dataclasses
import enum
import ipaddress
import math
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, TypedDict

import pytest
from pydantic import BaseModel, BeforeValidator, Field, HttpUrl, PositiveInt, RootModel, field_validator

from solvent.config import validate
from solvent.config.leaf import Origin, Text, plain
from solvent.config.reading import read_value


class Colour(enum.Enum):
    """By value or by name."""

    RED = "red"
    DARK = "BLUE"


class Level(enum.IntEnum):
    """Whole numbers."""

    LOW = 1
    HIGH = 2


@dataclasses.dataclass
class Inner:
    """The inside."""

    x: int = 1
    y: float = 2.0


@dataclasses.dataclass
class Outer:
    """The outside; a list of itself, a constraint, a derived field."""

    name: str
    inner: Inner = dataclasses.field(default_factory=Inner)
    rate: Annotated[float, Field(gt=0)] = 0.1
    rest: list[Outer] = dataclasses.field(default_factory=list)
    made: int = dataclasses.field(init=False, default=0)

    def __post_init__(self) -> None:
        """Refuse one name."""
        if self.name == "bad":
            raise ValueError("bad is bad")


class Model(BaseModel):
    """A pydantic model."""

    rate: float = Field(gt=0)
    when: date | None = None
    tags: tuple[str, ...] = ()
    kind: Literal["a", "b"] = Field("a", alias="type")
    words: list[str] = []

    @field_validator("words", mode="before")
    @classmethod
    def split(cls, value: Any) -> Any:
        """Words may be written in one text."""
        return value.split() if isinstance(value, str) else value


class Pair(NamedTuple):
    """A named pair."""

    a: int
    b: str = "b"


class Options(TypedDict):
    """A typed dict."""

    a: int
    b: NotRequired[str]


UserId = NewType("UserId", int)


def from_yaml(text: str, annotation: Any) -> Any:
    """What a setting of this annotation gets from the text as YAML writes it."""
    return validate(plain(read_value(text, Origin("test"))), annotation, from_file=True)


def fault(text: str, annotation: Any) -> str:
    """Why it gets nothing."""
    with pytest.raises(ValueError) as caught:
        from_yaml(text, annotation)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "annotation", "value"),
    [
        # text stays text
        ("no", str, "no"), ("yes", str, "yes"), ("1e3", str, "1e3"), ("1_000", str, "1_000"), ("null", str, "null"),
        ("010", str, "010"), ("08", str, "08"), ("3.10", str, "3.10"), ("12:30", str, "12:30"), ("~", str, "~"),
        ("2013-09-01", str, "2013-09-01"), ("true", str, "true"), ('""', str, ""), ("0x1f", str, "0x1f"),
        ("...", str, "..."),
        ('"5"', str, "5"), ("=", str, "="), ("<<", str, "<<"), (".inf", str, ".inf"),
        # truth
        ("true", bool, True), ("Yes", bool, True), ("ON", bool, True), ("no", bool, False), ("off", bool, False),
        ("FALSE", bool, False),
        # whole numbers
        ("7", int, 7), ("-7", int, -7), ("+7", int, 7), ("1_000", int, 1000), ("010", int, 10), ("08", int, 8),
        ("1e3", int, 1000),
        ("0x1F", int, 31), ("0o17", int, 15), ("0b11", int, 3),
        ("123456789012345678901234567890", int, 123456789012345678901234567890),
        # numbers
        ("1", float, 1.0), ("0.5", float, 0.5), (".5", float, 0.5), ("5.", float, 5.0), ("1e-3", float, 0.001),
        ("1E3", float, 1000.0),
        ("1_000.5", float, 1000.5), (".inf", float, math.inf), ("-.INF", float, -math.inf), ("-0.0", float, -0.0),
        ("010", float, 10.0),
        # nothing
        ("null", type(None), None), ("~", int | None, None), ("null", str | None, None), ("Null", None, None),
        # dates, times and durations
        ("2013-09-01", date, date(2013, 9, 1)), ('"2013-09-01"', date, date(2013, 9, 1)),
        ("2013-09-01", datetime, datetime(2013, 9, 1)), ("2013-09-01 10:30", datetime, datetime(2013, 9, 1, 10, 30)),
        ("2013-09-01T10:30:00Z", datetime, datetime(2013, 9, 1, 10, 30, tzinfo=UTC)), ("12:30", time, time(12, 30)),
        ("1 day", timedelta, timedelta(days=1)), ("90s", timedelta, timedelta(seconds=90)),
        ("2h30m", timedelta, timedelta(minutes=150)),
        ("1 day, 2 hours", timedelta, timedelta(hours=26)), ("1 week and 1 day", timedelta, timedelta(days=8)),
        ("P1DT2H", timedelta, timedelta(hours=26)), ("PT0.5S", timedelta, timedelta(seconds=0.5)),
        ("1:30:00", timedelta, timedelta(minutes=90)),
        ("-90 min", timedelta, timedelta(minutes=-90)), ("5ms", timedelta, timedelta(milliseconds=5)),
        ("1.5 Hours", timedelta, timedelta(minutes=90)),
        # paths, enums, literals and other small things
        ("data/x y.csv", Path, Path("data/x y.csv")), ("red", Colour, Colour.RED), ("RED", Colour, Colour.RED),
        ("BLUE", Colour, Colour.DARK),
        ("2", Level, Level.HIGH), ("LOW", Level, Level.LOW), ("a", Literal["a", "b"], "a"), ("1", Literal[1, "1"], 1),
        ('"1"', Literal[1, "1"], "1"), ("no", Literal[True, False, "auto"], False),
        ("no", Literal["no", "yes"], "no"), ("null", Literal["a", None], None),
        ("0.10", Decimal, Decimal("0.10")), ('"0.10"', Decimal, Decimal("0.10")), ("äö", bytes, "äö".encode()),
        ("12345678-1234-5678-1234-567812345678", uuid.UUID, uuid.UUID("12345678-1234-5678-1234-567812345678")),
        ("10.0.0.1", ipaddress.IPv4Address, ipaddress.IPv4Address("10.0.0.1")), ("5", UserId, 5),
        ("1/3", Fraction, Fraction(1, 3)),
        # containers
        ("[1, 2]", list[int], [1, 2]), ("[1, 2]", tuple[int, ...], (1, 2)), ("[1, a]", tuple[int, str], (1, "a")),
        ("[]", tuple[()], ()),
        ("[1, 1]", set[int], {1}), ("[1]", frozenset[int], frozenset({1})), ("[1, 2]", Sequence[int], [1, 2]),
        ("[a]", abc.Set[str], frozenset("a")),
        ("{1: a}", dict[int, str], {1: "a"}), ("{1: a}", dict[str, str], {"1": "a"}),
        ("{a: {b: [1]}}", dict[str, dict[str, list[float]]], {"a": {"b": [1.0]}}),
        ("{2013-09-01: 1}", dict[date, int], {date(2013, 9, 1): 1}), ("[1, no]", list, [1, "no"]),
        ("[[1, 2]]", list[tuple[int, int]], [(1, 2)]),
        # unions: exact first, text last
        ("5", int | str, 5), ("5", str | int, 5), ('"5"', int | str, "5"), ("5", int | float, 5),
        ("5.0", float | int, 5.0), ("5", float | None, 5.0),
        ("no", bool | str, "no"), ("true", bool | str, True), ("no", bool | None, False),
        ("2013-09-01", date | str, date(2013, 9, 1)),
        ("soon", date | str, "soon"), ("[1, 2]", list[str] | list[int], [1, 2]),
        ("[a]", list[int] | list[str], ["a"]), ("a", str | list[str], "a"),
        ("[a]", str | list[str], ["a"]), ("x.csv", Path | None, Path("x.csv")), ("x", str | Path, "x"),
        ("", int | None, None),
        # anything: YAML 1.2
        ("5", Any, 5), ("no", Any, "no"), ("true", Any, True), ("1e3", Any, 1000.0), ("1_000", Any, "1_000"),
        ("0o17", Any, 15), ("010", Any, 10),
        ("2013-09-01", Any, "2013-09-01"), ('"5"', Any, "5"), ("[1, {a: ~}]", object, [1, {"a": None}]),
    ],
)  # fmt: skip
def test_the_annotation_says_what_text_means(text: str, annotation: Any, value: Any) -> None:
    """The text as it stands in a file becomes what a person expects of a setting of this type."""
    made = from_yaml(text, annotation) if text else validate(Text(""), annotation, from_file=True)
    assert made == value and type(made) is type(value) and repr(made) == repr(value)
    assert "Text" not in repr(type(made))


def test_no_kept_scalar_gets_through() -> None:
    """Whatever the annotation, strings of the result are plain ones, keys too."""
    for annotation in (
        Any,
        dict,
        dict[str, Any],
        dict[str, list[str]],
        dict[str, tuple[str, ...]],
        abc.Mapping[str, list],
    ):
        made = from_yaml("{a: [b, 'c']}", annotation)
        assert {type(one) for one in (*made, *made["a"])} == {str}
    assert math.isnan(from_yaml(".nan", float)) and math.isnan(from_yaml(".NaN", Any))


@pytest.mark.parametrize(
    ("text", "annotation", "message"),
    [
        ("fast", float, "expected a number, got text 'fast'"),
        ('"0.5"', float, "expected a number, got text '0.5' in quotes (take the quotes away)"),
        ("3.0", int, "expected a whole number, got the number 3.0"),
        ("1e-3", int, "expected a whole number, got the number 1e-3"),
        ("true", int, "expected a whole number, got true"),
        ("yes", float, "expected a number, got text 'yes'"),
        ("inf", float, "expected a number, got text 'inf' (write .inf or .nan)"),
        ("1", bool, "expected true or false, got the number 1"),
        ('"no"', bool, "expected true or false, got text 'no' in quotes (take the quotes away)"),
        ("yEs", bool, "expected true or false, got text 'yEs'"),
        ("12:30", int, "expected a whole number, got text '12:30'"),
        ("1__0", int, "expected a whole number, got text '1__0'"),
        ("1e999999999", int, "expected a whole number, got text '1e999999999'"),
        ("1e999", float, "expected a number, got text '1e999'"),
        ("٣", int, "expected a whole number, got text '٣'"),
        ("a", list[str], "expected a list, got text 'a'"),
        ("[1, a, b]", list[int], "[1]: expected a whole number, got text 'a'; "
                                 "[2]: expected a whole number, got text 'b'"),
        ("[1]", tuple[int, int], "expected 2 elements, got 1"),
        ("[[1]]", set[Any], "[0]: expected a value that can stand in a set, got list"),
        ("{a: x, b: 1}", dict[str, int], "a: expected a whole number, got text 'x'"),
        ("{a: 1}", dict[int, int], "a: the key: expected a whole number, got text 'a'"),
        ("{1: a, 01: b}", dict[int, str], "01: the key 1 stands here twice, written in two ways"),
        ("null", int, "expected a whole number, got null"),
        ("2013-13-01", date, "expected a date such as 2013-09-01, got text '2013-13-01'"),
        ("20130901", date, "expected a date such as 2013-09-01, got the number 20130901"),
        ("90", timedelta, "expected a duration such as '90s', '1 day' or 'PT2H', got the number 90"),
        ("5M", timedelta, "expected a duration such as '90s', '1 day' or 'PT2H', got text '5M'"),
        ("1h 2h", timedelta, "expected a duration such as '90s', '1 day' or 'PT2H', got text '1h 2h'"),
        ("99999999999 weeks", timedelta, "expected a duration such as '90s', '1 day' or 'PT2H', got text "
                                         "'99999999999 weeks'"),
        ("rot", Colour, "expected one of red, BLUE, got text 'rot'"),
        ("reed", Colour, "expected one of red, BLUE, got text 'reed'. Did you mean 'red'?"),
        ("tset", Literal["test", "train"], "expected one of 'test', 'train', got text 'tset'. Did you mean 'test'?"),
        ("a", int | None, "expected a whole number, got text 'a'"),
        ("a", int | bool, "expected a whole number or true or false, got text 'a'"),
        ("[a]", int | str, "expected a whole number or text, got a list"),
        ("[1, a]", int | list[int], "[1]: expected a whole number, got text 'a'"),
        ("x" * 500, int, "expected a whole number, got text '" + "x" * 59 + "…'"),
        ("0", PositiveInt, "expected greater than 0, got the number 0"),
        ("a", PositiveInt, "expected a whole number, got text 'a'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(text: str, annotation: Any, message: str) -> None:
    """The message says what was expected, what stands there, and often the way out."""
    assert fault(text, annotation) == message


def test_dataclasses_from_mappings() -> None:
    """Fields are typed, nested and constrained; unknown, missing and refused ones are named, all at once."""
    made = from_yaml("{name: a, inner: {x: 3}, rest: [{name: b, rate: 1}]}", Outer)
    assert made == Outer("a", Inner(3), 0.1, [Outer("b", Inner(), 1.0)]) and type(made.rest[0].rate) is float
    assert fault("{nmae: a, inner: {x: a, z: 1}, rate: -1}", Outer) == (
        "nmae: Outer has no field 'nmae'. Did you mean 'name'?; inner.x: expected a whole number, got text 'a'; "
        "inner.z: Inner has no field 'z'.; rate: expected greater than 0, got the number -1.0; "
        "'name' is missing, and Outer has no default for it"
    )
    assert fault("{name: bad}", Outer) == "Outer refuses it: bad is bad"
    assert fault("{name: a, made: 1}", Outer).startswith("made: Outer has no field 'made'.")
    assert fault("[1]", Outer) == "expected Outer, as a mapping of its fields, got a list"
    assert (
        fault("{name: a, rest: [{name: b, inner: {y: q}}]}", Outer)
        == "rest[0].inner.y: expected a number, got text 'q'"
    )


def test_models_from_mappings() -> None:
    """pydantic's models are strict here too, know aliases and early validators, and forbid what they don't know."""
    made = from_yaml("{rate: 1, when: 2013-09-01, tags: [1, a], type: b, words: x y}", Model)
    assert made == Model(rate=1.0, when=date(2013, 9, 1), tags=("1", "a"), type="b", words=["x", "y"])
    assert from_yaml("{rate: 1, kind: b}", Model).kind == "b"
    assert fault("{rate: 0}", Model) == "rate: expected greater than 0, got the number 0.0"
    assert fault("{rate: true, typ: b, when: soon}", Model) == (
        "rate: expected a number, got true; typ: Model has no field 'typ'. Did you mean 'type'?; "
        "when: expected a date such as 2013-09-01, got text 'soon'"
    )
    assert fault("{}", Model) == "rate: this is missing, and it has no default"
    assert from_yaml("[1, 2]", RootModel[list[int]]).root == [1, 2]
    assert str(from_yaml("http://a.b/", HttpUrl)) == "http://a.b/"
    assert from_yaml("a,b", Annotated[list[str], BeforeValidator(lambda v: v.split(","))]) == ["a", "b"]
    assert from_yaml("[1]", Annotated[list[int], Field(min_length=1)]) == [1]
    assert (
        fault("[]", Annotated[list[int], Field(min_length=1)])
        == "List should have at least 1 item after validation, not 0"
    )
    assert from_yaml("3", Annotated[int, "metres"]) == 3


def test_other_records() -> None:
    """NamedTuples come from mappings or lists, TypedDicts from mappings."""
    assert from_yaml("{a: 1}", Pair) == Pair(1) == from_yaml("[1]", Pair) and from_yaml("[1, x]", Pair) == Pair(1, "x")
    assert fault("[]", Pair) == "'a' is missing, and Pair has no default for it"
    assert from_yaml("{a: 1, b: x}", Options) == {"a": 1, "b": "x"} and from_yaml("{a: 1}", Options) == {"a": 1}
    assert (
        fault("{b: x, d: 1}", Options)
        == "d: Options has no field 'd'.; 'a' is missing, and Options has no default for it"
    )


def test_classes_and_functions_by_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """'module:name' is imported; the error says what could not be; code may hand over the object."""
    (tmp_path / "solvent_broken_module.py").write_text("raise RuntimeError('no luck')")
    monkeypatch.syspath_prepend(tmp_path)
    assert from_yaml("math:sqrt", Callable[[float], float]) is math.sqrt
    assert from_yaml("pathlib:Path", type) is Path and from_yaml("collections:OrderedDict.fromkeys", Callable)([]) == {}
    assert from_yaml("builtins:bool", type[int]) is bool
    assert (
        validate(Path, type[Path], from_file=True) is Path
        and validate(math.sqrt, Callable, from_file=False) is math.sqrt
    )
    assert fault("math:sqrtt", Callable) == "'math:sqrtt' cannot be imported: math has no 'sqrtt'. Did you mean 'sqrt'?"
    assert fault("no_such_mod.x:y", type) == "'no_such_mod.x:y' cannot be imported: there is no module 'no_such_mod'"
    assert fault("solvent_broken_module:x", type) == (
        "'solvent_broken_module:x' cannot be imported: solvent_broken_module raised RuntimeError: no luck "
        "(solvent_broken_module.py, line 1)"
    )
    assert fault("math.sqrt", Callable) == "expected a class or function written 'module:name', got text 'math.sqrt'"
    assert fault("os:system('x')", Callable).startswith("expected a class or function written 'module:name'")
    assert fault("builtins:str", type[int]) == "expected a class below int, written 'module:name', got the class str"
    assert fault(
        "math:pi", Callable
    ) == "expected something that can be called, written 'module:name', got the number " + str(math.pi)
    with pytest.raises(ValueError, match="expected something that can be called"):
        validate("math:sqrt", Callable, from_file=False)  # in code one writes the function itself


def test_classes_without_notation_come_from_code_only() -> None:
    """An arbitrary class takes its own objects, and says so to a text."""

    class Thing:
        pass

    thing = Thing()
    assert validate(thing, Thing, from_file=True) is thing and validate(None, Thing | None, from_file=False) is None
    assert "expected an object of type" in fault("x", Thing)


def test_toml_and_dict_values_are_held_to_their_types() -> None:
    """Typed values are not bent: a float is no whole number, a quoted number no number, a bool neither."""
    for value, annotation in (
        (1.0, int),
        ("1", int),
        (True, int),
        (True, float),
        (1, bool),
        (0, bool),
        (1, str),
        ("true", bool),
        (datetime(2020, 1, 1), date),
    ):
        with pytest.raises(ValueError, match="expected"):
            validate(value, annotation, from_file=True)
    assert validate(1, float, from_file=True) == 1.0 and validate(
        date(2020, 1, 1), datetime, from_file=True
    ) == datetime(2020, 1, 1)
    assert validate((1, 2), list[int], from_file=True) == [1, 2] and validate({1}, frozenset[int], from_file=True) == {
        1
    }
    assert validate("2020-01-01", date, from_file=True) == date(2020, 1, 1)
    with pytest.raises(ValueError, match="expected a number"):
        validate(10**400, float, from_file=True)
