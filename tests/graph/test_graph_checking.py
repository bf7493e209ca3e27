"""Edges are checked as a type checker would, and what cannot be decided is left to the value."""

import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Protocol, TypeVar

import pytest

from solvent.graph.checking import fits


class Frame:
    """Stands for one member of the table family."""


class Other:
    """Another member of it."""


class Model:
    """Has what the protocol asks for."""

    classes: list[str]

    def predict(self, rows):
        """Predict."""


class Child(Model):
    """A subclass."""


class Predicts(Protocol):
    """A protocol of one method."""

    def predict(self, rows: Any) -> Any: ...


class HasClasses(Protocol):
    """A protocol of one attribute."""

    classes: list[str]


class Pair(NamedTuple):
    """A record."""

    a: int
    b: str


T = TypeVar("T")

YES = [
    (int, int),
    (int, float),
    (bool, int),
    (Any, int),
    (int, Any),
    (int, object),
    (Child, Model),
    (Model, Predicts),
    (Model, HasClasses),
    (int, int | None),
    (None, int | None),
    (int | str, int | str | None),
    (list[int], list[int]),
    (list[int], Sequence[int]),
    (list[int], Sequence[float]),
    (list, list[int]),
    (list[int], list),
    (dict[str, int], Mapping[str, int]),
    (tuple[int, str], tuple[int, str]),
    (tuple[int, int], tuple[int, ...]),
    (Pair, tuple),
    (Annotated[int, "unit"], int),
    (int, Annotated[float, "unit"]),
    (Literal["a", "b"], str),
    (Frame, Other),
    (Frame, Other | None),
    (list[Frame], list[Other]),
    (typing.Optional[Frame], typing.Optional[Other]),  # noqa: UP045 - the old spelling has to work too
]
NO = [
    (str, int),
    (float, int),
    (int, str),
    (int | None, int),
    (None, int),
    (int | str, int),
    (str, Predicts),
    (list[str], list[int]),
    (list[int | None], list[int]),
    (dict[str, str], dict[str, int]),
    (dict[str, int], list[int]),
    (tuple[int, str], tuple[int, int]),
    (tuple[int, int], tuple[int, int, int]),
    (Frame, int),
    (int, Frame),
    (str, Frame | None),
    (Literal["a"], int),
    (str, Child),
]
OPEN = [
    (Model, Child),
    (T, int),
    (int, T),
    (object, int),
    (str, Literal["a"]),
    (int, Callable[[int], int]),
]


def _family(kind):
    return kind in (Frame, Other)


@pytest.mark.parametrize(("produced", "wanted"), YES, ids=str)
def test_what_a_type_checker_accepts_fits(produced, wanted):
    """Subclasses, unions, protocols, element types, wider numbers and the table family fit."""
    assert fits(produced, wanted, _family) is True


@pytest.mark.parametrize(("produced", "wanted"), NO, ids=str)
def test_what_a_type_checker_refuses_does_not_fit(produced, wanted):
    """Wrong types, missing methods, possible None and wrong elements do not fit."""
    assert fits(produced, wanted, _family) is False


@pytest.mark.parametrize(("produced", "wanted"), OPEN, ids=str)
def test_what_cannot_be_decided_is_left_open(produced, wanted):
    """A base class for its subclass, type variables and literals are decided by the value."""
    assert fits(produced, wanted, _family) is None
