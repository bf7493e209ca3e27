"""What single statements do with names, by their syntax."""

from __future__ import annotations

import ast

import pytest

from solvent.notebook.flow.program import read_program
from solvent.notebook.flow.statements import flow_of
from solvent.notebook.reading.files import read_notebook


@pytest.mark.parametrize(
    ("source", "reads", "makes", "alters", "deferred"),
    [
        ("x = 1", "", "x", "", ""),
        ("x = y + z", "y z", "x", "", ""),
        ("x, (y, *z) = w", "w", "x y z", "", ""),
        ("x += y", "x y", "x", "x", ""),
        ("x: int = y", "int y", "x", "", ""),
        ("x: int", "int", "", "", ""),
        ("x[i] = y", "x i y", "", "x", ""),
        ("x.a.b = y", "x y", "", "x", ""),
        ("x.append(y)", "x y", "", "x", ""),
        ("f(x, key=y)", "f x y", "", "", ""),
        ("x[0].sort()", "x", "", "x", ""),
        ("del x", "x", "", "", ""),
        ("del x['a']", "x", "", "x", ""),
        ("(n := f(y))", "f y", "n", "", ""),
        ("x = [i for i in y if i > z]", "y z", "x", "", ""),
        ("x = {k: v for k, v in y.items()}", "y", "x", "y", ""),
        ("x = sorted(y, key=lambda one: one + z)", "sorted y z", "x", "", ""),
        ("x = f'{y:{w}} {z!r}'", "y w z", "x", "", ""),
        ("for i in y:\n    z = i", "y", "i z", "", ""),
        ("while x:\n    y = 1", "x", "y", "", ""),
        ("if x:\n    y = 1\nelse:\n    y = 2", "x", "y", "", ""),
        ("if x:\n    y = 1\nprint(y)", "x", "y", "", ""),
        ("with open(p) as f:\n    x = f.read()", "open p", "f x", "f", ""),
        ("try:\n    import a\nexcept ImportError:\n    a = None", "ImportError", "a", "", ""),
        ("import a.b, c as d", "", "a d", "", ""),
        ("from a import b as c", "", "c", "", ""),
        ("from a import *", "", "", "", ""),
        ("def f(x=y):\n    return x + z", "y", "f", "", "z"),
        ("def f(x):\n    return f(x)", "", "f", "", ""),
        ("def f():\n    global g\n    g = 1", "", "f", "", "g"),
        ("def f():\n    x = 1\n    def g():\n        return x + y\n    return g", "", "f", "", "y"),
        ("@d\ndef f(): pass", "d", "f", "", ""),
        ("class A(B):\n    x = y\n    def m(self):\n        return z", "B y", "A", "", "z"),
        ("match x:\n    case [a, *b]:\n        c = a", "x", "a b c", "", ""),
        ("assert x, y", "x y", "", "", ""),
        ("größe = länge", "länge", "größe", "", ""),
        ("await f(x)", "f x", "", "", ""),
        ("x = yield_ = z", "z", "x yield_", "", ""),
    ],
)
def test_names_of_a_statement(source, reads, makes, alters, deferred):
    """Each statement reads, makes, may alter and defers these names."""
    block = ast.parse(source).body[:1]
    flow = flow_of(block[0])
    assert flow.reads == frozenset(reads.split())
    assert flow.makes == frozenset(makes.split())
    assert flow.alters == frozenset(alters.split())
    assert flow.deferred == frozenset(deferred.split())


def test_what_only_some_ways_bind_is_said():
    """A name of one branch or of a loop may be bound; one of all branches is."""
    assert flow_of(ast.parse("if x:\n    y = 1\nelse:\n    z = y = 2").body[0]).maybe == {"z"}
    assert flow_of(ast.parse("for i in y:\n    z = i").body[0]).maybe == {"i", "z"}
    assert flow_of(ast.parse("try:\n    y = 1\nexcept x:\n    pass").body[0]).maybe == {"y"}
    assert flow_of(ast.parse("try:\n    y = 1\nexcept x:\n    y = 2").body[0]).maybe == set()
    assert flow_of(ast.parse("try:\n    y = 1\nexcept x:\n    raise").body[0]).maybe == set()
    assert "y" not in flow_of(ast.parse("try:\n    y = z = 1\nexcept x:\n    print(y)").body[0]).reads
    assert flow_of(ast.parse("del x").body[0]).deletes == {"x"}
    assert flow_of(ast.parse("from a.b import *").body[0]).stars == ("a.b",)


def test_a_call_reads_what_the_function_reads(written):
    """Through functions of the notebook, also those that call others, until one is defined anew."""
    path = written("def f():\n    return a\ndef g():\n    return f() + b", "a = b = 1\ng()", "g = len\ng('x')")
    program = read_program(read_notebook(path))
    call, after = program.statements[3], program.statements[5]
    assert program.reads[call.place] == {"g", "f", "a", "b"}
    assert program.reads[after.place] == {"g"}


def test_statements_keep_text_comments_and_lines(written):
    """A statement has the comments above it, and its lines in the cell."""
    path = written("\n# why\nx = 1; y = 2\n\n@d\ndef f():\n    pass  # end\n")
    program = read_program(read_notebook(path))
    assert [(one.first, one.last) for one in program.statements] == [(3, 3), (3, 3), (5, 7)]
    assert program.statements[2].text == "@d\ndef f():\n    pass  # end"
    assert program.statements[0].label == "cell 1, line 3"


def test_a_cell_that_is_no_python_says_so_and_the_others_are_read(written):
    """One bad cell does not hide the rest."""
    program = read_program(read_notebook(written("x = (", "y = 1")))
    assert program.units[0].fault is not None and not program.units[0].statements
    assert program.units[1].statements[0].flow.makes == {"y"}
