"""What a step reads of the world is seen, by hook, guards and environment; what is none of its data is not."""

from __future__ import annotations

import importlib.metadata
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
import weakref
from pathlib import Path

import duckdb
import polars as pl
import pytest

from solvent.engine import watch


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with a table in it, in several formats."""
    monkeypatch.chdir(tmp_path)
    frame = pl.DataFrame({"a": [1, 2]})
    frame.write_csv("t.csv")
    frame.write_parquet("t.parquet")
    frame.write_ipc("t.arrow", compression="uncompressed")
    frame.write_ndjson("t.ndjson")
    yield tmp_path
    watch.restore()


def seen_of(action, *allowed, ignored=()):
    """What is seen while an action is done."""
    with watch.observing(allowed, ignored) as seen:
        action()
    return seen


def names(seen):
    """The names of the files that were read."""
    return sorted(path.name for path in seen.files)


def read_pandas_parquet():
    """Through pandas, which has pyarrow read it."""
    import pandas as pd

    pd.read_parquet("t.parquet")


def read_arrow(module, function, path):
    """By a function of pyarrow."""

    def read():
        import importlib

        getattr(importlib.import_module(f"pyarrow.{module}"), function)(path)

    return read


def read_duckdb(query):
    """By a query."""

    def read():
        import duckdb

        duckdb.connect().execute(query).fetchall()

    return read


def read_apsw():
    """By apsw, which opens the file natively."""
    import apsw

    apsw.Connection("t.db").close()


READERS = {
    "open": (lambda: open("t.csv").close(), "t.csv"),
    "open in binary": (lambda: open("t.csv", "rb").close(), "t.csv"),
    "open to read and write": (lambda: open("t.csv", "r+").close(), "t.csv"),
    "os.open": (lambda: os.close(os.open("t.csv", os.O_RDONLY)), "t.csv"),
    "pathlib": (lambda: Path("t.csv").read_text(), "t.csv"),
    "numpy": (lambda: __import__("numpy").loadtxt("t.csv", skiprows=1), "t.csv"),
    "pandas.read_csv": (lambda: __import__("pandas").read_csv("t.csv"), "t.csv"),
    "pandas.read_parquet": (read_pandas_parquet, "t.parquet"),
    "polars.read_csv": (lambda: pl.read_csv("t.csv"), "t.csv"),
    "polars.scan_csv": (lambda: pl.scan_csv("t.csv"), "t.csv"),
    "polars.read_parquet": (lambda: pl.read_parquet("t.parquet"), "t.parquet"),
    "polars.scan_parquet of a list": (lambda: pl.scan_parquet(["t.parquet"]), "t.parquet"),
    "polars.read_parquet by keyword": (lambda: pl.read_parquet(source=Path("t.parquet")), "t.parquet"),
    "polars.read_ipc": (lambda: pl.read_ipc("t.arrow"), "t.arrow"),
    "polars.scan_ndjson": (lambda: pl.scan_ndjson("t.ndjson"), "t.ndjson"),
    "polars.read_parquet_schema": (lambda: pl.read_parquet_schema("t.parquet"), "t.parquet"),
    "pyarrow.parquet.read_table": (read_arrow("parquet", "read_table", "t.parquet"), "t.parquet"),
    "pyarrow.parquet.ParquetFile": (read_arrow("parquet", "ParquetFile", "t.parquet"), "t.parquet"),
    "pyarrow.csv.read_csv": (read_arrow("csv", "read_csv", "t.csv"), "t.csv"),
    "pyarrow.dataset.dataset": (read_arrow("dataset", "dataset", "t.parquet"), "t.parquet"),
    "pyarrow.feather.read_table": (read_arrow("feather", "read_table", "t.arrow"), "t.arrow"),
    "pyarrow.json.read_json": (read_arrow("json", "read_json", "t.ndjson"), "t.ndjson"),
    "DuckDB by name": (read_duckdb("SELECT * FROM 't.csv'"), "t.csv"),
    "DuckDB by function": (read_duckdb("SELECT * FROM read_parquet('t.parquet')"), "t.parquet"),
    "sqlite3": (lambda: sqlite3.connect("t.db").close(), "t.db"),
    "sqlite3 by address": (lambda: sqlite3.connect("file:t.db?mode=ro", uri=True).close(), "t.db"),
    "apsw": (read_apsw, "t.db"),
}


@pytest.mark.parametrize("kind", READERS)
def test_a_file_that_is_read_becomes_a_discovered_input(here, kind):
    """However a local file is read, it is seen, with the line of the user's code that read it."""
    sqlite3.connect("t.db").close()
    read, name = READERS[kind]
    Path("t.db").touch()
    seen = seen_of(read)
    assert names(seen) == [name]
    assert all("test_watch_seeing.py:" in where for where in seen.files.values())
    assert not [one for one in seen.others if one.kind != "env"]


