"""Hidden inputs by name, and what cannot be identified at all."""

from __future__ import annotations

import pytest

HIDDEN = {
    "import time\ndef f(x): return time.time()": ("clock", "time.time"),
    "from time import time as now\ndef f(x): return now()": ("clock", "time.time"),
    "import time\ndef f(x): return time.strftime('%Y')": ("clock", "time.strftime"),
    "import time\ndef f(x): return time.localtime()": ("clock", "time.localtime"),
    "import datetime\ndef f(x): return datetime.datetime.now()": ("clock", "datetime.datetime.now"),
    "import datetime as dt\ndef f(x): return dt.datetime.utcnow()": ("clock", "datetime.datetime.utcnow"),
    "from datetime import date\ndef f(x): return date.today()": ("clock", "datetime.date.today"),
    "from datetime import datetime as D\nnow = D.now\ndef f(x): return now()": ("clock", "datetime.datetime.now"),
    "def f(x):\n    from datetime import datetime\n    return datetime.now()": ("clock", "datetime.datetime.now"),
    "import time\ndef f(x, clock=time.time): return clock()": ("clock", "time.time"),
    "import time\nTABLE = {'now': time.time}\ndef f(x): return TABLE['now']()": ("clock", "time.time"),
    "import pandas as pd\ndef f(x): return pd.Timestamp.now()": ("clock", "pandas.Timestamp.now"),
    "from pandas import Timestamp\ndef f(x): return Timestamp.utcnow()": ("clock", "pandas.Timestamp.utcnow"),
    "import os\ndef f(x): return os.environ['A']": ("env", "os.environ"),
    "from os import environ as e\ndef f(x): return e.get('A')": ("env", "os.environ"),
    "import os\ndef f(x): return os.getenv('A')": ("env", "os.getenv"),
    "from os import getenv\ndef f(x): return getenv('A')": ("env", "os.getenv"),
    "import uuid\ndef f(x): return uuid.uuid4()": ("entropy", "uuid.uuid4"),
    "from uuid import uuid1\ndef f(x): return uuid1()": ("entropy", "uuid.uuid1"),
    "import secrets\ndef f(x): return secrets.token_hex()": ("entropy", "secrets.token_hex"),
    "from secrets import choice\ndef f(x): return choice(x)": ("entropy", "secrets.choice"),
    "import os\ndef f(x): return os.urandom(3)": ("entropy", "os.urandom"),
    "from os import urandom as u\ndef f(x): return u(3)": ("entropy", "os.urandom"),
    "from random import SystemRandom\ndef f(x): return SystemRandom().random()": ("entropy", "random.SystemRandom"),
    "import random\nR = random.SystemRandom()\ndef f(x): return R.random()": ("entropy", "random.SystemRandom"),
    "import random\ndef f(x): return random.Random().random()": ("entropy", "random.Random"),
    "import numpy as np\ndef f(x): return np.random.default_rng().normal()": ("entropy", "numpy.random.default_rng"),
    "from numpy.random import default_rng\ndef f(x): return default_rng(None)": ("entropy", "numpy.random.default_rng"),
    "import platform\ndef f(x): return platform.node()": ("host", "platform.node"),
    "from socket import gethostname\ndef f(x): return gethostname()": ("host", "socket.gethostname"),
    "import getpass\ndef f(x): return getpass.getuser()": ("host", "getpass.getuser"),
    "import time\ndef h(): return time.time()\ndef f(x): return h()": ("clock", "time.time"),
    "import time\nclass A:\n    def m(self): return time.time_ns()\ndef f(x): return A()": ("clock", "time.time_ns"),
}  # fmt: skip


@pytest.mark.parametrize("text", HIDDEN)
def test_clocks_environment_and_entropy_are_seen_through_aliases(modules, text):
    """A hidden input is found by name, however it was imported, with file and line."""
    mod = modules.load("mod", text + "\n")
    found = modules.print(mod.f)
    assert [(one.kind, one.name) for one in found.hidden] == [HIDDEN[text]]
    assert found.hidden[0].file == "mod.py" and found.hidden[0].where.startswith("mod.py:")
    assert not found.uncached


