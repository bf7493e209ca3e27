"""What tests of delivery share: a small predictor that is asked with every kind of column, packed once."""

from __future__ import annotations

import datetime as dt
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from solvent.delivery import Bundle, pack
from solvent.learn import Predictor, Report, assemble, evaluate, fit, train, transform

Serving = Callable[..., AbstractContextManager[tuple[subprocess.Popen[str], str]]]

SERVE = """
import json, sys
from solvent.delivery.server.serving import Endpoint, serve
from solvent.engine.project import find_project
endpoint = Endpoint(port=0, **json.loads(sys.argv[3]))
serve(find_project(sys.argv[1]), sys.argv[2], endpoint, lambda address: print(address, flush=True))
"""


@contextmanager
def served(folder: Path, model: str, **endpoint: Any) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that serves a project's model on a free port, and its address; told to end afterwards."""
    command = [sys.executable, "-c", SERVE, str(folder), model, json.dumps(endpoint)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server, server.stdout.readline().strip()
        finally:
            server.send_signal(signal.SIGTERM)


@pytest.fixture(scope="session")
def serving() -> Serving:
    """Serve a project's model in a process of its own: ``with serving(folder, "name", follow=0.2) as (_, address)``."""
    return served


@dataclass(frozen=True)
class Small:
    """A bundle, and what it was packed from."""

    bundle: Bundle
    predictor: Predictor
    report: Report
    train: pl.DataFrame
    test: pl.DataFrame


def rows_of_every_kind(count: int, start: int = 0) -> pl.DataFrame:
    """Rows with a column of each kind that a request can have, some of them missing."""
    places = range(start, start + count)
    moment = dt.datetime(2024, 1, 1, 8)
    return pl.DataFrame(
        {
            "flag": [None if one % 11 == 0 else one % 3 == 0 for one in places],
            "sure": [one % 2 == 0 for one in places],
            "count": [one % 17 for one in places],
            "many": [None if one % 13 == 0 else one % 7 for one in places],
            "size": [None if one % 5 == 0 else (one % 29) / 4 for one in places],
            "kind": [("red", "green", "blue|", "ünlü")[one % 4] for one in places],
            "day": [dt.date(2024, 1, 1) + dt.timedelta(one % 60) for one in places],
            "hour": [dt.time(one % 24, 30) for one in places],
            "local": [moment + dt.timedelta(hours=one % 99) for one in places],
            "at": [(moment + dt.timedelta(hours=one % 99)).replace(tzinfo=dt.UTC) for one in places],
            "late": [one % 17 + one % 3 > 9 for one in places],
        }
    )


def make_small(seed: int = 0) -> Small:
    learnt, unseen = rows_of_every_kind(600), rows_of_every_kind(300, 601)
    features = fit(learnt, target="late")
    model = train(transform(features, learnt), target="late", seed=seed)
    predictor = assemble(features, model)
    report = evaluate(predictor, unseen, target="late", seed=1, draws=20, find_slices=False, importance=False)
    made = pack(predictor, report, unseen, learnt, golden=30, owner="the *shop* team")
    return Small(made, predictor, report, learnt, unseen)


@pytest.fixture(scope="session")
def small() -> Small:
    return make_small()


@pytest.fixture
def keys(tmp_path: Path) -> Any:
    """Two private keys as PEM files: ``mine`` and ``other``."""
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    from cryptography.hazmat.primitives import serialization

    def write(name: str) -> Path:
        pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (tmp_path / name).write_bytes(pem)
        return tmp_path / name

    return write("mine.pem"), write("other.pem")
