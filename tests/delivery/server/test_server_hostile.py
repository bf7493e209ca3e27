"""What strangers send: hostile bodies, odd HTTP, slow and silent callers. None is a server error, none stops others."""

from __future__ import annotations

import gzip
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from solvent.delivery import pack
from solvent.learn import assemble, evaluate, fit, train, transform

SERVE = """
import sys
from pathlib import Path
from solvent.delivery.bundles import Bundle
from solvent.delivery.proving.opening import open_bundle
from solvent.delivery.server.lines.roster import Roster
from solvent.delivery.server.lines.served import Served
from solvent.delivery.server.running.endpoint import listen
from solvent.delivery.server.serving import Behind, Endpoint, answer
bundle = Bundle.from_artifact(Path(sys.argv[1]))
opened = open_bundle(bundle, "odd", sys.argv[2])
served = Served("odd", "v1", bundle.digest, opened.predictor, opened.runtime)
endpoint = Endpoint(port=0)
with listen(endpoint) as listening:
    answer(listening, Roster.of(served), endpoint, lambda address: print(address, flush=True), Behind())
"""
HEAD = b"Host: localhost\r\nContent-Type: application/json\r\n"
NAMES = ("number", 'say "hi"', "two\nlines", "größe\u200b☃", "__proto__", "when")


@dataclass(frozen=True)
class Server:
    """A server in a process of its own, that is asked through sockets."""

    port: int
    pid: int
    row: dict[str, Any]

    def connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        made.settimeout(30)
        return made

    def send(self, data: bytes) -> bytes:
        """All that is answered until the server closes."""
        with self.connect() as made:
            found = b""
            with suppress(ConnectionError):  # refused before it was all sent
                made.sendall(data)
            with suppress(ConnectionError, TimeoutError):
                while part := made.recv(65536):
                    found += part
            return found

    def post(self, body: bytes | str, path: str = "/predict", extra: bytes = b"") -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
        said = self.send(
            b"POST %s HTTP/1.1\r\n%sContent-Length: %d\r\nConnection: close\r\n%s\r\n"
            % (path.encode(), HEAD, len(data), extra)
            + data
        )
        head, _, rest = said.partition(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1]), json.loads(rest or b"null")

    def with_value(self, name: str, text: str) -> str:
        """The usual row with a value as it stands in JSON."""
        others = {key: value for key, value in self.row.items() if key != name}
        return f"{json.dumps(others)[:-1]}, {json.dumps(name)}: {text}}}"

    def memory(self) -> float:
        """The most megabytes that the process ever had."""
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())
        return float(found[1]) / 1024 if found else 0.0

    def asked_meanwhile(self, body: str, path: str = "/predict") -> tuple[Any, float]:
        """The answer to a body, and how long others waited meanwhile at most, in times of reading it as JSON here."""
        stop, waits = threading.Event(), []
        begun = time.monotonic()
        json.loads(body)
        unit = time.monotonic() - begun

        def ask() -> None:
            while not stop.is_set():
                started = time.monotonic()
                assert self.post(json.dumps(self.row))[0] == 200
                waits.append(time.monotonic() - started)

        other = threading.Thread(target=ask)
        other.start()
        try:
            made = self.post(body, path)
        finally:
            stop.set()
            other.join()
        return made, max(waits) / unit


