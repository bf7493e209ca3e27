"""Fingerprints of live code: edited files, mutated globals, notebooks, long chains."""

from __future__ import annotations

import copy
import importlib
import linecache
import types

import pytest

from solvent.archive.fingerprint import Code, fingerprint


def test_a_file_edited_after_its_import_is_named(modules):
    """The text on disk is not the code that runs: the step is uncached, and which file it is, is said."""
    mod = modules.load("mod", "def f(x):\n    return x + 1\n")
    first = modules.print(mod.f)
    modules.write("mod.py", "def f(x):\n    return x + 2\n")
    second = modules.print(mod.f)
    assert not first.uncached
    assert second.uncached == ("mod.py: f changed since it was imported",)
    importlib.reload(mod)
    third = modules.print(mod.f)
    assert not third.uncached and third.digest != first.digest


def test_an_edit_that_moves_lines_or_comments_is_no_change(modules):
    """What is live is found again however far it moved, and whatever was said of it."""
    mod = modules.load("mod", 'def f(x):\n    return x + 1\ndef g(x):\n    """One."""\n    return x\n')
    first = modules.print(mod.f), modules.print(mod.g)
    modules.write(
        "mod.py", 'import os\n\n# why\ndef g(x):\n    """Two."""\n    return x\n\ndef f(x):  # so\n    return x + 1\n'
    )
    second = modules.print(mod.f), modules.print(mod.g)
    assert [one.digest for one in first] == [one.digest for one in second]
    assert not second[0].uncached and not second[1].uncached


@pytest.mark.parametrize(
    "before, after",
    [
        ("def f(x: int):\n    return x\n", "def f(x: float):\n    return x\n"),
        ("def d(k):\n    return lambda f: f\n@d(1)\ndef f(x):\n    return x\n",
         "def d(k):\n    return lambda f: f\n@d(2)\ndef f(x):\n    return x\n"),
        ("class A:\n    def m(self): return 1\ndef f(x):\n    return A()\n",
         "class A:\n    def m(self): return 2\ndef f(x):\n    return A()\n"),
        ("class A:\n    a: int\ndef f(x):\n    return A()\n", "class A:\n    a: float\ndef f(x):\n    return A()\n"),
        ("E = memoryview(b'a')\ndef f(x):\n    return E\n", "E = memoryview(b'b')\ndef f(x):\n    return E\n"),
        ("def f(x):\n    return x\n", "def f(x:\n"),
        ("def f(x):\n    return x\n", "def other(x):\n    return x\n"),
    ],
)  # fmt: skip
def test_edits_that_the_code_object_does_not_show_are_noticed(modules, before, after):
    """Annotations, decorators, class statements and assignments that changed on disk make the step uncached too."""
    mod = modules.load("mod", before)
    assert not modules.print(mod.f).uncached
    modules.write("mod.py", after)
    found = modules.print(mod.f)
    assert found.uncached and all("mod.py" in reason for reason in found.uncached)


def test_a_helpers_edit_is_noticed_from_afar(modules):
    """The helper's file is the one that is named."""
    modules.write("helpers.py", "def h(x):\n    return 1\n")
    mod = modules.load("mod", "from helpers import h\ndef f(x):\n    return h(x)\n")
    first = modules.print(mod.f)
    modules.write("helpers.py", "def h(x):\n    return 2\n")
    assert modules.print(mod.f).uncached == ("helpers.py: h changed since it was imported",)
    assert not first.uncached


def test_within_a_plan_nothing_is_looked_at_twice(modules):
    """Until it is refreshed, a fingerprint is the same object, whatever happens to the file."""
    mod = modules.load("mod", "def f(x):\n    return 1\n")
    code = Code((modules.folder,))
    first = fingerprint(mod.f, code=code)
    modules.write("mod.py", "def f(x):\n    return 2\n")
    assert fingerprint(mod.f, code=code) is first
    code.refresh()
    assert fingerprint(mod.f, code=code) is not first


def test_functions_of_one_name_are_told_apart(modules):
    """What is remembered goes by the object, never by its name."""
    mod = modules.load("mod", "def make(k):\n    def f(x): return x + k\n    return f\nA, B = make(1), make(2)\n")
    assert modules.print(mod.A).digest != modules.print(mod.B).digest
    old = mod.make
    mod.make = lambda k: k
    assert modules.print(old).digest != modules.print(mod.make).digest


def test_conditional_definitions_of_one_name_are_told_apart(modules):
    """Of two definitions of one name the live one counts."""
    mod = modules.load("mod", "K = True\nif K:\n    def f(x): return 1\nelse:\n    def f(x): return 2\n")
    other = modules.load("mod2", "K = False\nif K:\n    def f(x): return 1\nelse:\n    def f(x): return 2\n")
    assert not modules.print(mod.f).uncached and not modules.print(other.f).uncached
    assert modules.print(mod.f).digest != modules.print(other.f).digest