ORDERS = pl.DataFrame({"paid": [1, 2, 4]})


@pytest.mark.parametrize("observed", [True, False], ids=["in a step", "after one"])
def test_duckdb_finds_the_frames_of_the_code_that_asks(here, observed):
    """A query names frames of the function and of the module that it stands in, guarded or not, and reads files too."""
    import duckdb

    found = []

    def ask():
        late = pl.DataFrame({"paid": [8]})
        found.append(duckdb.sql("SELECT sum(paid) FROM late").fetchall())
        found.append(duckdb.connect().execute("SELECT sum(paid) FROM ORDERS").fetchall())
        found.append(duckdb.connect().query("SELECT count(*) FROM late, 't.csv'").fetchall())
        with pytest.raises(duckdb.CatalogException, match="nowhere"):
            duckdb.sql("SELECT * FROM nowhere")
        return late

    seen = seen_of(ask)
    if not observed:
        found.clear()
        ask()
    assert found[:2] == [[(8,)], [(7,)]] and len(found) == 3
    assert names(seen) == ["t.csv"] and not [one for one in seen.others if one.kind != "env"]


def test_a_file_that_is_not_there_is_an_input_too(here):
    """Looking for a file in vain is recorded: when it appears, the result is another."""

    def probe():
        with pytest.raises(FileNotFoundError):
            Path("override.json").read_text()

    assert names(seen_of(probe)) == ["override.json"]


def test_files_that_the_step_writes_are_no_inputs(here):
    """What is written first, and then read, is the step's own; so is what it moves into place."""

    def work():
        Path("out.txt").write_text("x")
        Path("out.txt").read_text()
        os.rename("out.txt", "final.txt")
        Path("final.txt").read_text()
        pl.DataFrame({"b": [1]}).write_parquet("new.parquet")
        pl.read_parquet("new.parquet")
        os.mkdir("folder")
        os.listdir("folder")
        with tempfile.NamedTemporaryFile("w+") as file:
            file.write("x")
            Path(file.name).read_text()

    seen = seen_of(work)
    assert not seen.files and not seen.others


def test_a_file_that_changes_while_the_step_runs_cannot_be_an_input(here):
    """A file that was read and then written is named as what forbids reuse."""

    def work():
        text = Path("t.csv").read_text()
        Path("t.csv").write_text(text + "3\n")

    seen = seen_of(work)
    assert not seen.files
    assert [one.kind for one in seen.others] == ["file"] and "t.csv" in seen.others[0].name


def test_ignored_folders_and_the_systems_own_files_are_not_seen(here):
    """Solvent's folder, the standard library, installed packages, /proc and zoneinfo are no data."""
    (here / "archive").mkdir()
    (here / "archive" / "blob").write_text("x")

    def work():
        (here / "archive" / "blob").read_text()
        os.listdir(here / "archive")
        Path(os.__file__).read_text()
        Path(pl.__file__).read_text()
        Path("/proc/self/stat").read_text()
        os.listdir("/dev")

    seen = seen_of(work, ignored=[here / "archive"])
    assert not seen.files and not seen.others


def test_importing_is_no_reading(here):
    """Modules that a step imports for the first time, the user's own too, are no data: their code counts already."""
    (here / "freshly_imported.py").write_text("VALUE = 1\n")
    sys.path[:0] = [str(here / "gone"), str(here)]
    try:
        seen = seen_of(lambda: (__import__("freshly_imported"), importlib.metadata.version("polars")))
    finally:
        sys.path.remove(str(here))
        sys.path.remove(str(here / "gone"))
        sys.modules.pop("freshly_imported", None)
    assert not seen.files and not seen.others


@pytest.mark.parametrize(
    "action",
    [
        lambda: duckdb.execute("SELECT * FROM read_csv(?)", ["t.csv"]).fetchall(),
        lambda: duckdb.execute("SELECT * FROM read_csv($f)", {"f": "t.csv"}).fetchall(),
        lambda: duckdb.connect().execute("SELECT * FROM read_csv(?)", parameters=["t.csv"]).fetchall(),
        lambda: pl.sql("SELECT * FROM read_csv('t.csv')").collect(),
        lambda: pl.SQLContext().execute("SELECT * FROM read_csv('t.csv')").collect(),
        lambda: pl.DataFrame({"a": [1]}).sql("SELECT * FROM read_csv('t.csv')"),
    ],
)
def test_a_file_that_a_query_names_is_seen(here, action):
    """In quotes, as a parameter by place or by name, and in the SQL of Polars."""
    assert names(seen_of(action)) == ["t.csv"]


