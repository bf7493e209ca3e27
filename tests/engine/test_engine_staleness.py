"""No stale result, no needless work: whatever changes, a run gives what a run without any archive would give."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field

import pytest

import solvent as sv

MAIN = """
import solvent as sv
{imports}

{body}

@sv.step
def f(x: int{settings}) -> {returns}:
    {code}

@sv.pipeline
def flow(x: int) -> {returns}:
    return f(x)
"""


@dataclass(frozen=True)
class Case:
    """Two versions of a program. ``main`` and ``other`` are the files before, ``then`` what changes in them."""

    code: str = "return g(x)"
    body: str = ""
    imports: str = ""
    settings: str = ""
    returns: str = "int"
    files: dict = field(default_factory=dict)
    then: dict = field(default_factory=dict)
    config: dict = field(default_factory=dict)
    config_then: dict = field(default_factory=dict)
    env: dict = field(default_factory=dict)
    env_then: dict = field(default_factory=dict)


HELPER = {"helper.py": "def g(x):\n    return x + 1\n"}
CHANGED = {"helper.py": "def g(x):\n    return x + 1000\n"}
IMPORT = "from helper import g"

MUST_RUN = {
    "own body": Case("return x + 1", then={"main.py": ("x + 1", "x + 2")}),
    "helper in another module": Case(imports=IMPORT, files=HELPER, then=CHANGED),
    "helper through module attribute": Case("return helper.g(x)", imports="import helper", files=HELPER, then=CHANGED),
    "helper under an alias": Case("return k(x)", imports="from helper import g as k", files=HELPER, then=CHANGED),
    "helper imported in the function": Case("from helper import g; return g(x)", files=HELPER, then=CHANGED),
    "helper of a helper": Case(
        imports="from mid import g",
        files={**HELPER, "mid.py": "import helper\ndef g(x):\n    return helper.g(x)\n"},
        then=CHANGED,
    ),
    "re-export through a package": Case(
        imports="from pack import g",
        files={"pack/__init__.py": "from pack.inner import g\n", "pack/inner.py": "def g(x):\n    return x + 1\n"},
        then={"pack/inner.py": "def g(x):\n    return x + 1000\n"},
    ),
    "star import": Case(imports="from helper import *", files=HELPER, then=CHANGED),
    "relative import": Case(
        imports="from pack.a import g",
        files={
            "pack/__init__.py": "",
            "pack/a.py": "from .b import h\ndef g(x):\n    return h(x)\n",
            "pack/b.py": "def h(x):\n    return x + 1\n",
        },
        then={"pack/b.py": "def h(x):\n    return x + 1000\n"},
    ),
    "helper in the same module": Case(body="def g(x):\n    return x + 1", then={"main.py": ("x + 1", "x + 1000")}),
    "lambda": Case(body="g = lambda x: x + 1", then={"main.py": ("x + 1", "x + 1000")}),
    "nested function": Case(
        "def g(y):\n        return y + 1\n    return g(x)", then={"main.py": ("y + 1", "y + 1000")}
    ),
    "global number": Case("return x + N", body="N = 1", then={"main.py": ("N = 1", "N = 1000")}),
    "global float": Case("return int(x + N)", body="N = 1.5", then={"main.py": ("N = 1.5", "N = 2.5")}),
    "global text": Case("return x + len(N)", body="N = 'a'", then={"main.py": ("'a'", "'abc'")}),
    "global list": Case("return x + sum(N)", body="N = [1, 2]", then={"main.py": ("[1, 2]", "[1, 3]")}),
    "global dict": Case("return x + N['a']", body="N = {'a': 1}", then={"main.py": ("{'a': 1}", "{'a': 7}")}),
    "global set": Case("return x + len(N)", body="N = {1}", then={"main.py": ("{1}", "{1, 2}")}),
    "global of another module": Case(
        "return x + helper.N", imports="import helper", files={"helper.py": "N = 1\n"}, then={"helper.py": "N = 9\n"}
    ),
    "global computed from another": Case("return x + N", body="M = 2\nN = M * 3", then={"main.py": ("M = 2", "M = 5")}),
    "global computed by a function": Case(
        "return x + N", body="def make():\n    return 3\nN = make()", then={"main.py": ("return 3", "return 4")}
    ),
    "tuple in a tuple": Case("return x + N[0][1]", body="N = ((1, 2), 3)", then={"main.py": ("(1, 2)", "(1, 5)")}),
    "enum member": Case(
        "return x + Kind.A.value",
        body="import enum\nclass Kind(enum.Enum):\n    A = 1",
        then={"main.py": ("A = 1", "A = 4")},
    ),
    "default of a helper": Case(body="def g(x, n=1):\n    return x + n", then={"main.py": ("n=1", "n=1000")}),
    "keyword default of a helper": Case(
        body="def g(x, *, n=1):\n    return x + n", then={"main.py": ("n=1", "n=1000")}
    ),
    "default that names a global": Case(
        body="N = 1\ndef g(x, n=N):\n    return x + n", then={"main.py": ("N = 1", "N = 50")}
    ),
    "default of a setting": Case(
        "return x + n", settings=", *, n: int = 1", then={"main.py": ("n: int = 1", "n: int = 3")}
    ),
    "setting in the file": Case("return x + n", settings=", *, n: int = 1", config={"n": 2}, config_then={"n": 3}),
    "closure value": Case(
        body="def make(n):\n    def g(x):\n        return x + n\n    return g\ng = make(1)",
        then={"main.py": ("make(1)", "make(1000)")},
    ),
    "partial": Case(
        body="import functools\ndef h(n, x):\n    return n + x\ng = functools.partial(h, 1)",
        then={"main.py": ("(h, 1)", "(h, 1000)")},
    ),
    "function under a partial": Case(
        body="import functools\ndef h(n, x):\n    return n + x\ng = functools.partial(h, 1)",
        then={"main.py": ("n + x", "n - x")},
    ),
    "lru_cache around a helper": Case(
        body="import functools\n@functools.lru_cache\ndef g(x):\n    return x + 1",
        then={"main.py": ("x + 1", "x + 1000")},
    ),
    "decorator of a helper": Case(
        body="def twice(h):\n    def inner(x):\n        return h(x) * 2\n    return inner\n@twice\ndef g(x):\n    return x",
        then={"main.py": ("* 2", "* 3")},
    ),
    "function under a decorator": Case(
        body="import functools\ndef same(h):\n    @functools.wraps(h)\n    def inner(x):\n        return h(x)\n    return inner\n"
        "@same\ndef g(x):\n    return x + 1",
        then={"main.py": ("x + 1", "x + 1000")},
    ),
    "method": Case(
        "return A().m(x)",
        body="class A:\n    def m(self, x):\n        return x + 1",
        then={"main.py": ("x + 1", "x + 9")},
    ),
    "method called by a method": Case(
        "return A().m(x)",
        body="class A:\n    def m(self, x):\n        return self.n(x)\n    def n(self, x):\n        return x + 1",
        then={"main.py": ("x + 1", "x + 9")},
    ),
    "base class": Case(
        "return B().m(x)",
        body="class A:\n    def m(self, x):\n        return x + 1\nclass B(A):\n    pass",
        then={"main.py": ("x + 1", "x + 9")},
    ),
    "base class in another module": Case(
        "return B().m(x)",
        imports="import helper",
        body="class B(helper.A):\n    pass",
        files={"helper.py": "class A:\n    def m(self, x):\n        return x + 1\n"},
        then={"helper.py": "class A:\n    def m(self, x):\n        return x + 9\n"},
    ),
    "class attribute": Case("return x + A.n", body="class A:\n    n = 1", then={"main.py": ("n = 1", "n = 4")}),
    "static method": Case(
        "return A.m(x)",
        body="class A:\n    @staticmethod\n    def m(x):\n        return x + 1",
        then={"main.py": ("x + 1", "x + 9")},
    ),
    "class method": Case(
        "return A.m(x)",
        body="class A:\n    @classmethod\n    def m(cls, x):\n        return x + 1",
        then={"main.py": ("x + 1", "x + 9")},
    ),
    "property": Case(
        "return x + A().p",
        body="class A:\n    @property\n    def p(self):\n        return 1",
        then={"main.py": ("return 1\n", "return 4\n")},
    ),
    "operator of a class": Case(
        "return (A() + x)",
        body="class A:\n    def __add__(self, x):\n        return x + 1",
        then={"main.py": ("x + 1", "x + 9")},
    ),
    "dataclass default": Case(
        "return x + A().n",
        body="from dataclasses import dataclass\n@dataclass\nclass A:\n    n: int = 1",
        then={"main.py": ("n: int = 1", "n: int = 4")},
    ),
    "dataclass default factory": Case(
        "return x + len(A().n)",
        body="from dataclasses import dataclass, field\ndef make():\n    return [1]\n@dataclass\nclass A:\n"
        "    n: list = field(default_factory=make)",
        then={"main.py": ("return [1]", "return [1, 2]")},
    ),
    "instance as a global": Case(
        "return A1.m(x)",
        body="class A:\n    def __init__(self, n):\n        self.n = n\n    def m(self, x):\n        return x + self.n\nA1 = A(1)",
        then={"main.py": ("A(1)", "A(5)")},
    ),
    "method of an instance that is a global": Case(
        "return A1.m(x)",
        body="class A:\n    def m(self, x):\n        return x + 1\nA1 = A()",
        then={"main.py": ("x + 1", "x + 9")},
    ),
    "function in a global dict": Case(
        "return TABLE['a'](x)",
        body="def g(x):\n    return x + 1\nTABLE = {'a': g}",
        then={"main.py": ("x + 1", "x + 9")},
    ),
    "class in a global list": Case(
        "return KINDS[0]().m(x)",
        body="class A:\n    def m(self, x):\n        return x + 1\nKINDS = [A]",
        then={"main.py": ("x + 1", "x + 9")},
    ),
    "function handed over as a value": Case(
        "return max([x], key=g) + g(x)", body="def g(x):\n    return x + 1", then={"main.py": ("x + 1", "x + 9")}
    ),
    "comprehension calls a helper": Case(
        "return sum(g(i) for i in range(x))", body="def g(x):\n    return x + 1", then={"main.py": ("x + 1", "x + 9")}
    ),
    "recursive helpers": Case(
        body="def g(x):\n    return h(x - 1) if x > 0 else 1\ndef h(x):\n    return g(x - 1) if x > 0 else 2",
        then={"main.py": ("else 2", "else 5")},
    ),
    "conditional import": Case(
        imports="try:\n    from helper import g\nexcept ImportError:\n    g = None", files=HELPER, then=CHANGED
    ),
    "another helper is imported": Case(
        imports=IMPORT,
        files={**HELPER, "second.py": "def g(x):\n    return x + 7\n"},
        then={"main.py": ("from helper", "from second")},
    ),
    "another step as a helper": Case(
        body="@sv.step\ndef g(x: int) -> int:\n    return x + 1", then={"main.py": ("x + 1", "x + 9")}
    ),
    "return annotation": Case("return x", then={"main.py": ("-> int", "-> float")}),
    "parameter annotation": Case("return x + 0", then={"main.py": ("def f(x: int", "def f(x: float")}),
    "docstring that is read": Case(
        "return x + len(g.__doc__)",
        body='def g(x):\n    """One."""',
        then={"main.py": ('"""One."""', '"""One more."""')},
    ),
    "undeclared file": Case(
        "return x + int(pathlib.Path(__file__).with_name('n.txt').read_text())",
        imports="import pathlib",
        files={"n.txt": "1"},
        then={"n.txt": "5"},
    ),
    "environment variable": Case(
        "return x + int(os.environ['STALE_N'])", imports="import os", env={"STALE_N": "1"}, env_then={"STALE_N": "5"}
    ),
    "environment variable by getenv": Case(
        "return x + int(os.getenv('STALE_M', '0'))", imports="import os", env_then={"STALE_M": "5"}
    ),
    "assertion": Case("assert x < 100; return x", then={"main.py": ("x < 100", "x < 3")}),
    "order of statements": Case(
        "x = x + 1; x = x * 2; return x", then={"main.py": ("x = x + 1; x = x * 2", "x = x * 2; x = x + 1")}
    ),
    "operator": Case("return x * 3", then={"main.py": ("x * 3", "x ** 3")}),
    "type of a constant": Case("return x + 1", returns="float", then={"main.py": ("x + 1", "x + 1.0")}),
    "functools.singledispatch": Case(
        body="import functools\n@functools.singledispatch\ndef g(x):\n    return 0\n@g.register\ndef _(x: int):\n    return x + 1",
        then={"main.py": ("x + 1", "x + 9")},
    ),
    "attribute chain through packages": Case(
        "return pack.inner.g(x)",
        imports="import pack.inner",
        files={"pack/__init__.py": "", "pack/inner.py": "def g(x):\n    return x + 1\n"},
        then={"pack/inner.py": "def g(x):\n    return x + 9\n"},
    ),
    "setting that is a function": Case(
        "return how(x)",
        settings=", *, how: Callable[[int], int] = sv.required",
        imports="from typing import Callable",
        files=HELPER,
        config={"how": "helper:g"},
        config_then={"how": "helper:g"},
        then=CHANGED,
    ),
}
MUST_REUSE = {
    "nothing": Case("return x + 1"),
    "comment in the step": Case("# one\n    return x + 1", then={"main.py": ("# one", "# another, longer")}),
    "docstring of the step": Case('"""One."""\n    return x + 1', then={"main.py": ('"""One."""', '"""Two."""')}),
    "blank lines and formatting": Case(
        "return x + 1", then={"main.py": ("return x + 1", "\n\n    return (x  +\n      1)")}
    ),
    "comment in a helper": Case(
        imports=IMPORT,
        files={"helper.py": "def g(x):\n    # one\n    return x + 1\n"},
        then={"helper.py": "# top\ndef g(x):\n    # two\n    return x + 1  # three\n"},
    ),
    "docstring of a helper": Case(
        imports=IMPORT, files=HELPER, then={"helper.py": 'def g(x):\n    """Now with words."""\n    return x + 1\n'}
    ),
    "quotes": Case("return x + len('ab')", then={"main.py": ("'ab'", '"ab"')}),
    "unrelated function in the same module": Case(
        body="def g(x):\n    return x + 1\ndef other():\n    return 1", then={"main.py": ("return 1\n", "return 2\n")}
    ),
    "unrelated global": Case("return x + 1", body="OTHER = 1", then={"main.py": ("OTHER = 1", "OTHER = 2")}),
    "unrelated function in the helper's module": Case(
        imports=IMPORT, files=HELPER, then={"helper.py": HELPER["helper.py"] + "\ndef other():\n    return 2\n"}
    ),
    "a helper moves to another file": Case(
        imports=IMPORT,
        files={**HELPER, "second.py": ""},
        then={"second.py": HELPER["helper.py"], "main.py": ("from helper", "from second")},
    ),
    "a helper is imported under another name": Case(
        imports=IMPORT,
        files=HELPER,
        then={"main.py": [("from helper import g", "from helper import g as k"), ("return g(x)", "return k(x)")]},
    ),
    "module attribute in the place of a name": Case(
        imports=IMPORT,
        files=HELPER,
        then={"main.py": [("from helper import g", "import helper"), ("return g(x)", "return helper.g(x)")]},
    ),
    "unused import": Case(
        "return x + 1", then={"main.py": ("import solvent as sv", "import solvent as sv\nimport json")}
    ),
    "another step in the module": Case(
        "return x + 1",
        body="@sv.step\ndef other(x: int) -> int:\n    return x",
        then={"main.py": ("    return x\n\n@sv.step\ndef f", "    return x * 7\n\n@sv.step\ndef f")},
    ),
    "a logger": Case("log.info('x'); return x + 1", imports="import logging", body="log = logging.getLogger('a')"),
    "a lock": Case("with lock:\n        return x + 1", imports="import threading", body="lock = threading.Lock()"),
    "a compiled pattern": Case("return x + len(p.pattern)", imports="import re", body="p = re.compile('ab')"),
    "setting written another way": Case(
        "return x + n", settings=", *, n: int = 1", config={"n": 2}, config_then={"n": 2}
    ),
    "setting equal to its default": Case("return x + n", settings=", *, n: int = 1", config_then={"n": 1}),
    "another variable in the environment": Case("return x + 1", env_then={"STALE_OTHER": "1"}),
    "a file that is only written": Case(
        "pathlib.Path(__file__).with_name('out.txt').write_text(str(x)); return x", imports="import pathlib"
    ),
    "reordered functions": Case(
        body="def a(x):\n    return x + 1\ndef g(x):\n    return a(x)",
        then={
            "main.py": (
                "def a(x):\n    return x + 1\ndef g(x):\n    return a(x)",
                "def g(x):\n    return a(x)\ndef a(x):\n    return x + 1",
            )
        },
    ),
}


def write(folder, case, after):
    """Lay out one version of a case's program."""
    files = {
        "main.py": MAIN.format(
            imports=case.imports, body=case.body, settings=case.settings, returns=case.returns, code=case.code
        ),
        **case.files,
    }
    if after:
        for name, change in case.then.items():
            if isinstance(change, str):
                files[name] = change
                continue
            for old, new in [change] if isinstance(change, tuple) else change:
                assert old in files[name], f"{old!r} is not in the program"
                files[name] = files[name].replace(old, new)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text))


