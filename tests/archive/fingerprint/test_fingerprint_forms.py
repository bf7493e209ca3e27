"""Normal forms that were kept by one process serve the next, and can never make a fingerprint another one."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import textwrap
from itertools import count

import pytest

from solvent.archive.fingerprint import Code, fingerprint
from solvent.archive.fingerprint.reading import sources
from tests.archive.fingerprint.test_fingerprint_changes import CHANGES, SAME, entry_of

TEXT = """
    import functools

    LIMIT = 3
    RATES = {"de": [1, 2], "fr": (3, {4, 5})}

    def noted(function):
        @functools.wraps(function)
        def inner(*args):
            return function(*args)
        return inner

    @noted
    def helper(x, *, by=2.5, names=("a", "b")):
        from os.path import join
        def inside(y):
            return y + LIMIT
        return [inside(one) for one in x if one in {"a", "b"}], RATES, join, (lambda z: z * by)(1)

    class Scaler:
        "A class."
        def fit(self, x):
            return helper(x)

    def main(x):
        return Scaler().fit(x), "\\ud800", 1e400, 2**70
"""
ASK = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from solvent.archive.fingerprint import Code, fingerprint
from solvent.archive.fingerprint.reading import sources
import step
read = []
sources._parse = lambda text, old=sources._parse: read.append(1) or old(text)
code = Code((Path(sys.argv[1]),), Path(sys.argv[2]))
print(fingerprint(step.main, code=code).digest, len(read))
code.keep()
"""


@pytest.fixture
def ask(tmp_path):
    """The fingerprint of ``main`` as a process of its own finds it, and how many files it had to parse."""
    folder = tmp_path / "code"
    folder.mkdir()

    times = count(1_700_000_000, 10)

    def in_a_process(text: str | None = None, forms: str = "forms") -> tuple[str, int]:
        if text is not None:
            (folder / "step.py").write_text(textwrap.dedent(text))
            os.utime(folder / "step.py", (now := next(times), now))  # or Python takes its compiled file for this one
        command = [sys.executable, "-c", ASK, str(folder), str(tmp_path / forms)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        digest, read = done.stdout.split()
        return digest, int(read)

    return in_a_process


def kept_files(tmp_path) -> list:
    """The files of kept forms."""
    return sorted((tmp_path / "forms").iterdir())


def print_of(folder, module, forms) -> str:
    """The fingerprint of a module's ``main`` with nothing remembered in this process."""
    importlib.invalidate_caches()
    sources._OPEN.clear()
    before, code = set(sys.modules), Code((folder,), forms)
    found = fingerprint(importlib.import_module(module).main, code=code)
    code.keep()
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]
    return found.digest


def test_a_function_is_not_parsed_again_by_the_next_process(ask):
    """The file is read and compared, and its syntax tree is never made."""
    first, read = ask("def helper(x):\n    return x\n\ndef main(x):\n    return helper(x) + 1\n")
    assert read == 1
    assert ask() == (first, 0)


def test_everything_that_a_module_can_hold_gives_the_same_with_kept_forms_and_without(ask):
    """Decorators, classes, lambdas, inner imports, surrogates and infinities come back from JSON as they were."""
    first, _ = ask(TEXT)
    assert ask()[0] == ask()[0] == first
    assert ask(forms="others")[0] == first


def test_an_edit_is_seen_in_spite_of_kept_forms(ask):
    """Other text is another entry; going back to the old text finds the old one."""
    first, _ = ask("def main(x):\n    return x + 1\n")
    second, read = ask("def main(x):\n    return x + 2\n")
    assert (second != first, read) == (True, 1)
    assert ask("def main(x):\n    return x + 1\n") == (first, 0)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"null", b'{"a": 1}', b"\xff\xfe", b'{"a": [1, [], []]}'])
def test_a_damaged_file_of_kept_forms_counts_for_nothing_and_is_written_anew(ask, tmp_path, damage):
    """Whatever stands there in its place, the fingerprint is the same, and the entry is whole afterwards."""
    first, _ = ask("def main(x):\n    return x + 1\n")
    (file,) = kept_files(tmp_path)
    good = file.read_bytes()
    file.write_bytes(damage)
    assert ask() == (first, 1)
    assert json.loads(file.read_bytes()).keys() == json.loads(good).keys()


def test_a_folder_that_cannot_be_made_costs_nothing_but_time(ask, tmp_path):
    """Nothing is raised where nothing can be written."""
    (tmp_path / "forms").write_text("a file is in the way")
    first, read = ask("def main(x):\n    return x + 1\n")
    assert read == 1
    assert ask() == (first, 1)


def test_only_the_latest_files_are_kept(tmp_path):
    """The folder does not grow for ever."""
    from solvent.archive.fingerprint.reading.forms import read_forms, write_forms

    folder = tmp_path / "forms"
    folder.mkdir()
    for number in range(600):
        (folder / f"old{number}").write_text("{}")
        os.utime(folder / f"old{number}", (number, number))
    write_forms(folder, "x = 1", {})
    names = {one.name for one in folder.iterdir()}
    assert len(names) == 512
    assert "old599" in names
    assert "old0" not in names
    assert read_forms(folder, "x = 1") == {}


@pytest.mark.parametrize("kind", [*CHANGES, *SAME])
def test_with_forms_kept_before_each_kind_of_change_is_told_as_it_is_without(tmp_path, monkeypatch, kind):
    """Every kind of change, and every kind that is none, with a cold and a warm cache beside none at all."""
    before, after = CHANGES.get(kind) or SAME[kind]
    forms, digests = tmp_path / "forms", {}
    for number in range(2):  # the second time everything is known
        for when, files in (("before", before), ("after", after)):
            folder = tmp_path / when
            for name, text in files.items():
                file = folder / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            with monkeypatch.context() as patch:
                patch.syspath_prepend(str(folder))
                module = entry_of(files).partition(":")[0]
                digests[number, when] = print_of(folder, module, forms)
                digests["plain", when] = print_of(folder, module, None)
    for when in ("before", "after"):
        assert digests[0, when] == digests[1, when] == digests["plain", when]
    assert (digests[1, "before"] != digests[1, "after"]) == (kind in CHANGES)
