"""What changes a fingerprint, and what does not: each kind of change in real files, imported freshly."""

from __future__ import annotations

import importlib
import sys
from itertools import count
from pathlib import Path

import pytest

from solvent.archive.fingerprint import Code, Fingerprint, fingerprint

NUMBERS = count()


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


HELPER = "def helper(x):\n    return x + 1\n"
MAIN = "from helpers import helper\n\ndef main(x: int) -> int:\n    return helper(x)\n"

# kind of change -> (files before, files after); a plain text stands for step.py
CHANGES: dict[str, tuple[dict[str, str] | str, dict[str, str] | str]] = {
    "the body": ("def main(x):\n    return x + 1\n", "def main(x):\n    return x + 2\n"),
    "a constant's type": ("def main(x):\n    return x + 1\n", "def main(x):\n    return x + 1.0\n"),
    "True for 1": ("def main(x):\n    return 1\n", "def main(x):\n    return True\n"),
    "an operator": ("def main(x):\n    return x + 1\n", "def main(x):\n    return x - 1\n"),
    "the order of statements": ("def main(x):\n    x += 1\n    x *= 2\n", "def main(x):\n    x *= 2\n    x += 1\n"),
    "a parameter's name": ("def main(x):\n    return 1\n", "def main(y):\n    return 1\n"),
    "a parameter's kind": ("def main(x, y=1):\n    return 1\n", "def main(x, *, y=1):\n    return 1\n"),
    "an annotation": ("def main(x: int):\n    return x\n", "def main(x: float):\n    return x\n"),
    "the return annotation": ("def main(x) -> int:\n    return x\n", "def main(x) -> float:\n    return x\n"),
    "a default": ("def main(x=1):\n    return x\n", "def main(x=2):\n    return x\n"),
    "a keyword default": ("def main(*, x=1):\n    return x\n", "def main(*, x=2):\n    return x\n"),
    "a default from a global": (
        "D = 1\ndef main(x=D):\n    return x\n",
        "D = 2\ndef main(x=D):\n    return x\n",
    ),
    "a helper in another module": (
        {"step.py": MAIN, "helpers.py": HELPER},
        {"step.py": MAIN, "helpers.py": HELPER.replace("1", "2")},
    ),
    "a helper's helper": (
        {"step.py": MAIN, "helpers.py": "from deep import d\ndef helper(x):\n    return d(x)\n", "deep.py": "def d(x): return x\n"},
        {"step.py": MAIN, "helpers.py": "from deep import d\ndef helper(x):\n    return d(x)\n", "deep.py": "def d(x): return -x\n"},
    ),
    "a helper by module": (
        {"step.py": "import helpers\ndef main(x):\n    return helpers.helper(x)\n", "helpers.py": HELPER},
        {"step.py": "import helpers\ndef main(x):\n    return helpers.helper(x)\n", "helpers.py": HELPER.replace("1", "2")},
    ),
    "a helper by a chain of modules": (
        {"step.py": "import pkg.sub.mod\ndef main(x):\n    return pkg.sub.mod.helper(x)\n", "pkg/__init__.py": "", "pkg/sub/__init__.py": "", "pkg/sub/mod.py": HELPER},
        {"step.py": "import pkg.sub.mod\ndef main(x):\n    return pkg.sub.mod.helper(x)\n", "pkg/__init__.py": "", "pkg/sub/__init__.py": "", "pkg/sub/mod.py": HELPER.replace("1", "2")},
    ),
    "a helper through a re-export": (
        {"step.py": "from pkg import helper\ndef main(x):\n    return helper(x)\n", "pkg/__init__.py": "from pkg.core import helper\n", "pkg/core.py": HELPER},
        {"step.py": "from pkg import helper\ndef main(x):\n    return helper(x)\n", "pkg/__init__.py": "from pkg.core import helper\n", "pkg/core.py": HELPER.replace("1", "2")},
    ),
    "a helper under an alias": (
        {"step.py": "from helpers import helper as h\ndef main(x):\n    return h(x)\n", "helpers.py": HELPER},
        {"step.py": "from helpers import helper as h\ndef main(x):\n    return h(x)\n", "helpers.py": HELPER.replace("1", "2")},
    ),
    "a helper by star import": (
        {"step.py": "from helpers import *\ndef main(x):\n    return helper(x)\n", "helpers.py": HELPER},
        {"step.py": "from helpers import *\ndef main(x):\n    return helper(x)\n", "helpers.py": HELPER.replace("1", "2")},
    ),
    "a helper imported inside the function": (
        {"step.py": "def main(x):\n    from helpers import helper as h\n    return h(x)\n", "helpers.py": HELPER},
        {"step.py": "def main(x):\n    from helpers import helper as h\n    return h(x)\n", "helpers.py": HELPER.replace("1", "2")},
    ),
    "a module imported inside the function": (
        {"step.py": "def main(x):\n    import helpers\n    return helpers.helper(x)\n", "helpers.py": HELPER},
        {"step.py": "def main(x):\n    import helpers\n    return helpers.helper(x)\n", "helpers.py": HELPER.replace("1", "2")},
    ),
    "a relative import": (
        {"pkg/__init__.py": "", "pkg/step.py": "def main(x):\n    from . import helpers\n    return helpers.helper(x)\n", "pkg/helpers.py": HELPER},
        {"pkg/__init__.py": "", "pkg/step.py": "def main(x):\n    from . import helpers\n    return helpers.helper(x)\n", "pkg/helpers.py": HELPER.replace("1", "2")},
    ),
    "which module a conditional import takes": (
        {"step.py": "try:\n    import fast as impl\nexcept ImportError:\n    import slow as impl\ndef main(x):\n    return impl.f(x)\n", "slow.py": "def f(x): return 1\n"},
        {"step.py": "try:\n    import fast as impl\nexcept ImportError:\n    import slow as impl\ndef main(x):\n    return impl.f(x)\n", "slow.py": "def f(x): return 1\n", "fast.py": "def f(x): return 2\n"},
    ),
    "a global number": ("K = 1\ndef main(x):\n    return x + K\n", "K = 2\ndef main(x):\n    return x + K\n"),
    "a global in another module": (
        {"step.py": "import cfg\ndef main(x):\n    return x + cfg.K\n", "cfg.py": "K = 1\n"},
        {"step.py": "import cfg\ndef main(x):\n    return x + cfg.K\n", "cfg.py": "K = 2\n"},
    ),
    "a value in a global dict": (
        "K = {'a': [1, (2, 3)]}\ndef main(x):\n    return K\n",
        "K = {'a': [1, (2, 4)]}\ndef main(x):\n    return K\n",
    ),
    "the order of a global dict": (
        "K = {'a': 1, 'b': 2}\ndef main(x):\n    return list(K)\n",
        "K = {'b': 2, 'a': 1}\ndef main(x):\n    return list(K)\n",
    ),
    "a computed global": (
        "def make(): return 5\nK = make()\ndef main(x):\n    return K\n",
        "def make(): return 6\nK = make()\ndef main(x):\n    return K\n",
    ),
    "a function in a global dict": (
        "def a(x): return 1\nTABLE = {'a': a}\ndef main(x):\n    return TABLE['a'](x)\n",
        "def a(x): return 2\nTABLE = {'a': a}\ndef main(x):\n    return TABLE['a'](x)\n",
    ),
    "a class in a global list": (
        "class A:\n    def f(self): return 1\nKINDS = [A]\ndef main(x):\n    return KINDS[0]().f()\n",
        "class A:\n    def f(self): return 2\nKINDS = [A]\ndef main(x):\n    return KINDS[0]().f()\n",
    ),
    "a method": (
        "class A:\n    def f(self): return 1\ndef main(x):\n    return A().f()\n",
        "class A:\n    def f(self): return 2\ndef main(x):\n    return A().f()\n",
    ),
    "a method that a method calls": (
        "class A:\n    def f(self): return self.g()\n    def g(self): return 1\ndef main(x):\n    return A().f()\n",
        "class A:\n    def f(self): return self.g()\n    def g(self): return 2\ndef main(x):\n    return A().f()\n",
    ),
    "a class attribute": (
        "class A:\n    K = 1\ndef main(x):\n    return A.K\n",
        "class A:\n    K = 2\ndef main(x):\n    return A.K\n",
    ),
    "a base class": (
        {"step.py": "from base import B\nclass A(B): pass\ndef main(x):\n    return A().f()\n", "base.py": "class B:\n    def f(self): return 1\n"},
        {"step.py": "from base import B\nclass A(B): pass\ndef main(x):\n    return A().f()\n", "base.py": "class B:\n    def f(self): return 2\n"},
    ),
    "a metaclass": (
        "class M(type):\n    def __call__(cls): return 1\nclass A(metaclass=M): pass\ndef main(x):\n    return A()\n",
        "class M(type):\n    def __call__(cls): return 2\nclass A(metaclass=M): pass\ndef main(x):\n    return A()\n",
    ),
    "a property": (
        "class A:\n    @property\n    def f(self): return 1\ndef main(x):\n    return A().f\n",
        "class A:\n    @property\n    def f(self): return 2\ndef main(x):\n    return A().f\n",
    ),
    "a helper that a method uses": (
        {"step.py": "from helpers import helper\nclass A:\n    def f(self): return helper(1)\ndef main(x):\n    return A().f()\n", "helpers.py": HELPER},
        {"step.py": "from helpers import helper\nclass A:\n    def f(self): return helper(1)\ndef main(x):\n    return A().f()\n", "helpers.py": HELPER.replace("1", "2")},
    ),
    "a dataclass's field": (
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    a: int = 1\ndef main(x):\n    return A()\n",
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    a: int = 1\n    b: int = 2\ndef main(x):\n    return A()\n",
    ),
    "a dataclass's default": (
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    a: int = 1\ndef main(x):\n    return A()\n",
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    a: int = 2\ndef main(x):\n    return A()\n",
    ),
    "a field's annotation": (
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    a: int\ndef main(x):\n    return A(1)\n",
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    a: float\ndef main(x):\n    return A(1)\n",
    ),
    "an enum's member": (
        "from enum import Enum\nclass E(Enum):\n    A = 1\nK = E.A\ndef main(x):\n    return K.value\n",
        "from enum import Enum\nclass E(Enum):\n    A = 2\nK = E.A\ndef main(x):\n    return K.value\n",
    ),
    "the state of a global object": (
        "class A:\n    def __init__(self, k): self.k = k\nK = A(1)\ndef main(x):\n    return K.k\n",
        "class A:\n    def __init__(self, k): self.k = k\nK = A(2)\ndef main(x):\n    return K.k\n",
    ),
    "the class of a global object": (
        "class A:\n    def f(self): return 1\nK = A()\ndef main(x):\n    return K.f()\n",
        "class A:\n    def f(self): return 2\nK = A()\ndef main(x):\n    return K.f()\n",
    ),
    "a functional namedtuple": (
        "from collections import namedtuple\nP = namedtuple('P', 'a b')\ndef main(x):\n    return P(1, 2)\n",
        "from collections import namedtuple\nP = namedtuple('P', 'b a')\ndef main(x):\n    return P(1, 2)\n",
    ),
    "a decorator's body": (
        "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def w(x): return f(x) + 1\n    return w\n@deco\ndef main(x):\n    return x\n",
        "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def w(x): return f(x) + 2\n    return w\n@deco\ndef main(x):\n    return x\n",
    ),
    "the function under a decorator": (
        "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def w(x): return f(x) + 1\n    return w\n@deco\ndef main(x):\n    return x\n",
        "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def w(x): return f(x) + 1\n    return w\n@deco\ndef main(x):\n    return -x\n",
    ),
    "a decorator's argument": (
        "def times(n):\n    def deco(f):\n        return lambda x: f(x) * n\n    return deco\n@times(2)\ndef main(x):\n    return x\n",
        "def times(n):\n    def deco(f):\n        return lambda x: f(x) * n\n    return deco\n@times(3)\ndef main(x):\n    return x\n",
    ),
    "a decorator added": ("def deco(f): return f\ndef main(x):\n    return x\n", "def deco(f): return f\n@deco\ndef main(x):\n    return x\n"),
    "a function under lru_cache": (
        "from functools import lru_cache\n@lru_cache\ndef h(x): return 1\ndef main(x):\n    return h(x)\n",
        "from functools import lru_cache\n@lru_cache\ndef h(x): return 2\ndef main(x):\n    return h(x)\n",
    ),
    "a contextmanager": (
        "from contextlib import contextmanager\n@contextmanager\ndef h():\n    yield 1\ndef main(x):\n    with h() as y: return y\n",
        "from contextlib import contextmanager\n@contextmanager\ndef h():\n    yield 2\ndef main(x):\n    with h() as y: return y\n",
    ),
    "a singledispatch implementation": (
        "from functools import singledispatch\n@singledispatch\ndef h(x): return 1\n@h.register\ndef _(x: int): return 2\ndef main(x):\n    return h(x)\n",
        "from functools import singledispatch\n@singledispatch\ndef h(x): return 1\n@h.register\ndef _(x: int): return 3\ndef main(x):\n    return h(x)\n",
    ),
    "a partial's argument": (
        "from functools import partial\ndef h(x, k): return x\nP = partial(h, k=1)\ndef main(x):\n    return P(x)\n",
        "from functools import partial\ndef h(x, k): return x\nP = partial(h, k=2)\ndef main(x):\n    return P(x)\n",
    ),
    "a partial's function": (
        "from functools import partial\ndef h(x, k): return x\nP = partial(h, k=1)\ndef main(x):\n    return P(x)\n",
        "from functools import partial\ndef h(x, k): return -x\nP = partial(h, k=1)\ndef main(x):\n    return P(x)\n",
    ),
    "the state behind a bound method": (
        "class A:\n    def __init__(self, k): self.k = k\n    def f(self, x): return self.k\nF = A(1).f\ndef main(x):\n    return F(x)\n",
        "class A:\n    def __init__(self, k): self.k = k\n    def f(self, x): return self.k\nF = A(2).f\ndef main(x):\n    return F(x)\n",
    ),
    "a closure's value": (
        "def make(k):\n    def inner(x): return x + k\n    return inner\nmain = make(1)\n",
        "def make(k):\n    def inner(x): return x + k\n    return inner\nmain = make(2)\n",
    ),
    "a nested function": (
        "def main(x):\n    def inner(y): return y\n    return inner(x)\n",
        "def main(x):\n    def inner(y): return -y\n    return inner(x)\n",
    ),
    "a global lambda": ("L = lambda x: x + 1\ndef main(x):\n    return L(x)\n", "L = lambda x: x + 2\ndef main(x):\n    return L(x)\n"),
    "one of two lambdas in a line": (
        "A, B = (lambda x: x), (lambda x: x + 1)\ndef main(x):\n    return B(x)\n",
        "A, B = (lambda x: x), (lambda x: x + 2)\ndef main(x):\n    return B(x)\n",
    ),
    "a comprehension": ("def main(x):\n    return [y for y in x if y > 1]\n", "def main(x):\n    return [y for y in x if y > 2]\n"),
    "a global in a comprehension": ("K = 1\ndef main(x):\n    return [K for _ in x]\n", "K = 2\ndef main(x):\n    return [K for _ in x]\n"),
    "a global that a comprehension's variable shares its name with": (
        "y = 1\ndef main(x):\n    [y for y in x]\n    return y\n",
        "y = 2\ndef main(x):\n    [y for y in x]\n    return y\n",
    ),
    "a function as default": (
        "def h(x): return 1\ndef main(x, f=h):\n    return f(x)\n",
        "def h(x): return 2\ndef main(x, f=h):\n    return f(x)\n",
    ),
    "a module handed about": (
        {"step.py": "import helpers\ndef main(x):\n    return vars(helpers)\n", "helpers.py": HELPER},
        {"step.py": "import helpers\ndef main(x):\n    return vars(helpers)\n", "helpers.py": HELPER.replace("1", "2")},
    ),
    "a regex": ("import re\nR = re.compile('a')\ndef main(x):\n    return R.match(x)\n", "import re\nR = re.compile('b')\ndef main(x):\n    return R.match(x)\n"),
    "a date": ("from datetime import date\nD = date(2020, 1, 1)\ndef main(x):\n    return D\n", "from datetime import date\nD = date(2020, 1, 2)\ndef main(x):\n    return D\n"),
    "an array": ("import numpy as np\nA = np.array([1, 2])\ndef main(x):\n    return A\n", "import numpy as np\nA = np.array([1, 3])\ndef main(x):\n    return A\n"),
    "a frame": ("import polars as pl\nA = pl.DataFrame({'a': [1]})\ndef main(x):\n    return A\n", "import polars as pl\nA = pl.DataFrame({'a': [2]})\ndef main(x):\n    return A\n"),
    "a Polars expression": ("import polars as pl\nE = pl.col('a') + 1\ndef main(x):\n    return E\n", "import polars as pl\nE = pl.col('a') + 2\ndef main(x):\n    return E\n"),
    "the one assignment of an engine": (
        "class Engine:\n    def __init__(self, url): self.view = memoryview(url)\nE = Engine(b'a')\ndef main(x):\n    return E\n",
        "class Engine:\n    def __init__(self, url): self.view = memoryview(url)\nE = Engine(b'b')\ndef main(x):\n    return E\n",
    ),
    "what the one assignment reaches": (
        "def make(): return memoryview(b'a')\nE = make()\ndef main(x):\n    return E\n",
        "def make(): return memoryview(b'b')\nE = make()\ndef main(x):\n    return E\n",
    ),
    "what is imported by name": ("from math import sin as f\ndef main(x):\n    return f(x)\n", "from math import cos as f\ndef main(x):\n    return f(x)\n"),
    "an attribute of a library": ("import math\ndef main(x):\n    return math.sin(x)\n", "import math\ndef main(x):\n    return math.cos(x)\n"),
    "a docstring that is read": (
        "def h():\n    'one'\ndef main(x):\n    return h.__doc__\n",
        "def h():\n    'two'\ndef main(x):\n    return h.__doc__\n",
    ),
    "a f-string": ("def main(x):\n    return f'{x:>3}'\n", "def main(x):\n    return f'{x:>4}'\n"),
    "an augmented global": (
        "K = 1\ndef main(x):\n    global K\n    K += 1\n    return x\n",
        "K = 2\ndef main(x):\n    global K\n    K += 1\n    return x\n",
    ),
    "a function's attribute": (
        "def h(x): return h.k\nh.k = 1\ndef main(x):\n    return h(x)\n",
        "def h(x): return h.k\nh.k = 2\ndef main(x):\n    return h(x)\n",
    ),
    "which of two helpers is called": (
        "def a(x): return 1\ndef b(x): return 2\ndef main(x):\n    return a(b(x))\n",
        "def a(x): return 1\ndef b(x): return 2\ndef main(x):\n    return b(a(x))\n",
    ),
    "an awaited call": (
        "async def h(x): return 1\nasync def main(x):\n    return await h(x)\n",
        "async def h(x): return 2\nasync def main(x):\n    return await h(x)\n",
    ),
    "a match pattern": (
        "def main(x):\n    match x:\n        case {'a': 1}: return 1\n        case None: return 2\n",
        "def main(x):\n    match x:\n        case {'a': 1}: return 1\n        case True: return 2\n",
    ),
    "a method put in from elsewhere": (
        "class A:\n    def f(self): return 1\ndef g(self): return 2\nA.f = g\ndef main(x):\n    return A().f()\n",
        "class A:\n    def f(self): return 1\ndef g(self): return 3\nA.f = g\ndef main(x):\n    return A().f()\n",
    ),
    "a class attribute set later": (
        "class A:\n    K = 1\nA.K = 5\ndef main(x):\n    return A.K\n",
        "class A:\n    K = 1\nA.K = 6\ndef main(x):\n    return A.K\n",
    ),
    "a method's own global in a nested class": (
        "K = 1\ndef make():\n    class A:\n        def f(self): return K\n    return A\nC = make()\ndef main(x):\n    return C().f()\n",
        "K = 2\ndef make():\n    class A:\n        def f(self): return K\n    return A\nC = make()\ndef main(x):\n    return C().f()\n",
    ),
    "a class body that reads the global of its own name": (
        "limit = 1\nclass A:\n    limit = limit\n    other = (limit,)\ndef main(x):\n    return A\n",
        "limit = 2\nclass A:\n    limit = limit\n    other = (limit,)\ndef main(x):\n    return A\n",
    ),
    "a wrapped function in a vectorised one": (
        "import numpy as np\ndef h(x): return 1\nV = np.vectorize(h)\ndef main(x):\n    return V(x)\n",
        "import numpy as np\ndef h(x): return 2\nV = np.vectorize(h)\ndef main(x):\n    return V(x)\n",
    ),
    "a class that is only annotated": (
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    a: int\n    def f(self): return 1\ndef main(x: A):\n    return x.f()\n",
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    a: int\n    def f(self): return 2\ndef main(x: A):\n    return x.f()\n",
    ),
    "a global deleted and found in builtins": (
        "def sorted(x): return x\ndef main(x):\n    return sorted(x)\n",
        "def main(x):\n    return sorted(x)\n",
    ),
}  # fmt: skip


