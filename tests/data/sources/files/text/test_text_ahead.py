"""Reading ahead changes when work is done, and nothing else."""

from __future__ import annotations

import threading

import pytest

from solvent.data.sources.files.text.ahead import ahead


def alive():
    """The threads of reading ahead that are left."""
    return [one for one in threading.enumerate() if one.name == "solvent-ahead"]


def test_the_items_are_the_same_in_the_same_order():
    """Whatever is in them."""
    assert list(ahead(iter([1, None, "a", StopIteration, 2]))) == [1, None, "a", StopIteration, 2]
    assert list(ahead([])) == [] and alive() == []


def test_what_is_raised_on_the_way_is_raised_after_the_items_before_it():
    """With its own type and text, in the thread of whoever asks."""

    def items():
        yield 1
        yield 2
        raise ValueError("broken row 3")

    got = []
    with pytest.raises(ValueError, match="broken row 3"):
        for one in ahead(items()):
            got.append(one)
    assert got == [1, 2] and alive() == []


def test_no_more_than_a_few_items_are_made_before_they_are_asked_for():
    """Memory stays bounded, and leaving early ends the thread."""
    made = []

    def items():
        for number in range(1_000):
            made.append(number)
            yield number

    source = ahead(items(), most=2)
    assert next(source) == 0
    source.close()
    assert len(made) <= 5 and alive() == []
