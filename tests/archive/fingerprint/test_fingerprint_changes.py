"""What changes a fingerprint, and what does not: each kind of change in real files, imported freshly."""

from __future__ import annotations

import importlib
import sys
from itertools import count
from pathlib import Path

import pytest

from solvent.archive.fingerprint import Code, Fingerprint, fingerprint

HERE = Path(__file__).parent
NUMBERS = count()


def read_cases(name: str) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """The cases of a file: by kind of change, the files before and the files after it."""
    cases: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
    for case in (HERE / name).read_text().split("\n#### ")[1:]:
        kind, _, text = case.partition("\n")
        versions: dict[str, dict[str, str]] = {"before": {}, "after": {}}
        for part in ("\n" + text.rstrip("\n") + "\n").split("\n## ")[1:]:
            head, _, body = part.partition("\n")
            when, _, file = head.partition(" ")
            versions[when][file] = body + "\n"
        cases[kind] = (versions["before"], versions["after"])
    return cases


CHANGES = read_cases("changed.txt")
SAME = read_cases("same.txt")


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Write files into a folder of their own, import them freshly, and fingerprint ``step:main``."""

    def make(files: dict[str, str], entry: str = "step:main") -> Fingerprint:
        folder = tmp_path / f"version{next(NUMBERS)}"
        for name, text in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        tops = {Path(name).parts[0].removesuffix(".py") for name in files}
        for name in list(sys.modules):
            if name.partition(".")[0] in tops:
                del sys.modules[name]
        importlib.invalidate_caches()
        monkeypatch.syspath_prepend(str(folder))
        module, _, name = entry.partition(":")
        thing = importlib.import_module(module)
        for part in name.split("."):
            thing = getattr(thing, part)
        found = fingerprint(thing, code=Code((folder,)))
        for name in list(sys.modules):
            if name.partition(".")[0] in tops:
                del sys.modules[name]
        return found

    return make


def entry_of(files: dict[str, str]) -> str:
    """Where the step stands."""
    return "step:main" if "step.py" in files else "pkg.step:main"


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_that_counts_changes_the_fingerprint(load, kind):
    """Each kind of change of what the code does, or may read, gives another fingerprint."""
    before, after = CHANGES[kind]
    first, second = load(before, entry_of(before)), load(after, entry_of(after))
    assert not first.uncached and not second.uncached
    assert first.digest != second.digest


@pytest.mark.parametrize("kind", SAME)
def test_a_change_that_does_not_count_leaves_the_fingerprint(load, kind):
    """Each kind of change that cannot move a result leaves the fingerprint as it is, in another folder too."""
    before, after = SAME[kind]
    first, second = load(before, entry_of(before)), load(after, entry_of(after))
    assert not first.uncached and not second.uncached
    assert first.digest == second.digest


def test_all_versions_in_the_tables_are_many():
    """The tables hold at least so many kinds as were promised."""
    assert len(CHANGES) >= 70 and len(SAME) >= 30
