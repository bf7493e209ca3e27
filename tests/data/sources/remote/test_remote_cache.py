"""Copies of remote files are made whole, shared by processes, and let go when there are too many."""

from __future__ import annotations

import os
import threading

import pytest

from solvent.data.sources.remote import Cache


def _fill(content):
    return lambda path: path.write_bytes(content)


def test_a_copy_is_made_once_under_its_own_name(tmp_path):
    """Names are kept, as far as they are names; keys tell copies apart."""
    cache = Cache(tmp_path / "cache")
    one = cache.place("a", "x.csv", _fill(b"1"))
    assert cache.place("a", "x.csv", lambda path: pytest.fail("asked again")) == one
    two = cache.place("b", "../x\0y/.csv.gz", _fill(b"2"))
    assert (one.name, two.name) == ("x.csv", "_x_y_.csv.gz")
    assert one.read_bytes() + two.read_bytes() == b"12"
    assert two.parent.parent == tmp_path / "cache"


def test_a_copy_that_fails_is_not_there(tmp_path):
    """Nothing half done is taken for the file, and nothing is left."""
    cache = Cache(tmp_path / "cache")

    def fail(path):
        path.write_bytes(b"half")
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        cache.place("a", "x", fail)
    assert list((tmp_path / "cache").iterdir()) == []
    assert cache.place("a", "x", _fill(b"whole")).read_bytes() == b"whole"


def test_what_was_not_used_for_longest_goes_first(tmp_path):
    """Copies of this process, and of the last hour, stay, even if they are too many."""
    old = Cache(tmp_path / "cache")
    kept = [old.place(str(n), "x", _fill(b"0" * 1000)) for n in range(4)]
    for age, path in enumerate(kept):
        when = 1e9 - age
        os.utime(path.parent / "used", (when, when))
    Cache(tmp_path / "cache", most=3000).place("new", "x", _fill(b"0" * 1000))
    assert [path.exists() for path in kept] == [True, True, False, False]
    mine = Cache(tmp_path / "cache", most=1)
    held = mine.place("0", "x", _fill(b"never"))
    os.utime(held.parent / "used", (1e9, 1e9))
    mine.place("more", "x", _fill(b"1"))
    assert held.exists()
    assert not kept[1].exists()


def test_two_that_make_the_same_copy_agree(tmp_path):
    """The slower one takes the copy of the faster."""
    slow, fast = Cache(tmp_path / "cache"), Cache(tmp_path / "cache")
    begun, done = threading.Event(), threading.Event()
    found = []

    def wait(path):
        begun.set()
        done.wait(30)
        path.write_bytes(b"same")

    thread = threading.Thread(target=lambda: found.append(slow.place("a", "x", wait)))
    thread.start()
    begun.wait(30)
    found.append(fast.place("a", "x", _fill(b"same")))
    done.set()
    thread.join()
    assert found[0] == found[1]
    assert found[0].read_bytes() == b"same"
    assert len(list((tmp_path / "cache").iterdir())) == 1
