"""How far a fingerprint reaches: steps, Solvent's own code, packages, processes, and its record."""

from __future__ import annotations

import os
import subprocess
import sys

import solvent as sv
from solvent.archive.fingerprint import Fingerprint, behaviour


def test_a_step_counts_as_its_function(modules):
    """A step, its function, and a step that another calls as a helper are seen through."""
    mod = modules.load(
        "mod",
        "import solvent as sv\n@sv.step\ndef h(x: int) -> int:\n    return x\n\n@sv.step(reuse='1 day')\n"
        "def f(x: int) -> int:\n    return h(x)\n",
    )
    assert modules.print(mod.f).digest == modules.print(mod.f.raw).digest
    assert [one.name for one in modules.print(mod.f).definitions] == ["f", "h"]
    other = modules.load("mod2", "def h(x: int) -> int:\n    return x\ndef f(x: int) -> int:\n    return h(x)\n")
    assert modules.print(other.f).digest == modules.print(mod.f).digest


def test_solvents_own_steps_count_by_their_code(modules):
    """A step of the library reaches its own code as if it were the user's, and stops at the other rooms."""
    from solvent.learn import time_split

    found = modules.print(time_split)
    assert not found.uncached
    files = {one.file for one in found.definitions}
    assert any(file.startswith("solvent/learn/") for file in files)
    assert all(file.startswith(("solvent/learn/", "solvent/data/", "solvent/delivery/")) for file in files)
    mod = modules.load("mod", "import solvent as sv\ndef f(x):\n    sv.log(a=1)\n    return x\n")
    assert [one.file for one in modules.print(mod.f).definitions] == ["mod.py"]


def test_packages_count_by_version_with_what_they_need(modules):
    """A library that the code uses brings its version, and those of what it needs; one that is not used does not."""
    mod = modules.load(
        "mod",
        "import polars as pl\nfrom sklearn.linear_model import LogisticRegression\nimport duckdb\n"
        "def f(x): return pl.DataFrame(x)\ndef g(x): return LogisticRegression().fit(x)\ndef h(x): return x\n",
    )
    names = {name for name, _ in modules.print(mod.f).distributions}
    assert "polars" in names and any(name.startswith("polars-runtime") for name in names)
    assert "duckdb" not in names and "numpy" not in names
    names = {name for name, _ in modules.print(mod.g).distributions}
    assert {"scikit-learn", "numpy", "scipy", "joblib"} <= names and "polars" not in names
    assert modules.print(mod.h).distributions == ()


def test_a_library_imported_inside_a_function_or_only_for_its_types_counts(modules):
    """Neither is imported for that; the distribution is found by the name."""
    mod = modules.load(
        "mod",
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import xyzzy\n"
        "    import duckdb as d\ndef f(x: d.DuckDBPyRelation): return x\n"
        "def g(x):\n    import sklearn.svm as s\n    return s.SVC()\n"
        "def h(x):\n    try:\n        import xyzzy\n    except ImportError:\n        xyzzy = None\n    return xyzzy\n",
    )
    assert [name for name, _ in modules.print(mod.f).distributions] == ["duckdb"]
    assert "scikit-learn" in dict(modules.print(mod.g).distributions)
    assert not modules.print(mod.h).uncached


