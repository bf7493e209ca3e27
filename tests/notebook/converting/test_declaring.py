"""Declarations in converted code: only what a strict type checker asks for, where it cannot be wrong."""

from __future__ import annotations

import textwrap

import pytest

from solvent.notebook.converting.writing.declaring import declared


def written(text: str) -> str:
    return textwrap.dedent(text).strip("\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("scores = []\nscores.append(1)", "scores: list[Any] = []\nscores.append(1)"),
        ("by = {}", "by: dict[Any, Any] = {}"),
        ("by = dict()\nseen = set()", "by: dict[Any, Any] = dict()\nseen: set[Any] = set()"),
        ("for i in range(3):\n    row = []", "for i in range(3):\n    row: list[Any] = []"),
        ("a, b = [], {}", "a: list[Any]\nb: dict[Any, Any]\na, b = [], {}"),
        ("x = []\nx = []\nx += [1]", "x: list[Any] = []\nx = []\nx += [1]"),
        ("größe = 'ä'; x = []", "größe = 'ä'; x: list[Any] = []"),
        ("def f() -> Any:\n    b = []\n    return b", "def f() -> Any:\n    b: list[Any] = []\n    return b"),
    ],
)
def test_what_begins_empty_is_declared(before: str, after: str) -> None:
    """Lists, dicts and sets, at the first of the places that bind them."""
    assert declared(before) == after


@pytest.mark.parametrize(
    "text",
    [
        "x = []\nx = f(x)",
        "x = []\nfor x in range(3):\n    pass",
        "x = {}\nx = []",
        "x = []\nwith open('a') as x:\n    pass",
        "x = []\ntry:\n    f()\nexcept ValueError as x:\n    pass",
        "x = []\ndef f() -> None:\n    nonlocal x\n    x = 3",
        "x = []\nimport x",
        "x = [1]",
        "x = dict(a=1)",
        "x.y = []",
        "class A:\n    rules = []",
        "def f(x: Any) -> None:\n    x = []",
        "a = 1; x, y = [], []",
        "x = (",
    ],
)
def test_what_could_be_wrong_or_is_known_is_left_as_it_is(text: str) -> None:
    """A name that something else is bound to, too; attributes, fields of classes, parameters, broken code."""
    assert declared(text) == text


def test_a_parameter_is_declared_already() -> None:
    """No name has two declarations."""
    assert declared("x = []", {"x"}) == "x = []"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("y = model.predict(X)", "y: np.ndarray[Any, Any] = model.predict(X)"),
        ("y, z = split(X)", "y: np.ndarray[Any, Any]\ny, z = split(X)"),
        ("if a:\n    y = f()", "if a:\n    y: np.ndarray[Any, Any] = f()"),
        ("y = np.array([1]).astype('float64')", "y = np.array([1]).astype('float64')"),
        ("y = np.load('a.npy')", "y: np.ndarray[Any, Any] = np.load('a.npy')"),
        ("y = f()\ny = g(y)", "y = f()\ny = g(y)"),
    ],
)
def test_what_is_returned_is_declared_where_its_type_cannot_be_known(before: str, after: str) -> None:
    """What packages without types make; NumPy's own constructors have types."""
    assert declared(before, (), ("y", "np.ndarray[Any, Any]")) == after


@pytest.mark.parametrize("said", ["pd.DataFrame", "Any", "float"])
def test_what_is_no_collection_is_not_declared(said: str) -> None:
    """A table's class comes from the package that makes it, and numbers are made plain where they are returned."""
    assert declared("y = f()", (), ("y", said)) == "y = f()"


def test_texts_over_several_lines_stay_as_they_are() -> None:
    """Only the line of the name gets longer."""
    text = written('''
        said = """
        x = []
        """
        x = []
    ''')
    assert declared(text) == text[: -len("x = []")] + "x: list[Any] = []"