def test_queries_of_polars_still_find_the_frames_around_them(here):
    """A guard stands between, and the names are the caller's all the same."""
    frame = pl.DataFrame({"a": [1, 2]})  # noqa: F841 the query names it
    with watch.observing() as seen:
        made = pl.sql("SELECT sum(a) AS s FROM frame").collect()
    assert made["s"].item() == 3 and not seen.files


@pytest.mark.parametrize(
    "action",
    [
        lambda: sys.stdin.read(), lambda: sys.stdin.readline(), lambda: list(sys.stdin), lambda: next(sys.stdin),
        lambda: sys.stdin.buffer.read(), lambda: os.read(sys.stdin.fileno(), 10),
    ],
)  # fmt: skip
def test_the_standard_input_is_a_pipe_that_forbids_reuse(here, monkeypatch, action):
    """However it is read by way of ``sys.stdin``; it is as it was afterwards."""
    (here / "piped").write_text("one\ntwo\n")
    with open(here / "piped") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert not seen_of(lambda: sys.stdin.isatty()).others
        seen = seen_of(action)
        assert sys.stdin is stream
    assert [(one.kind, one.name) for one in seen.others] == [("pipe", "the standard input")]


def test_what_is_cleared_away_meanwhile_is_none_of_the_step(here):
    """A finalizer runs in whatever goes on when the last reference goes, and may read what it likes."""

    class Thing:
        pass

    held = [Thing()]
    weakref.finalize(held[0], os.listdir, ".")
    weakref.finalize(held[0], Path("t.csv").read_bytes)
    seen = seen_of(held.clear)
    assert not seen.files and not seen.others


def test_folders_that_are_listed_forbid_reuse(here):
    """Listing, walking and globbing are seen, unless allowed."""
    for action in (lambda: os.listdir("."), lambda: list(Path(".").glob("*.csv")), lambda: list(os.walk("."))):
        assert {one.kind for one in seen_of(action).others} == {"folder"}
        assert not seen_of(action, "glob").others
    seen = seen_of(lambda: pl.read_csv("*.csv"))
    assert names(seen) == ["t.csv"] and [one.kind for one in seen.others] == ["folder"]


def test_hosts_and_processes_forbid_reuse_unless_allowed(here):
    """Connections and subprocesses are seen with their line; ``reads=`` allows them by kind or by name."""
    server = socket.create_server(("127.0.0.1", 0))

    def connect():
        socket.create_connection(server.getsockname()).close()

    def start():
        subprocess.run(["true"], check=True)

    try:
        assert [one.kind for one in seen_of(connect).others] == ["host"]
        assert not seen_of(connect, "host").others
        assert not seen_of(connect, "host:127.0.0.1").others
        assert seen_of(connect, "host:example.org").others
        assert [(one.kind, one.name) for one in seen_of(start).others] == [("process", "true")]
        assert not seen_of(start, "process").others
        assert not seen_of(start, "process:true").others
        assert [one.kind for one in seen_of(lambda: os.system("true")).others] == ["process"]
        assert [one.kind for one in seen_of(socket.gethostname).others] == ["host"]
    finally:
        server.close()


def test_addresses_given_to_native_readers_are_hosts(here):
    """A URL for Polars is a host, without the password in it."""

    def read():
        with pytest.raises(Exception, match="."):
            pl.read_csv("nowhere://user:secret@example.invalid/t.csv")

    seen = seen_of(read)
    assert [(one.kind, one.name) for one in seen.others] == [("host", "nowhere://example.invalid")]


def test_variables_are_seen_by_name(here, monkeypatch):
    """Each way of reading a variable is seen, and so is one that is not set."""
    monkeypatch.setenv("APP_MODE", "a")
    ways = [
        lambda: os.environ["APP_MODE"], lambda: os.environ.get("APP_MODE"), lambda: os.getenv("APP_MODE"),
        lambda: "APP_MODE" in os.environ, lambda: os.environb.get(b"APP_MODE"), lambda: os.getenv("APP_MODE", "x"),
    ]  # fmt: skip
    for way in ways:
        assert [(one.kind, one.name) for one in seen_of(way).others] == [("env", "APP_MODE")]
        assert not seen_of(way, "env:APP_MODE").others
    assert [one.name for one in seen_of(lambda: os.getenv("APP_UNSET")).others] == ["APP_UNSET"]
    for way in (lambda: dict(os.environ), lambda: list(os.environ), os.environ.copy, lambda: os.environ | {}):
        assert [one.kind for one in seen_of(way).others] == ["environment"]


def test_what_the_step_sets_itself_is_no_input(here, monkeypatch):
    """A variable that the step set before it read it is its own."""
    monkeypatch.delenv("APP_OWN", raising=False)

    def work():
        os.environ["APP_OWN"] = "1"
        assert os.environ["APP_OWN"] == "1"
        del os.environ["APP_OWN"]

    assert not seen_of(work).others