MUTATED = {
    "a list": "K = [1]\ndef f(x):\n    K.append(2)\n    return len(K)\n",
    "a dict": "K = {}\ndef f(x):\n    K[1] = 2\n    return len(K)\n",
    "a rebound number": "K = 1\ndef f(x):\n    global K\n    K += 1\n    return K\n",
    "a nested value": "K = {'a': {'b': 1}}\ndef f(x):\n    K['a']['b'] = 2\n    return K\n",
    "an object's state": "class A:\n    def __init__(self): self.n = 0\nK = A()\ndef f(x):\n    K.n += 1\n",
    "a class's attribute": "class A:\n    n = 0\ndef f(x):\n    A.n += 1\n    return A.n\n",
    "an array": "import numpy as np\nK = np.zeros(3)\ndef f(x):\n    K[0] = 1\n    return K.sum()\n",
    "a default": "def f(x, acc=[]):\n    acc.append(x)\n    return len(acc)\n",
    "a closure": "def make(n=0):\n    def f(x):\n        nonlocal n\n        n += 1\n    return f\nf = make()\n",
    "a rebound function": "def h(x): return 1\ndef f(x):\n    global h\n    h(x)\n    h = lambda x: 2\n",
    "a module's constant": "import mod\nK = 1\ndef f(x):\n    mod.K = mod.K + 1\n    return mod.K\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", MUTATED)
def test_values_that_change_while_a_step_runs_are_named(modules, kind):
    """A step that changes what its fingerprint had read is not reusable; the message says what changed, and where."""
    mod = modules.load("mod", MUTATED[kind])
    before = modules.print(mod.f)
    assert not before.uncached and before.changed_values() == []
    mod.f(1)
    assert len(before.changed_values()) == 1 and "was changed while the step ran" in before.changed_values()[0]
    assert modules.print(mod.f).digest != before.digest or kind == "a rebound function"


def test_values_that_are_made_anew_but_equal_did_not_change(modules):
    """Rebinding an equal value, or only adding to a list that nothing reads, is no change."""
    mod = modules.load("mod", "K = [1]\nLOG = []\ndef f(x):\n    LOG.append(x)\n    return K\n")
    before = modules.print(mod.f)
    mod.K = [1]
    mod.f(3)
    assert before.changed_values() == []
    assert modules.print(mod.f).digest == before.digest


@pytest.mark.slow
@pytest.mark.parametrize("text", ["class A:\n    n = 1\n", "A = type('A', (), {'n': 1})\n"])
def test_a_copy_of_an_instance_changes_no_class(modules, text):
    """Python puts what it found out for a copy, or a pickle, into the class itself."""
    mod = modules.load("mod", text + "def f(x):\n    return A()\n")
    first = modules.print(mod.f)
    copy.copy(mod.A())
    assert "__slotnames__" in vars(mod.A)
    assert modules.print(mod.f).digest == first.digest


def test_long_chains_and_circles_are_no_problem(modules):
    """A chain of 10,000 functions and a circle of three are fingerprinted, and their far ends count."""
    chain = "def f0(x): return {end}\n" + "".join(f"def f{i}(x): return f{i - 1}(x)\n" for i in range(1, 10_000))
    one, two = modules.load("one", chain.format(end=1)), modules.load("two", chain.format(end=2))
    assert modules.print(one.f9999).digest != modules.print(two.f9999).digest
    assert len(modules.print(one.f9999).definitions) == 10_000
    circle = "def a(x): return b(x)\ndef b(x): return c(x)\ndef c(x): return a(x) + {k}\n"
    three, four = modules.load("three", circle.format(k=1)), modules.load("four", circle.format(k=2))
    assert modules.print(three.b).digest != modules.print(four.b).digest


def test_deep_expressions_are_no_problem(modules):
    """A sum of a thousand terms has a fingerprint, and its last term counts."""
    text = "def f(x): return " + " + ".join(["x"] * 900)
    one, two = modules.load("one", text + " + 1\n"), modules.load("two", text + " + 2\n")
    assert not modules.print(one.f).uncached
    assert modules.print(one.f).digest != modules.print(two.f).digest
    assert modules.print(one.f).to_json()["definitions"][0]["source"]


def test_code_without_source_counts_by_its_bytecode(modules):
    """A function made by exec has a fingerprint, which changes with it and with what it reaches."""
    spaces = []
    for body, k in (("x + K", 1), ("x + K", 1), ("x - K", 1), ("x + K", 2)):
        names = {"__name__": "made", "K": k}
        exec(f"def f(x):\n    return {body}\n", names)
        spaces.append(modules.print(names["f"]))
    same, again, other, value = spaces
    assert not same.uncached
    assert same.digest == again.digest != other.digest
    assert value.digest != same.digest


def test_cells_of_a_notebook_are_the_users_own(modules):
    """Functions of cells count by the cell's text; one cell run again with another text is another code."""
    main = types.ModuleType("__main__")

    def run(number: int, text: str) -> None:
        name = f"<ipython-input-{number}-abc>"
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        exec(compile(text, name, "exec"), vars(main))

    try:
        run(1, "K = 1\ndef h(x):\n    return x + K\n")
        run(2, "def f(x):\n    'What.'\n    return h(x)  # so\n")
        first = modules.print(main.f)
        assert not first.uncached and [one.name for one in first.definitions] == ["f", "h"]
        run(3, "def h(x):\n    return x * K\n")
        assert modules.print(main.f).digest != first.digest
        run(4, "def h(x):\n\n    return x + K  # as before\n")
        assert modules.print(main.f).digest == first.digest
        run(5, "K = 2\n")
        assert modules.print(main.f).digest != first.digest
    finally:
        for number in range(1, 6):
            linecache.cache.pop(f"<ipython-input-{number}-abc>", None)


def test_functions_whose_assertions_pytest_rewrote_are_cached(modules):
    """A step in a test module, with an assertion in it, is not taken to be edited."""
    found = modules.print(_asserting)
    assert found.uncached == ()


def _asserting(x: int) -> int:
    assert x > 0, "as pytest rewrites it"
    return x