def run(folder, case, after, project, monkeypatch):
    """Run one version as a fresh process would: every module of it imported anew."""
    write(folder, case, after)
    for name in {"pack", "pack.a", "pack.b", "pack.inner", "helper", "second", "mid", "main"}:
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
    for name in {*case.env, *case.env_then}:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**case.env, **(case.env_then if after else {})}.items():
        monkeypatch.setenv(name, value)
    main = importlib.import_module("main")
    settings = case.config_then if after else case.config
    config = {"steps": {"f": settings}} if settings else {}
    return sv.run(main.flow, inputs={"x": 3}, config=config, project=project, check=False)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The user's folder: first on the import path, its bytecode never written."""
    made = tmp_path / "code"
    made.mkdir()
    monkeypatch.setattr(sys, "path", [str(made), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (made / "solvent.toml").write_text("")
    return made


def both(folder, case, monkeypatch):
    """What the second version comes to after the first, with its step's status and notes; and what it comes to alone."""
    run(folder, case, False, folder, monkeypatch)
    second = run(folder, case, True, folder, monkeypatch)
    seen = outcome(second), str(second["f"].status), second["f"].notes
    sv.open(folder).close()
    os.rename(folder / ".solvent", folder.parent / "kept")
    return *seen, outcome(run(folder, case, True, folder, monkeypatch))


def outcome(made):
    """What a run came to: its value with its type, or its error."""
    return repr(made.value()) if made.status == "succeeded" else made.error


@pytest.mark.parametrize("name", MUST_RUN)
def test_a_change_that_matters_is_seen(folder, name, monkeypatch):
    """The result is never stale: it is what a run without the archive gives, and the step ran."""
    made, status, _, alone = both(folder, MUST_RUN[name], monkeypatch)
    assert made == alone
    assert status in ("ran", "failed")


@pytest.mark.parametrize("name", MUST_REUSE)
def test_a_change_that_does_not_matter_runs_nothing(folder, name, monkeypatch):
    """No needless work: the step's result is reused, and is what a run without the archive gives."""
    made, status, notes, alone = both(folder, MUST_REUSE[name], monkeypatch)
    assert made == alone
    assert status == "reused", notes


def test_there_are_at_least_sixty_kinds_of_change():
    """The suite is as wide as it says."""
    assert len(MUST_RUN) >= 60


FITTED = """
from dataclasses import dataclass, field

import polars as pl

import solvent as sv
from solvent import learn


@dataclass
class Features:
    factor: float = 2.0
    mean: float = field(init=False, default=0.0)

    def fit(self, rows, y=None):
        self.mean = float(rows["a"].mean())
        return self

    def transform(self, rows):
        return rows.with_columns(b=pl.col("a") * self.factor + self.mean)


@sv.pipeline
def flow(rows: pl.DataFrame) -> pl.DataFrame:
    features = learn.fit(rows)
    return learn.transform(features, rows)
"""


def test_a_changed_method_of_a_fitted_object_reaches_a_later_library_step(folder, monkeypatch):
    """Only `transform` changed: the fitted fields are the same, and the library's step must still run again."""
    import polars as pl

    rows = pl.DataFrame({"a": [1.0, 2.0, 3.0]})
    config = {"steps": {"fit": {"use": "main:Features"}}}
    values = []
    for text in (FITTED, FITTED.replace("self.factor + self.mean", "self.factor - self.mean")):
        (folder / "main.py").write_text(text)
        sys.modules.pop("main", None)
        importlib.invalidate_caches()
        main = importlib.import_module("main")
        made = sv.run(main.flow, inputs={"rows": rows}, config=config, project=folder)
        values.append(made.value()["b"].to_list())
    assert values == [[4.0, 6.0, 8.0], [0.0, 2.0, 4.0]]


def test_a_step_that_changes_a_global_it_reads_is_not_reused(folder, monkeypatch):
    """The result belongs to a value that is gone: it runs again, and says why."""
    case = Case("COUNT.append(x); return len(COUNT)", body="COUNT = []\ndef look():\n    return len(COUNT)")
    first = run(folder, case, False, folder, monkeypatch)
    again = sv.run(sys.modules["main"].flow, inputs={"x": 3}, project=folder)
    assert (first.value(), again.value()) == (1, 2)
    assert "COUNT" in str(first["f"].notes["not_reusable"])


def test_another_run_seed_moves_the_steps_that_take_a_seed_and_no_others(folder, monkeypatch):
    """The run's seed reaches a step only through its `seed` setting."""
    case = Case(
        "import random; return random.Random(seed).randrange(10**9) + x", settings=", *, seed: int = sv.required"
    )
    write(folder, case, False)
    sys.modules.pop("main", None)
    importlib.invalidate_caches()
    main = importlib.import_module("main")
    values = [sv.run(main.flow, inputs={"x": 1}, config={"seed": seed}, project=folder).value() for seed in (1, 2, 1)]
    assert values[0] == values[2] != values[1]


OUTSIDE = """
import os, subprocess
from dataclasses import dataclass
from pathlib import Path
import solvent as sv
from shapes import A

@sv.step
def made() -> A:
    return A(1)

@sv.step
def several() -> list[A]:
    return [A(1)]

@sv.step
def read() -> str:
    return open("hid.txt").read() + os.environ.get("UNSAID", "")

@sv.step
def told(*, f: Path) -> str:
    return Path(f).read_text()

@sv.step(reads=["process"])
def asked() -> str:
    return subprocess.run(["date", "+%N"], capture_output=True, text=True).stdout

@sv.pipeline
def flow():
    made(); several(); read(); told(f=Path("hid.txt")); asked()
"""


def outside(folder, *words, **env):
    """The statuses of a run in a process of its own, and its project."""
    command = [sys.executable, "-m", "solvent", "run", "main:flow", "-q", *words]
    subprocess.run(command, cwd=folder, check=True, env={**os.environ, **env})
    with_id = sv.open(folder).runs()[0]
    return {step.name: str(step.status) for step in with_id.steps}


def test_what_lies_outside_moves_along_with_a_project_and_its_copies(tmp_path):
    """Of a copied project its own files count; one that moved, and a class in another file, re-run nothing."""
    one = tmp_path / "one"
    one.mkdir()
    (one / "solvent.toml").write_text("")
    (one / "main.py").write_text(OUTSIDE)
    (one / "shapes.py").write_text("from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\n")
    (one / "hid.txt").write_text("1")
    assert set(outside(one).values()) == {"ran"}
    (one / "shapes.py").rename(one / "forms.py")
    (one / "main.py").write_text(OUTSIDE.replace("from shapes", "from forms"))
    assert set(outside(one).values()) == {"reused"}
    two = tmp_path / "two"
    shutil.copytree(one, two)
    (two / "hid.txt").write_text("2")
    assert outside(two) == {"made": "reused", "several": "reused", "read": "ran", "told": "ran", "asked": "reused"}
    assert sv.open(two).load("read") == sv.open(two).load("told") == "2"
    (change,) = [one for one in sv.open(two).why("read").changes if one.kind != "reuse"]
    assert (change.kind, change.name) == ("file", "./hid.txt")
    assert outside(two, UNSAID="3")["read"] == "ran"
    (change,) = [one for one in sv.open(two).why("read").changes if one.kind != "reuse"]
    assert (change.kind, change.name) == ("variable", "UNSAID")
    one.rename(tmp_path / "three")
    assert set(outside(tmp_path / "three").values()) == {"reused"}


def test_a_result_that_was_allowed_is_not_reused_by_who_may_not(tmp_path):
    """The permission is taken away: the step runs, and `why` says so; forced runs are told as such."""
    (tmp_path / "solvent.toml").write_text("")
    (tmp_path / "main.py").write_text(OUTSIDE)
    (tmp_path / "shapes.py").write_text("from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\n")
    (tmp_path / "hid.txt").write_text("1")
    outside(tmp_path)
    assert outside(tmp_path)["asked"] == "reused"
    (tmp_path / "main.py").write_text(
        OUTSIDE.replace('@sv.step(reads=["process"])', '@sv.step(reads=["process", "host"])')
    )
    assert outside(tmp_path)["asked"] == "reused"
    (tmp_path / "main.py").write_text(OUTSIDE.replace('@sv.step(reads=["process"])', "@sv.step"))
    assert outside(tmp_path)["asked"] == "ran"
    told = [one.text for one in sv.open(tmp_path).why("asked").changes]
    assert any("no longer allow" in text for text in told)
    outside(tmp_path, "--rerun", "read")
    why = sv.open(tmp_path).why("read")
    assert why.verdict.startswith("ran again: its key is that of flow-") and "--rerun" in why.changes[0].text
