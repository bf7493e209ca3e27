"""The rules of the house hold, and each of them would be noticed if it broke."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "solvent"
_spec = importlib.util.spec_from_file_location("house", Path(__file__).with_name("house.py"))
house = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(house)


@pytest.mark.parametrize(
    "rule",
    [
        house.too_long,
        house.without_caption,
        house.badly_named,
        house.through_the_floor,
        house.circles,
        house.heavy_imports,
        house.private_imports,
        house.prints,
        house.unfinished,
    ],
    ids=lambda rule: rule.__name__,
)
def test_the_source_keeps_the_rule(rule):
    """No file of the package breaks this rule."""
    assert rule(SOURCE) == []


def test_every_test_speaks_and_asserts():
    """Every test opens with a sentence and can fail."""
    assert house.silent_tests(ROOT / "tests") == []


def test_tests_mirror_the_house():
    """Every test stands in a room of the source tree, under a name of its own."""
    assert house.out_of_place(ROOT / "tests", SOURCE) == []


def test_no_path_of_a_machine_is_committed():
    """No tracked file names a folder of somebody's machine."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert house.machine_paths([file for file in files if file.is_file()]) == []


BAD = {
    "too_long": ("engine/a.py", '"""A."""\n' + "x = 1\n" * 401),
    "without_caption": ("engine/a.py", "x = 1\n"),
    "badly_named": ("engine/a.py", '"""A."""\nclass BaseThing:\n    pass\n'),
    "through_the_floor": ("config/a.py", '"""A."""\ndef f():\n    from solvent.engine import x\n'),
    "heavy_imports": ("engine/a.py", '"""A."""\ndef f():\n    import polars\n'),
    "private_imports": ("engine/a.py", '"""A."""\nfrom solvent.config.leaf import _fold\n'),
    "prints": ("engine/a.py", '"""A."""\nprint(1)\n'),
    "unfinished": ("engine/a.py", '"""A."""\ndef f():\n    raise NotImplementedError\n'),
    "silent_tests": ("test_a.py", '"""A."""\ndef test_a():\n    x = 1\n'),
}


@pytest.mark.parametrize("name", BAD)
def test_a_tree_that_breaks_a_rule_is_noticed(tmp_path, name):
    """The rule's checker finds the one bad file of a made-up tree."""
    place, text = BAD[name]
    file = tmp_path / place
    file.parent.mkdir(parents=True, exist_ok=True)
    (file.parent / "__init__.py").write_text('"""A room."""\n')
    file.write_text(text)
    assert getattr(house, name)(tmp_path) != []


def test_long_functions_and_full_folders_are_noticed(tmp_path):
    """A function of 61 lines and a folder of eleven files are each found."""
    (tmp_path / "a.py").write_text('"""A."""\ndef f():\n' + "    x = 1\n" * 60)
    for number in range(10):
        (tmp_path / f"b{number}.py").write_text('"""B."""\n')
    assert len(house.too_long(tmp_path)) == 2


def test_a_circle_through_a_lazy_and_a_type_only_import_is_noticed(tmp_path):
    """Two modules that import each other only lazily and for types still are a circle."""
    (tmp_path / "a.py").write_text('"""A."""\ndef f():\n    from solvent.b import g\n')
    (tmp_path / "b.py").write_text(
        '"""B."""\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from solvent.a import f\n'
    )
    assert house.circles(tmp_path) == ["solvent.a ↔ solvent.b"]


def test_rooms_side_by_side_may_not_meet(tmp_path):
    """Graph, data and archive never import each other."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.py").write_text('"""A."""\nfrom solvent.archive.keeping import Archive\n')
    assert len(house.through_the_floor(tmp_path)) == 1


def test_a_file_named_like_an_export_is_noticed(tmp_path):
    """A package that exports `step` may not have a module step.py."""
    (tmp_path / "__init__.py").write_text('"""A."""\n__all__ = ["step"]\n')
    (tmp_path / "step.py").write_text('"""S."""\n')
    assert len(house.badly_named(tmp_path)) == 1


def test_a_heavy_package_at_load_is_noticed(tmp_path):
    """A room that may use polars may not import it before it is needed; for types it may."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.py").write_text('"""A."""\nimport polars\n')
    (tmp_path / "data" / "b.py").write_text(
        '"""B."""\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import polars\n'
    )
    assert house.heavy_imports(tmp_path) == ["data/a.py:2 imports polars when it loads"]


def test_tests_that_stand_nowhere_or_twice_are_noticed(tmp_path):
    """A test folder without a room, and a second file of one name, are each found."""
    for name in ("src/data", "tests/data", "tests/attic"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "tests/data/test_a.py").touch()
    (tmp_path / "tests/attic/test_a.py").touch()
    assert len(house.out_of_place(tmp_path / "tests", tmp_path / "src")) == 2


@pytest.mark.parametrize("text", ["see /" + "home/somebody/x", "a\n--index-" + "url https://a.example/simple"])
def test_a_machine_path_is_noticed(tmp_path, text):
    """A home folder, or the address of a package index, is found wherever it stands."""
    (tmp_path / "a.txt").write_text(text)
    assert len(house.machine_paths([tmp_path / "a.txt"])) == 1


def test_importing_the_front_door_is_cheap():
    """`import solvent` adds at most 60 modules to those of bare Python, none of them third-party."""
    script = (
        "import sys; before = set(sys.modules); import solvent; new = set(sys.modules) - before;"
        "print(len(new), *sorted(one for one in new if one.split('.')[0] not in sys.stdlib_module_names | {'solvent'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    count, *foreign = done.stdout.split()
    assert int(count) <= 60
    assert foreign == []