def test_the_environment_stays_the_environment(here):
    """It is the same object, with the same behaviour, and afterwards of the same class."""
    before, kind = os.environ, type(os.environ)
    with watch.observing():
        assert os.environ is before and isinstance(os.environ, kind)
        os.environ["APP_X"] = "ü"
        done = subprocess.run(["sh", "-c", "echo $APP_X"], capture_output=True, check=True)
        assert done.stdout.strip() == "ü".encode()
        assert os.environb[b"APP_X"] == "ü".encode() and len(os.environ) == len(dict(os.environ))
        with pytest.raises(KeyError):
            os.environ["APP_NOT_THERE"]
        assert os.environ.pop("APP_X") == "ü"
    assert type(os.environ) is kind and type(os.environb) is kind


def test_libraries_may_look_at_the_machine(here):
    """What libraries read to set themselves up (threads, caches, colours) is no input of the step."""

    def work():
        tempfile.gettempdir()
        os.path.expanduser("~/x")
        __import__("platform").platform()

    assert not seen_of(work).others


def test_other_threads_belong_to_the_step_and_exempt_ones_do_not(here):
    """A thread that the step starts is seen; one that says it is the engine's own is not."""

    def run(function):
        thread = threading.Thread(target=function)
        thread.start()
        thread.join()

    def quiet():
        with watch.exempt():
            Path("t.csv").read_text()
            os.listdir(".")
            os.getenv("APP_MODE")
            pl.read_parquet("t.parquet")

    assert names(seen_of(lambda: run(lambda: Path("t.csv").read_text()))) == ["t.csv"]
    seen = seen_of(lambda: run(quiet))
    assert not seen.files and not seen.others


def test_observing_within_observing_does_not_break(here):
    """The inner one sees what happens within it, the outer one goes on after it."""
    with watch.observing() as outer:
        with watch.observing() as inner:
            Path("t.csv").read_text()
        Path("t.ndjson").read_text()
    Path("t.arrow").read_bytes()
    assert names(inner) == ["t.csv"] and names(outer) == ["t.ndjson"]


def test_an_error_ends_observing(here):
    """Whatever is raised within, afterwards nobody is observed."""
    with pytest.raises(ZeroDivisionError), watch.observing() as seen:
        1 / 0  # noqa: B018
    Path("t.csv").read_text()
    assert not seen.files


def test_guards_can_be_taken_off(here):
    """After ``restore`` every library is as it was."""
    before = pl.read_parquet
    watch.restore()
    plain = pl.read_parquet
    with watch.observing():
        assert pl.read_parquet is not plain and pl.read_parquet.__name__ == "read_parquet"
    watch.restore()
    assert pl.read_parquet is plain
    assert before.__name__ == plain.__name__


def test_a_reader_that_a_module_imported_by_name_is_guarded(here):
    """``from polars import read_parquet`` in the user's own module is seen as well."""
    (here / "by_name.py").write_text("from polars import read_parquet as rp\ndef read():\n    return rp('t.parquet')\n")
    watch.restore()
    sys.path.insert(0, str(here))
    try:
        import by_name  # type: ignore[import-not-found]

        assert names(seen_of(by_name.read)) == ["t.parquet"]
    finally:
        sys.path.remove(str(here))
        sys.modules.pop("by_name", None)


@pytest.mark.slow
def test_a_library_first_imported_within_a_step_is_guarded(here):
    """In a process that has not imported Polars, a step that imports and uses it is seen."""
    script = """
        import sys
        from solvent.engine import watch

        assert "polars" not in sys.modules
        with watch.observing() as seen:
            import polars as pl
            pl.read_parquet("t.parquet")
            import pyarrow.parquet as pq
            pq.read_table("t.parquet")
            import duckdb
            duckdb.sql("SELECT * FROM 't.csv'").fetchall()
        print(sorted(path.name for path in seen.files), [one for one in seen.others if one.kind != "env"])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True, cwd=here
    )
    assert done.stdout.strip() == "['t.csv', 't.parquet'] []", done.stdout


@pytest.mark.slow
def test_scikit_learn_may_ask_for_the_machine(here):
    """Fitting with several jobs starts processes and reads /proc, none of which is an input."""

    def work():
        import numpy as np
        from sklearn.ensemble import RandomForestClassifier

        rng = np.random.default_rng(0)
        RandomForestClassifier(4, n_jobs=2, random_state=0).fit(rng.normal(size=(40, 2)), rng.integers(0, 2, 40))

    seen = seen_of(work)
    assert not seen.files and not seen.others


def test_bytes_that_are_read_are_no_path(here):
    """Readers take content as bytes, which names no file, and is no secret that a warning should print."""
    data = Path("t.csv").read_bytes()
    seen = seen_of(lambda: pl.read_csv(data))
    assert names(seen) == [] and not seen.others
