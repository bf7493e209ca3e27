"""The catalog's connection: all of a transaction or nothing, several processes at once, clear errors."""

import os
import shutil
import sqlite3
import subprocess
import sys

import pytest

from solvent.archive.catalog.connection import Catalog
from solvent.archive.catalog.schema import MIGRATIONS
from solvent.errors import CatalogTooNew, Corrupted, Unwritable


@pytest.fixture
def catalog(tmp_path):
    """A new catalog."""
    made = Catalog(tmp_path / "catalog.db")
    yield made
    made.close()


def _texts(catalog):
    return catalog.read("SELECT count(*) FROM texts")[0][0]


def test_a_transaction_that_fails_leaves_nothing(catalog):
    """An exception inside a transaction rolls all of it back."""
    with pytest.raises(ZeroDivisionError), catalog.write() as tx:
        tx.execute("INSERT INTO texts VALUES ('a', 'k', 't')")
        raise ZeroDivisionError
    assert _texts(catalog) == 0


def test_a_new_catalog_has_the_newest_schema(catalog):
    """The schema's version stands in the file, and opening it again changes nothing."""
    assert catalog.read("PRAGMA user_version")[0][0] == len(MIGRATIONS)
    before = os.stat(catalog.path).st_mtime_ns
    Catalog(catalog.path).close()
    assert os.stat(catalog.path).st_mtime_ns == before


def test_a_catalog_of_a_newer_version_is_refused_untouched(catalog):
    """A catalog from the future gives one clear error, and no byte of it changes."""
    catalog.close()
    with sqlite3.connect(catalog.path) as raw:
        raw.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 7}")
    raw.close()
    before = catalog.path.read_bytes()
    with pytest.raises(CatalogTooNew, match=f"version {len(MIGRATIONS) + 7}"):
        Catalog(catalog.path)
    assert catalog.path.read_bytes() == before


def test_a_file_that_is_no_database_is_named(tmp_path):
    """Garbage in the place of the catalog is named as damaged."""
    (tmp_path / "catalog.db").write_bytes(b"this is not a database" * 100)
    with pytest.raises(Corrupted, match="catalog.db"):
        Catalog(tmp_path / "catalog.db")


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path):
    """Where a file stands in the way of the archive's folder, the error says so."""
    (tmp_path / "in-the-way").write_text("")
    with pytest.raises(Unwritable, match="in-the-way"):
        Catalog(tmp_path / "in-the-way" / "catalog.db")


def test_eight_processes_write_at_once(tmp_path):
    """Eight processes commit 50 transactions each, none is lost and none sees a lock error."""
    script = (
        "import sys; from pathlib import Path; from solvent.archive.catalog.connection import Catalog\n"
        "catalog = Catalog(Path(sys.argv[1]))\n"
        "for i in range(50):\n"
        "    with catalog.write() as tx:\n"
        "        tx.execute('INSERT INTO texts VALUES (?, ?, ?)', (f'{sys.argv[2]}-{i}', 'k', 't'))\n"
    )
    path = tmp_path / "catalog.db"
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(path), str(number)], stderr=subprocess.PIPE, text=True)
        for number in range(8)
    ]
    errors = [process.communicate()[1] for process in running]
    assert [process.returncode for process in running] == [0] * 8, errors
    assert _texts(Catalog(path)) == 400


def test_a_connection_does_not_cross_a_fork(catalog):
    """A forked child opens its own connection; parent and child both go on writing."""
    pid = os.fork()
    if pid == 0:
        try:
            with catalog.write() as tx:
                tx.execute("INSERT INTO texts VALUES ('child', 'k', 't')")
            os._exit(0)
        except BaseException:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
    with catalog.write() as tx:
        tx.execute("INSERT INTO texts VALUES ('parent', 'k', 't')")
    assert _texts(catalog) == 2


FULL = """
import os, sys, threading
from pathlib import Path
from solvent.archive.catalog.connection import Catalog
from solvent.errors import Unwritable

disk, copies = Path(sys.argv[1]), Path(os.environ["TMPDIR"])
made = Catalog(disk / "catalog.db")
with made.write() as tx:
    tx.execute("INSERT INTO texts VALUES ('a', 'k', 't')")
with (disk / "rest").open("wb", buffering=0) as rest:
    try:
        while rest.write(b"x" * 1000):
            pass
    except OSError:
        pass
count = "SELECT count(*) FROM texts"
mine = Catalog(disk / "catalog.db")
seen = []
threads = [threading.Thread(target=lambda: seen.append(mine.read(count))) for _ in range(6)]
for one in threads:
    one.start()
for one in threads:
    one.join()
for _ in range(5):
    try:
        with mine.write() as tx:
            tx.execute("INSERT INTO texts VALUES ('b', 'k', 't')")
    except Unwritable as error:
        said = str(error)
print(seen == [[(1,)]] * 6, said.startswith("the disk is full"), len(list(copies.glob("solvent-*"))) <= 1)
(disk / "rest").unlink()
with mine.write() as tx:
    tx.execute("INSERT INTO texts VALUES ('b', 'k', 't')")
print(mine.read(count), made.read(count))
"""


@pytest.mark.skipif(shutil.which("unshare") is None or os.geteuid() != 0, reason="needs root and unshare to mount")
def test_a_catalog_on_a_full_disk_is_read_from_one_copy_and_written_once_there_is_room(tmp_path):
    """However many threads read and however often somebody tries to write."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "copies").mkdir()
    command = (
        f"mount -t tmpfs -o size=1m none {tmp_path}/disk && "
        f'TMPDIR={tmp_path}/copies exec {sys.executable} -c "$0" {tmp_path}/disk'
    )
    done = subprocess.run(["unshare", "-m", "sh", "-c", command, FULL], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["True True True", "[(2,)] [(2,)]"], done.stdout + done.stderr