def odd_rows() -> pl.DataFrame:
    places = range(300)
    start = pl.datetime(2024, 1, 1, time_zone="UTC")
    return pl.select(
        pl.Series("number", [float(one % 17) for one in places]),
        pl.Series('say "hi"', [one % 5 for one in places]),
        pl.Series("two\nlines", ["abc"[one % 3] for one in places]),
        pl.Series("größe\u200b☃", [None if one % 9 == 0 else one / 7 for one in places]),
        pl.Series("__proto__", [one % 2 == 0 for one in places]),
        when=start + pl.duration(hours=pl.Series(places)),
        late=pl.Series([one % 17 > 8 for one in places]),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sklearn.ensemble import HistGradientBoostingClassifier

    rows = odd_rows()
    features = fit(rows, target="late")
    ready = transform(features, rows)
    model = train(ready, target="late", seed=1, use=HistGradientBoostingClassifier, with_={"max_iter": 5})
    predictor = assemble(features, model)
    report = evaluate(predictor, rows, target="late", seed=1, draws=0, find_slices=False, importance=False)
    made = tmp_path_factory.mktemp("odd")
    pack(predictor, report, rows, rows, golden=20).to_artifact(made)
    return made


@pytest.fixture(scope="module", params=["python", "onnx"])
def server(folder: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    command = [sys.executable, "-c", SERVE, str(folder), request.param]
    row = {**odd_rows().drop("late", "when").row(1, named=True), "when": "2024-01-01T10:00:00Z"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        yield Server(int(address.rpartition(":")[2]), process.pid, row)
        process.send_signal(signal.SIGTERM)


pytestmark = pytest.mark.slow

VALUES = [
    '"x"', "true", "[1]", '{"a": 1}', "null", "NaN", "-Infinity", "1e400", "-0.0", "9" * 400, "1" * 100_000, "1e308",
    '"\\ud800"', '"a\\u0000b"', '"\\ud83d\\ude00"', '""', f'"{"a" * 10_000_000}"', "[" * 900 + "]" * 900,
    '"0000-00-00"', '"2024-01-01T00:00:00+25:00"', '"0001-01-01T00:00:00+01:00"', '"9999-12-31T23:59:59-01:00"',
    '"2024-01-01T00:00:00[Europe/Berlin]"',
]  # fmt: skip


def test_no_value_in_any_column_is_a_server_error(server: Server) -> None:
    """Numbers without end, half characters, texts of ten megabytes, odd times: an answer, or a fault that is named."""
    assert server.post(json.dumps(server.row))[0] == 200
    for name in NAMES:
        for value in VALUES:
            status, said = server.post(server.with_value(name, value))
            assert status in (200, 400, 422), (name, value[:40], said)
            if status == 422:
                assert [(one["row"], one["column"]) for one in said["errors"]] == [(0, name)]
    assert server.post(server.with_value("two\nlines", '"never seen"'))[0] == 200
    assert server.post(json.dumps(dict(reversed(server.row.items()))))[0] == 200


def test_no_body_is_a_server_error(server: Server) -> None:
    """Keys twice, brackets without end, bytes that are no UTF-8, packed bodies, forms, wrong encodings."""
    good = json.dumps(server.row)
    for body, extra, wanted in (
        (good[:-1] + ', "number": "x"}', b"", 422),
        ("[" * 100_000, b"", 400),
        ("[" * 100_000 + "]" * 100_000, b"", 400),
        (b'{"number": "\xed\xa0\x80"}', b"", 400),
        (good[:-1] + ', "\\ud800": 1}', b"", 400),
        (good[:-1] + ', "\\u0000": 1}', b"", 200),
        ("[]", b"", 200),
        ("{}", b"", 422),
        (good.encode("utf-16"), b"", 400),
        (gzip.compress(b" " * 100_000_000), b"Content-Encoding: gzip\r\n", 415),
        (gzip.compress(good.encode()), b"Content-Encoding: GZip\r\n", 415),
        (good, b"Content-Encoding: identity\r\n", 200),
        (b" " * 17_000_000, b"", 413),
    ):
        status, said = server.post(body, extra=extra)
        assert status == wanted, (body[:60], said)
    tensor = {"name": "number", "shape": [1], "datatype": "FP64", "data": [1.0]}
    for null in (5, None, "abc", {"0": 1}, [[0]], [7] * 1_000_000):
        asked = {"inputs": [{**tensor, "parameters": {"null": null}}]}
        assert server.post(json.dumps(asked), "/v2/models/odd/infer")[0] == 422


def test_odd_http_is_answered_or_refused(server: Server) -> None:
    """In pieces, in an old version, several at once, with two lengths; what follows on the connection is its own."""
    body = json.dumps(server.row).encode()
    sized = HEAD + b"Content-Length: %d\r\n" % len(body)
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(body[at : at + 7]), body[at : at + 7]) for at in range(0, len(body), 7))
    last = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    one = b"POST /predict HTTP/1.1\r\n" + sized + b"\r\n" + body
    for sent, wanted in (
        (b"POST /predict HTTP/1.0\r\n" + sized + b"\r\n" + body, [200]),
        (b"POST /predict HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n" + last,
         [200, 200]),
        (b"POST /predict HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc", [400]),
        (b"POST /predict HTTP/1.1\r\n" + sized + b"Content-Length: 3\r\n\r\n" + body, [400]),
        (b"POST /predict HTTP/1.1\r\n" + sized + b"Transfer-Encoding: chunked\r\n\r\n" + body, [400]),
        (one * 40 + last, [200] * 41),
        (b"POST /predict HTTP/1.1\r\n" + HEAD + b"Content-Length: 1\r\n\r\n{" + one + last, [400, 200, 200]),
        (b"POST /predict HTTP/1.1\r\nX: " + b"a" * 3_000_000, [431]),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", [400]),
    ):  # fmt: skip
        found = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", server.send(sent))]
        assert found == wanted or (wanted == [431] and found == []), sent[:80]  # a reset may swallow the answer


HUGE: dict[str, tuple[str, Callable[[], str]]] = {
    "a million rows": ("/predict", lambda: json.dumps([{"number": 1}] * 1_000_000)),
    "empty rows": ("/predict", lambda: "[" + "{}," * 4_000_000 + "{}]"),
    "values of a column": ("/invocations", lambda: '{"inputs": {"number": [' + "1," * 7_900_000 + "1]}}"),
    "cells": (
        "/invocations",
        lambda: '{"dataframe_split": {"columns": ["number"], "data": [' + "1," * 7_900_000 + "1]}}",
    ),
    "names twice": (
        "/invocations",
        lambda: json.dumps({"dataframe_split": {"columns": [*map(str, range(600_000)), "599999"], "data": []}}),
    ),
    "names of strangers": ("/predict", lambda: json.dumps({f"a strange column {one}": one for one in range(100_000)})),
    "a tensor": (
        "/v2/models/odd/infer",
        lambda: (
            '{"inputs": [{"name": "number", "shape": [7900001], "datatype": "FP64", "data": ['
            + "1," * 7_900_000
            + "1]}]}"
        ),
    ),
}


@pytest.mark.parametrize("what", HUGE)
def test_huge_requests_are_refused_while_others_are_answered(server: Server, what: str) -> None:
    """Sixteen megabytes of anything: a 413 or 422, below a gigabyte of memory, nobody else waits for long."""
    path, make = HUGE[what]
    body = make()
    (status, said), longest = server.asked_meanwhile(body, path)
    assert status in (413, 422), said
    assert len(json.dumps(said)) < 20_000
    assert longest < 10 and server.memory() < 1000


def test_many_rows_are_answered_while_others_are(server: Server) -> None:
    """Sixteen megabytes of good rows: each gets its answer, beside the loop."""
    count = 15_000_000 // (len(json.dumps(server.row)) + 2)
    body = json.dumps([server.row] * count)
    (status, said), longest = server.asked_meanwhile(body)
    assert status == 200 and len(said["predictions"]) == count
    assert longest < 10 and server.memory() < 1000


def test_silent_and_slow_callers_are_let_go(server: Server) -> None:
    """Two thousand who say nothing, headers that dribble, half a body: closed after ten seconds, others go on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    try:
        count = 2000 if min(hard, 20_000) > 5000 else 200
        silent = [server.connect() for _ in range(count)]
        slow, half = server.connect(), server.connect()
        body = json.dumps(server.row).encode()
        half.sendall(b"POST /predict HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n" % (HEAD, len(body)) + body[:9])
        slow.sendall(b"POST /predict HTTP/1.1\r\n")
        end = time.monotonic() + 15
        while time.monotonic() < end:
            try:
                slow.sendall(b"X: y\r\n")
            except ConnectionError:
                break
            assert server.post(body)[0] == 200
            time.sleep(0.5)
        assert half.recv(20).startswith(b"HTTP/1.1 408")
        assert time.monotonic() < end, "the dribbling caller was kept"
        assert [one.recv(1) for one in silent] == [b""] * count
        for one in (*silent, slow, half):
            one.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert os.path.exists(f"/proc/{server.pid}") and server.post(body)[0] == 200
