"""What the tests of databases share: a PostgreSQL server of their own."""

from __future__ import annotations

import glob
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path

import pytest

PASSWORD = "s3cr&t/pass word"  # signs that a URL has to escape


class Postgres:
    """A PostgreSQL server on a free loopback port; ``sql`` speaks as its owner, ``url`` is a reader's."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self.programs = folder, programs
        runuser = shutil.which("runuser") or "/usr/sbin/runuser"  # not on everybody's path
        self._as = [runuser, "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self.port = _free_port()

    def create(self) -> None:
        """Make the cluster, and a reader who needs a password."""
        self.folder.chmod(0o755)
        if self._as:
            shutil.chown(self.folder, "postgres")
        self._run("initdb", "-D", self._data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-locale")
        Path(self._data, "pg_hba.conf").write_text(
            "local all all trust\nhost all reader 127.0.0.1/32 scram-sha-256\nhost all owner 127.0.0.1/32 trust\n"
        )
        for attempt in range(3):  # between asking for a free port and taking it, somebody else may
            try:
                self.start()
                break
            except AssertionError:
                if attempt == 2:
                    raise
                self.port = _free_port()
        self.sql(f"create role reader login password '{PASSWORD}'")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-c listen_addresses=127.0.0.1 -p {self.port} -c fsync=off -c max_connections=30 -k {self.folder}"
        self._run("pg_ctl", "-D", self._data, "-l", str(self.folder / "log"), "-w", "-o", options, "start")

    def stop(self, how: str = "fast") -> None:
        """Stop the server; ``immediate`` is what a crash is."""
        self._run("pg_ctl", "-D", self._data, "-m", how, "-w", "stop", check=False)

    def sql(self, text: str, database: str = "postgres") -> str:
        """Carry out SQL as the owner; what it says, as plain text."""
        done = subprocess.run(
            [
                self.programs / "psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder),
                "-p", str(self.port), "-U", "owner", "-d", database, "-f", "-",
            ],
            input=text, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def url(self, database: str = "postgres", user: str = "reader", password: str = PASSWORD) -> str:
        """The URL of a database, as a user who may read."""
        word = urllib.parse.quote(password, safe="")
        return f"postgresql://{user}:{word}@127.0.0.1:{self.port}/{database}"

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        done = subprocess.run(
            [*self._as, str(self.programs / program), *arguments],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr.decode()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _programs() -> Path | None:
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda one: float(Path(one).parts[-3]))
    here = found[-1] if found else shutil.which("initdb")
    return Path(here).parent if here else None


@pytest.fixture(scope="session")
def postgres():
    """A running PostgreSQL server, for the tests of one worker."""
    programs = _programs()
    if programs is None:
        reason = "PostgreSQL is not installed here (Debian: apt-get install postgresql)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="solvent-pg-", dir="/tmp"))
    server = Postgres(folder, programs)
    try:
        server.create()
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def shop(postgres):
    """A new, empty database of the server: its name."""
    name = f"shop_{os.getpid()}_{time.monotonic_ns()}"
    postgres.sql(f"create database {name}")
    postgres.sql("alter default privileges grant select on tables to reader", name)
    return name
