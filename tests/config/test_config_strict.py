"""The quick way for Python's own types and pydantic's strict mode come to the same results."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from pydantic import ConfigDict, TypeAdapter, ValidationError

from solvent.config import validate

REFUSED = "refused"


class MyInt(int):
    """An int of one's own."""


class MyStr(str):
    """A text of one's own."""


ANNOTATIONS: list[Any] = [
    int, float, bool, str, bytes, type(None), complex, list, dict, tuple, set, frozenset, Any, list[int],
    list[float], list[str | None],
    dict[str, int], dict[str, float], dict[int, str], tuple[int, ...], tuple[int, str], tuple[()], set[int],
    frozenset[str],
    int | None, float | None, int | float, float | int, int | str, str | float, bool | int, int | bool, str | list[str],
    list[int] | list[float], list[float] | list[int], dict[str, list[int | None]], list[list[float]],
    tuple[float, ...] | list[int],
    Sequence[int], Mapping[str, float], Literal["a", "b"], Literal[-5, "x"], Literal["a", None], list[Any],
    dict[str, Any],
    tuple[int | None, str | None], set[int | str], float | str, None | str, list[dict[str, float]],
]  # fmt: skip

VALUES: list[Any] = [
    0, 1, -5, 2**70, 10**400, 0.0, 1.0, -2.5, float("inf"), float("nan"), True, False, None, "", "a", "b", "1", "x",
    b"", b"a", 1j,
    [], [1], [1.0], [True], ["a"], [1, 2.5], [None], ["a", None], (), (1,), (1, "a"), (1, 2), (None, None), {},
    {"a": 1}, {"a": 1.5},
    {1: "a"}, {True: 1}, {"a": [1, None]}, {"a": None}, set(), {1}, {"a"}, {1, "a"}, frozenset(), frozenset({"a"}),
    [[1]], [[1.5, 2]],
    [{"a": 1}], range(3), MyInt(3), MyStr("a"), object(), int, print,
]  # fmt: skip


def by_pydantic(value: Any, annotation: Any) -> Any:
    """What pydantic's strict mode makes of it."""
    adapter = TypeAdapter(annotation, config=ConfigDict(strict=True, arbitrary_types_allowed=True))
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return REFUSED


def by_us(value: Any, annotation: Any) -> Any:
    """What our own way makes of it."""
    try:
        return validate(value, annotation, from_file=False)
    except ValueError:
        return REFUSED


def described(value: Any) -> str:
    """A value with the types of all that it holds."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{described(k)}: {described(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return type(value).__name__ + "[" + ", ".join(map(described, value)) + "]"
    if isinstance(value, (set, frozenset)):
        return type(value).__name__ + "{" + ", ".join(sorted(map(described, value))) + "}"
    return f"{type(value).__name__} {value!r}"


@pytest.mark.parametrize("annotation", ANNOTATIONS, ids=str)
def test_every_value_against_every_annotation(annotation: Any) -> None:
    """A table of values, each accepted or refused alike, with the same result down to the types."""
    differing = [
        (described(value), described(by_us(value, annotation)), described(by_pydantic(value, annotation)))
        for value in VALUES
        if described(by_us(value, annotation)) != described(by_pydantic(value, annotation))
    ]
    assert differing == []


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.binary(max_size=3)
hashables = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(hashables, inner, max_size=3)
        | st.tuples(inner, inner)
        | st.sets(hashables, max_size=3)
        | st.frozensets(hashables, max_size=3)
    ),
    max_leaves=6,
)
kinds = st.recursive(
    st.sampled_from([int, float, bool, str, bytes, type(None), Any]),
    lambda inner: (
        st.builds(lambda a: list[a], inner)  # type: ignore[valid-type]
        | st.builds(lambda a: dict[str, a], inner)  # type: ignore[valid-type]
        | st.builds(lambda a, b: tuple[a, b], inner, inner)  # type: ignore[valid-type]
        | st.builds(lambda a: tuple[a, ...], inner)  # type: ignore[valid-type]
        | st.builds(lambda a: a | None if a is not Any else a, inner)
    ),
    max_leaves=4,
)


@given(kind=kinds, value=trees)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_tree_against_any_annotation(kind: Any, value: Any) -> None:
    """Generated annotations and values are judged alike."""
    assert described(by_us(value, kind)) == described(by_pydantic(value, kind))


def test_what_is_stricter_than_pydantic() -> None:
    """Wanted: in a Literal too a boolean is no number, and a float no whole one; a Sequence is a list or a tuple."""
    assert by_pydantic(True, Literal[1]) == 1 and by_us(True, Literal[1]) == REFUSED
    assert by_pydantic(1.0, Literal[1]) == 1 and by_us(1.0, Literal[1]) == REFUSED

    class Mine(list):
        pass

    assert type(by_pydantic(Mine([1]), Sequence[int])) is Mine and type(by_us(Mine([1]), Sequence[int])) is list


def test_results_share_nothing_with_what_was_given() -> None:
    """Lists and dicts are copied, so a step cannot change the caller's."""
    given_list: Any = {"a": [1]}
    made = validate(given_list, dict[str, list[int]], from_file=False)
    made["a"].append(2)
    assert given_list == {"a": [1]}


def test_nothing_heavy_is_imported() -> None:
    """Importing, binding builtins and loading a dict bring in no third-party package; a YAML file brings only yaml."""
    program = """
import sys
from solvent.config import *
from solvent.config import load_settings
s = load_settings([{"steps": {"a": {"x": 1, "y": [1.5], "z": "b"}}}], root=".")
found = []
specs = [Setting("x", int), Setting("y", list[float]), Setting("z", str | None), Setting("d", dict[str, int], {})]
bound = bind(specs, {}, s.root_block.child("a"), where="a", problems=found)
assert not found and bound["y"].value == [1.5], found
third = {"pydantic", "pydantic_core", "yaml", "numpy", "annotated_types", "typing_extensions", "polars", "blake3"}
assert not third & {name.partition(".")[0] for name in sys.modules}, third & set(sys.modules)
print("clean")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "clean\n", done.stderr
