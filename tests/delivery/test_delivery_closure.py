"""The code that goes along with a model: collected whole, imported apart from what this process has."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from solvent.delivery.closure import Closure, collect_sources, import_apart, name_of_class
from solvent.errors import Corrupted

FEATURES = """
from dataclasses import dataclass
import polars
from closure_shop import scale
from closure_helper import SHIFT

@dataclass
class Features:
    factor: float = 2.0
    def transform(self, value):
        return scale.grow(value, self.factor) + SHIFT
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "closure_shop").mkdir()
    (tmp_path / "closure_shop" / "__init__.py").write_text("")
    (tmp_path / "closure_shop" / "scale.py").write_text("def grow(value, factor):\n    return value * factor\n")
    (tmp_path / "closure_shop" / "unused.py").write_text("raise RuntimeError('never imported')\n")
    (tmp_path / "closure_helper.py").write_text("SHIFT = 1\n")
    (tmp_path / "closure_features.py").write_text(FEATURES)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("closure_")]:
        del sys.modules[name]


@pytest.mark.slow
def test_whole_modules_go_along_with_what_they_import(project: Path) -> None:
    """The class's module, the user's own modules that it imports, their packages; not what nobody imports."""
    kind = importlib.import_module("closure_features").Features
    closure = collect_sources([{"deep": [kind()]}], [project])
    assert set(closure.sources) == {"closure_features", "closure_helper", "closure_shop", "closure_shop.scale"}
    assert closure.packages == {"closure_shop"}
    assert set(closure.requirements) >= {"polars", "numpy", "solvent"}
    assert name_of_class(kind) == "closure_features:Features"


def test_a_model_keeps_its_code_while_the_project_moves_on(project: Path, tmp_path: Path) -> None:
    """Code of the same module names, old and new, answers side by side in one process."""
    live = importlib.import_module("closure_features").Features
    closure = collect_sources([live()], [project])
    old = Closure({**closure.sources, "closure_helper": "SHIFT = 100\n"}, closure.packages)
    folder = tmp_path / "apart"
    with import_apart(old, folder):
        packed = importlib.import_module("closure_features").Features
    assert packed().transform(1) == 102 and live().transform(1) == 3
    assert sys.modules["closure_features"].Features is live
    assert str(folder) not in sys.path


def test_without_the_project_the_modules_come_from_the_bundle_alone(project: Path, tmp_path: Path) -> None:
    """On another machine nothing of the project is there, and the class works all the same."""
    closure = collect_sources([importlib.import_module("closure_features").Features()], [project])
    for name in [name for name in sys.modules if name.startswith("closure_")]:
        del sys.modules[name]
    sys.path.remove(str(project))
    with import_apart(closure, tmp_path / "apart"):
        packed = importlib.import_module("closure_features").Features
    assert packed(3.0).transform(2) == 7


def test_a_name_that_is_no_module_is_never_written(tmp_path: Path) -> None:
    """A module name cannot lead out of the folder."""
    for name in ("../evil", "a/b", "a..b", ""):
        with pytest.raises(Corrupted, match="no module name"), import_apart(Closure({name: ""}), tmp_path / "apart"):
            pass
    assert not list(tmp_path.glob("*evil*"))


def test_library_objects_bring_only_their_requirement(tmp_path: Path) -> None:
    """A scikit-learn model has no source of the user's, and its version is written down."""
    from sklearn.linear_model import LogisticRegression

    closure = collect_sources([LogisticRegression()], [tmp_path])
    assert closure.sources == {} and "scikit-learn" in closure.requirements