def as_files(version):
    """A version as files; plain text is step.py."""
    return version if isinstance(version, dict) else {"step.py": version}


def entry_of(files):
    """Where the step stands."""
    return "step:main" if "step.py" in files else "pkg.step:main"


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_that_counts_changes_the_fingerprint(load, kind):
    """Each kind of change of what the code does, or may read, gives another fingerprint."""
    before, after = (as_files(version) for version in CHANGES[kind])
    first, second = load(before, entry_of(before)), load(after, entry_of(after))
    assert not first.uncached and not second.uncached
    assert first.digest != second.digest


SAME: dict[str, tuple[dict[str, str] | str, dict[str, str] | str]] = {
    "nothing": ({"step.py": MAIN, "helpers.py": HELPER}, {"step.py": MAIN, "helpers.py": HELPER}),
    "a comment": ("def main(x):\n    return x\n", "# why\ndef main(x):  # so\n    # because\n    return x\n"),
    "a docstring": ("def main(x):\n    return x\n", 'def main(x):\n    """What."""\n    return x\n'),
    "a docstring for pass": ("def main(x):\n    pass\n", 'def main(x):\n    """What."""\n'),
    "a class's docstring": ("class A:\n    k = 1\ndef main(x):\n    return A\n", 'class A:\n    """What."""\n    k = 1\n    "of k"\ndef main(x):\n    return A\n'),
    "a module's docstring": ("def main(x):\n    return x\n", '"""What."""\ndef main(x):\n    return x\n'),
    "blank lines": ("def main(x):\n    return x\n", "\n\n\ndef main(x):\n\n    return x\n\n"),
    "layout": ("def main(x):\n    return [x, 1]\n", "def main(\n    x,\n):\n    return (\n        [\n            x, 1,\n        ]\n    )\n"),
    "quotes": ("def main(x):\n    return 'a'\n", 'def main(x):\n    return "a"\n'),
    "how a number is written": ("def main(x):\n    return 1000\n", "def main(x):\n    return 1_000\n"),
    "adjacent texts": ("def main(x):\n    return 'ab'\n", "def main(x):\n    return 'a' 'b'\n"),
    "unrelated code before": ("def main(x):\n    return x\n", "import os\nK = 3\ndef other(): return os\ndef main(x):\n    return x\n"),
    "unrelated code after": ("def main(x):\n    return x\n", "def main(x):\n    return x\nclass Other: pass\nprint\n"),
    "an unrelated function in the helper's module": (
        {"step.py": MAIN, "helpers.py": HELPER}, {"step.py": MAIN, "helpers.py": "def other(): pass\n" + HELPER},
    ),
    "the helper moved to another file": (
        {"step.py": MAIN, "helpers.py": HELPER}, {"step.py": MAIN.replace("helpers", "moved"), "moved.py": HELPER},
    ),
    "the helper moved into the same file": (
        {"step.py": MAIN, "helpers.py": HELPER}, {"step.py": HELPER + "def main(x: int) -> int:\n    return helper(x)\n"},
    ),
    "the helper behind a re-export": (
        {"step.py": MAIN, "helpers.py": HELPER}, {"step.py": MAIN, "helpers/__init__.py": "from helpers.core import helper\n", "helpers/core.py": HELPER},
    ),
    "an import alias": (
        {"step.py": MAIN, "helpers.py": HELPER}, {"step.py": "from helpers import helper as h\ndef main(x: int) -> int:\n    return h(x)\n", "helpers.py": HELPER},
    ),
    "a module alias": (
        "import math\ndef main(x):\n    return math.sin(x)\n", "import math as m\ndef main(x):\n    return m.sin(x)\n",
    ),
    "a module in place of a name": (
        {"step.py": MAIN, "helpers.py": HELPER}, {"step.py": "import helpers\ndef main(x: int) -> int:\n    return helpers.helper(x)\n", "helpers.py": HELPER},
    ),
    "an import inside the function": (
        {"step.py": "def main(x):\n    from helpers import helper\n    return helper(x)\n", "helpers.py": HELPER},
        {"step.py": "def main(x):\n    from helpers import helper as other\n    return other(x)\n", "helpers.py": HELPER},
    ),
    "the helper renamed": (
        "def helper(x): return 1\ndef main(x):\n    return helper(x)\n", "def better(x): return 1\ndef main(x):\n    return better(x)\n",
    ),
    "the step's module renamed": (
        {"pkg/__init__.py": "", "pkg/step.py": "def main(x):\n    return x\n"}, {"step.py": "def main(x):\n    return x\n"},
    ),
    "a constant renamed": ("K = 1\ndef main(x):\n    return K\n", "LIMIT = 1\ndef main(x):\n    return LIMIT\n"),
    "how a constant is computed": ("K = 10\ndef main(x):\n    return K\n", "K = 5 + 5\ndef main(x):\n    return K\n"),
    "the name of a logger": (
        "import logging\nlog = logging.getLogger('a')\ndef main(x):\n    log.info(x)\n    return x\n",
        "import logging\nlog = logging.getLogger('b')\nlog.setLevel(10)\ndef main(x):\n    log.info(x)\n    return x\n",
    ),
    "the file's own name": (
        {"pkg/__init__.py": "", "pkg/step.py": "def main(x):\n    return x, __name__\n"}, {"step.py": "def main(x):\n    return x, __name__\n"},
    ),
    "the folder of the project": (
        "from pathlib import Path\nHERE = Path(__file__).parent\ndef main(x):\n    return HERE / 'x'\n",
        "from pathlib import Path\nHERE = Path(__file__).parent\n\ndef main(x):\n    return HERE / 'x'\n",
    ),
    "a quoted annotation": ("def main(x: int) -> list[int]:\n    return [x]\n", "def main(x: 'int') -> 'list[int]':\n    return [x]\n"),
    "annotations from the future": ("def main(x: int):\n    return x\n", "from __future__ import annotations\ndef main(x: int):\n    return x\n"),
    "the options of a step": (
        "import solvent as sv\n@sv.step\ndef main(x):\n    return x\n", "import solvent as sv\n@sv.step(retries=3, reuse='1 day')\ndef main(x):\n    return x\n",
    ),
    "what a list that is only added to holds": (
        "CALLS = []\ndef main(x):\n    CALLS.append(x)\n    return x\n", "CALLS = [1]\ndef main(x):\n    CALLS.append(x)\n    return x\n",
    ),
    "the order of a set": ("K = {'a', 'b', 'c'}\ndef main(x):\n    return K\n", "K = {'c', 'b', 'a'}\ndef main(x):\n    return K\n"),
    "methods of unrelated classes": (
        "class A:\n    def f(self): return 1\nclass B:\n    def f(self): return 1\ndef main(x):\n    return A().f()\n",
        "class A:\n    def f(self): return 1\nclass B:\n    def f(self): return 2\ndef main(x):\n    return A().f()\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SAME)
def test_a_change_that_does_not_count_leaves_the_fingerprint(load, kind):
    """Each kind of change that cannot move a result leaves the fingerprint as it is, in another folder too."""
    before, after = (as_files(version) for version in SAME[kind])
    first, second = load(before, entry_of(before)), load(after, entry_of(after))
    assert not first.uncached and not second.uncached
    assert first.digest == second.digest


def test_all_versions_in_the_tables_are_many():
    """The tables hold at least so many kinds as were promised."""
    assert len(CHANGES) >= 70 and len(SAME) >= 30