NOT_HIDDEN = [
    "import random\ndef f(x): return random.random() + random.Random(3).random()",
    "from random import choice, shuffle\ndef f(x): return choice(x)",
    "import numpy as np\ndef f(x, seed=1): return np.random.default_rng(seed).normal() + np.random.rand()",
    "from numpy.random import rand\ndef f(x): return rand()",
    "import time\ndef f(x):\n    t = time.perf_counter()\n    time.sleep(0)\n    return time.gmtime(0)",
    "from datetime import datetime, date\ndef f(x): return datetime(2020, 1, 1), date.fromisoformat(x)",
    "import uuid\ndef f(x): return uuid.UUID(x), uuid.uuid5(uuid.NAMESPACE_DNS, x)",
    "import os\ndef f(x): return os.path.join(x, 'a')",
    "import time\ndef other(): return time.time()\ndef f(x): return x",
]


@pytest.mark.parametrize("text", NOT_HIDDEN)
def test_seeded_randomness_and_arithmetic_are_not_hidden(modules, text):
    """What the engine seeds, or what only looks like a clock, is no hidden input."""
    mod = modules.load("mod", text + "\n")
    found = modules.print(mod.f)
    assert not found.hidden and not found.uncached


UNCACHED = {
    "import polars as pl\nK = pl.LazyFrame({'a': [1]})\ndef f(x): return K\n": "LazyFrame",
    "import sqlite3\nK = sqlite3.connect(':memory:')\ndef f(x): return K\n": "open connection",
    "K = (i for i in range(3))\ndef f(x): return K\n": "generator",
    "K = memoryview(b'a')\nK = memoryview(b'b')\ndef f(x): return K\n": "assigned more than once",
    "for K in [memoryview(b'a')]: pass\ndef f(x): return K\n": "cannot be identified",
    "def make(k):\n    def f(x): return k\n    return f\nf = make(memoryview(b'a'))\n": "k (a memoryview)",
    "K = []\nfor _ in range(200): K = [K]\ndef f(x): return K\n": "deep",
}


@pytest.mark.parametrize("text", UNCACHED)
def test_what_cannot_be_identified_makes_the_step_uncached(modules, text):
    """Never a constant: the reason names the value, its type, and the line that reads it."""
    mod = modules.load("mod", text)
    found = modules.print(mod.f)
    assert len(found.uncached) == 1 and UNCACHED[text] in found.uncached[0]
    if "sqlite3" in text:
        mod.K.close()


def test_loggers_locks_and_engines_do_not_disable_the_cache(modules):
    """What stands in every module (loggers, locks, generators with a seed, compiled patterns) is identified."""
    mod = modules.load(
        "mod",
        """
        import contextvars, logging, random, re, sys, threading
        import numpy as np
        log, lock, local = logging.getLogger(__name__), threading.RLock(), threading.local()
        rng, seeded = np.random.default_rng(7), random.Random(7)
        pattern, out, variable = re.compile("x"), sys.stderr, contextvars.ContextVar("v")
        def f(x):
            with lock:
                log.info(x)
                return rng.normal(), seeded.random(), pattern, local, out, variable
        """,
    )
    first = modules.print(mod.f)
    assert first.uncached == ()
    mod.f(1)
    assert first.changed_values() == []
    assert modules.print(mod.f).digest == first.digest


def test_hostile_objects_only_ever_make_a_step_uncached(modules):
    """Objects whose attributes, reduction or repr raise do not stop the plan."""
    mod = modules.load(
        "mod",
        """
        class Bad:
            def __reduce_ex__(self, protocol): raise RuntimeError("no")
            def __repr__(self): raise RuntimeError("no")
            def __getattr__(self, name): raise RuntimeError(name)
        def make(): return Bad()
        K = [make() for _ in range(2)][0]
        L = {"k": K}
        L = dict(L)
        def f(x): return L
        """,
    )
    found = modules.print(mod.f)
    assert len(found.uncached) == 1
