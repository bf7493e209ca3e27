"""The wheel: what is in it, and that with the core's dependencies alone it makes a project that runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.slow

# Makes everything that the core's lock does not name look as if it were not installed.
BARE = """
import sys
from importlib.machinery import PathFinder

ALLOWED = {allowed!r}

class Bare:
    @staticmethod
    def find_spec(name, path=None, target=None):
        spec = PathFinder.find_spec(name, path, target)
        foreign = path is None and spec is not None and "site-packages" in str(spec.origin)
        return None if foreign and name not in ALLOWED else spec

sys.meta_path[:] = [Bare if one is PathFinder else one for one in sys.meta_path]
"""
# Distributions of the lock whose modules are called otherwise.
MODULES = {"markdown-it-py": "markdown_it", "pyyaml": "yaml", "polars-runtime-32": "_polars_runtime_32"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built without fetching anything."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    pip = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True)
    if pip.returncode != 0:
        pytest.skip("pip is not installed here")
    done = subprocess.run([*build, "-w", folder, ROOT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (made,) = folder.glob("solvent-*.whl")
    return made


def test_the_wheel_holds_the_package_its_licence_and_its_doors(wheel):
    """Every module, the marker for type checkers, the licence, the command and the plug-in; no test, no data."""
    with zipfile.ZipFile(wheel) as held:
        names = set(held.namelist())
        (doors,) = (held.read(name).decode() for name in names if name.endswith("entry_points.txt"))
        (facts,) = (held.read(name).decode() for name in names if name.endswith("METADATA"))
    modules = {one.relative_to(ROOT / "src").as_posix() for one in (ROOT / "src/solvent").rglob("*.py")}
    assert {name for name in names if name.startswith("solvent/")} == {*modules, "solvent/py.typed"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "solvent = solvent.faces.cli:main" in doors and "solvent = solvent.faces.pytest_plugin" in doors
    assert "License-Expression: Apache-2.0" in facts and "Requires-Python: >=3.11" in facts


@pytest.fixture
def bare(wheel, tmp_path):
    """The command `solvent` in an environment that has the wheel and the core's dependencies, and nothing else."""
    home = tmp_path / "bare"
    venv.create(home, with_pip=False)
    (site,) = (home / "lib").glob("python*/site-packages")
    with zipfile.ZipFile(wheel) as held:
        held.extractall(site)
    lock = (ROOT / "requirements/core.txt").read_text()
    named = re.findall(r"^([a-zA-Z0-9_.-]+)==", lock, re.MULTILINE)
    allowed = {"solvent", *(MODULES.get(name, name.replace("-", "_")) for name in named)}
    here = next(one for one in sys.path if one.endswith("site-packages"))
    # Not a sitecustomize: Debian's Python brings one of its own, which goes before.
    (site / "only_the_core.py").write_text(BARE.format(allowed=allowed))
    (site / "shared.pth").write_text(f"{here}\nimport only_the_core\n")
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "SOLVENT_PROJECT")}

    def call(*words, folder=tmp_path):
        return subprocess.run(
            [home / "bin/python", *words], cwd=folder, env=environment, capture_output=True, text=True
        )

    return call


def test_a_bare_install_makes_a_project_that_runs(bare, tmp_path):
    """`solvent init shop && cd shop && solvent run` needs no extra, and the second run reuses everything."""
    where = bare("-c", "import solvent; print(solvent.__file__)").stdout
    assert str(tmp_path) in where
    missing = bare("-c", "import sklearn")
    assert "No module named 'sklearn'" in missing.stderr
    assert bare("-m", "solvent", "init", "shop").returncode == 0
    for word in ("succeeded", "all reused"):
        done = bare("-m", "solvent", "run", folder=tmp_path / "shop")
        assert done.returncode == 0, done.stderr
        assert word in done.stdout
    for words in (("runs",), ("show",), ("why", "train"), ("data", "show", "clean"), ("doctor",), ("verify", "--deep")):
        assert bare("-m", "solvent", *words, folder=tmp_path / "shop").returncode == 0


def test_what_needs_an_extra_says_which(bare, tmp_path):
    """Serving without the extra is one sentence that names it, not a traceback."""
    bare("-m", "solvent", "init", "shop")
    bare("-m", "solvent", "run", folder=tmp_path / "shop")
    done = bare("-m", "solvent", "serve", "returns", folder=tmp_path / "shop")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "pip install 'solvent[serve]'" in done.stderr