def test_an_installed_package_counts_by_its_version_alone(modules, monkeypatch):
    """Of a package in site-packages neither code nor files count, but its version and its requirements' versions do."""
    digests = []
    for version, needed in (("1.0", "1.0"), ("1.0", "1.0"), ("1.1", "1.0"), ("1.0", "2.0")):
        site = modules.folder / f"env{len(digests)}" / "lib" / "site-packages"
        for name, number, needs in (("plugh", version, "Requires-Dist: inner>=1\n"), ("inner", needed, "")):
            (site / name).mkdir(parents=True)
            (site / name / "__init__.py").write_text(f"def go(x):\n    return {len(digests)}\n")
            info = site / f"{name}-{number}.dist-info"
            info.mkdir()
            optional = "Requires-Dist: polars ; extra == 'fast'\n"
            head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n"
            info.joinpath("METADATA").write_text(head + needs + optional)
            info.joinpath("RECORD").write_text(f"{name}/__init__.py,,\n")
        with monkeypatch.context() as patch:
            patch.syspath_prepend(str(site))
            mod = modules.load("mod", "import plugh\ndef f(x):\n    return plugh.go(x)\n")
            found = modules.print(mod.f)
            assert dict(found.distributions) == {"plugh": version, "inner": needed}
            digests.append(found.digest)
        for name in ("mod", "plugh", "inner"):
            sys.modules.pop(name, None)
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_the_digest_is_the_same_in_every_process(modules):
    """Hash seeds, working folders and import orders do not reach the digest."""
    modules.load(
        "mod",
        "import math\nfrom enum import Enum\nclass E(Enum):\n    A = 1\nS = {'a', 'b', ('c', 1), frozenset({1, 2})}\n"
        "def a(x): return 1\ndef b(x): return 2\nF = {a, b}\ndef f(x: 'int', *, k=E.A): return S, F, k, math.pi\n",
    )
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import mod; from pathlib import Path;"
        "from solvent.archive.fingerprint import Code, fingerprint;"
        "found = fingerprint(mod.f, code=Code((Path(sys.argv[1]),))); print(found.digest, found.uncached)"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", script, str(modules.folder)], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed}, cwd=folder,
        ).stdout
        for seed, folder in (("0", "/"), ("1", modules.folder), ("2", "/"))
    }  # fmt: skip
    assert len(seen) == 1 and seen.pop().strip().endswith("()")


def test_a_record_is_plain_json_and_comes_back(modules):
    """What is kept says which definitions there are, with their source in one layout, values and versions."""
    import json

    mod = modules.load("mod", 'import time\nK = 3\ndef f( x ):\n    """Doc."""\n    return time.time()+K # why\n')
    found = modules.print(mod.f)
    kept = json.loads(json.dumps(found.to_json()))
    back = Fingerprint.from_json(kept)
    assert kept["definitions"][0]["source"] == "def f(x):\n    return time.time() + K"
    assert kept["values"] == [["K", "3"]]
    assert back.to_json() == kept and back.digest == found.digest and back.hidden == found.hidden
    assert back.changed_values() == []


def test_behaviour_of_classes(modules):
    """A class's behaviour changes with its methods, another's with its version; what cannot be told is never equal."""
    one = modules.load("one", "class A:\n    def m(self): return 1\n")
    two = modules.load("two", "class A:\n    def m(self): return 2\n")
    same = modules.load("same", "class A:\n    'Doc.'\n    def m(self):\n        return 1\n")
    code = modules.code
    assert behaviour(one.A, code=code) == behaviour(same.A, code=code) != behaviour(two.A, code=code)
    from sklearn.svm import SVC, SVR

    assert behaviour(SVC, code=code) != behaviour(SVR, code=code)
    assert len(behaviour(int, code=code)) == 64


def test_a_guarded_reader_is_the_reader(modules):
    """That the watch stands in for a native reader changes no fingerprint, and counts as no change of a global."""
    from solvent.engine import watch

    mod = modules.load(
        "mod", "from polars import read_parquet\nfrom duckdb import sql\ndef f(x): return read_parquet(x), sql(x)\n"
    )
    watch.restore()
    first = modules.print(mod.f)
    with watch.observing():
        pass
    try:
        assert first.changed_values() == []
        assert modules.print(mod.f).digest == first.digest
    finally:
        watch.restore()


def test_the_sv_front_door_is_no_reason(modules):
    """Names of the front door may be used in a step."""
    assert sv.Step is not None
    mod = modules.load(
        "mod", "import solvent as sv\ndef f(x, *, k: int = sv.required) -> sv.Table:\n    sv.context()\n    return x\n"
    )
    assert modules.print(mod.f).uncached == ()
