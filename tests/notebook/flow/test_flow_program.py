"""What a statement binds and alters, as it was seen and as its text says."""

from __future__ import annotations

from pathlib import Path

from solvent.notebook.flow.program import Program, read_program
from solvent.notebook.observing.kernel import Event
from solvent.notebook.reading.cells import Cell, Notebook


def watched(source: str, bound: tuple[str, ...], altered: tuple[str, ...]) -> Program:
    """A program of one cell whose only statement was seen to do this."""
    notebook = Notebook(Path("one.ipynb"), "ipynb", (Cell(1, "code", source),))
    seen = Event(1, 0, 0.0, bound, altered, (), (), (), (), {}, ())
    return read_program(notebook).watched([seen])


def test_a_name_that_a_loop_binds_is_not_altered_though_its_object_lies_where_the_last_one_lay() -> None:
    """Memory is used again: the same address and other contents, which looks like a change in place."""
    (one,) = watched("for n in rows:\n    part = make(n)", ("n",), ("part",)).statements
    assert one.bound == {"n", "part"} and one.altered == frozenset()


def test_what_a_loop_changes_in_place_is_altered() -> None:
    """By a method, an item, or +=, also where the name is bound as well."""
    for text in ("part.append(n)", "part[n] = 1", "part += [n]"):
        (one,) = watched(f"for n in rows:\n    {text}", ("n",), ("part",)).statements
        assert one.altered == {"part"}, text
