"""Datasets in the catalog: an older catalog becomes one that has them, with a copy of what was beside it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys

import pytest

from solvent.archive.catalog.connection import Catalog
from solvent.archive.catalog.schema import MIGRATIONS
from solvent.errors import Unwritable


def make_old(path) -> None:
    """A catalog of version 1 with data in it."""
    with sqlite3.connect(path) as raw:
        raw.executescript(MIGRATIONS[0])
        raw.execute("INSERT INTO texts VALUES ('a', 'plan', 'kept')")
        raw.execute("INSERT INTO models VALUES ('delays', 1.5)")
        raw.execute("PRAGMA user_version = 1")
    raw.close()


def test_a_catalog_of_version_one_is_migrated_and_its_copy_is_kept(tmp_path):
    """The data is still there, the new tables are, and the old catalog lies beside it as it was."""
    path = tmp_path / "catalog.db"
    make_old(path)
    catalog = Catalog(path)
    assert catalog.read("PRAGMA user_version")[0][0] == len(MIGRATIONS)
    assert catalog.read("SELECT text FROM texts") == [("kept",)]
    assert catalog.read("SELECT name, created FROM models") == [("delays", 1.5)]
    for table in ("column_states", "surveys", "datasets", "dataset_versions", "dataset_reads", "deprecations"):
        assert catalog.read(f"SELECT count(*) FROM {table}") == [(0,)]
    catalog.close()
    with sqlite3.connect(tmp_path / "catalog.db.before-2") as old:
        assert old.execute("PRAGMA user_version").fetchone() == (1,)
        assert old.execute("SELECT text FROM texts").fetchall() == [("kept",)]
        assert old.execute("SELECT name FROM sqlite_master WHERE name = 'datasets'").fetchall() == []
    old.close()


def test_an_old_catalog_gets_the_columns_that_a_new_one_has(tmp_path):
    """Whether made at once or step by step, the schema is one."""
    make_old(tmp_path / "old.db")
    ask = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
    old, new = Catalog(tmp_path / "old.db"), Catalog(tmp_path / "new.db")
    assert old.read(ask) == new.read(ask)
    old.close()
    new.close()


def test_four_processes_that_find_an_old_catalog_migrate_it_once(tmp_path):
    """None of them fails, and the copy is of the old version."""
    path = tmp_path / "catalog.db"
    make_old(path)
    script = (
        "import sys; from pathlib import Path; from solvent.archive.catalog.connection import Catalog; "
        "print(Catalog(Path(sys.argv[1])).read('SELECT count(*) FROM datasets'))"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    told = [process.communicate() for process in running]
    assert [out.strip() for out, _ in told] == ["[(0,)]"] * 4, told
    with sqlite3.connect(tmp_path / "catalog.db.before-2") as old:
        assert old.execute("PRAGMA user_version").fetchone() == (1,)
    old.close()
    assert sorted(one.name for one in tmp_path.iterdir() if one.name.startswith("catalog.db.before")) == [
        "catalog.db.before-2"
    ]


def test_a_migration_that_fails_leaves_the_old_catalog(tmp_path, monkeypatch):
    """All of a migration is kept or nothing, and the next attempt starts from what was there."""
    path = tmp_path / "catalog.db"
    make_old(path)
    from solvent.archive.catalog import connection

    monkeypatch.setattr(connection, "MIGRATIONS", (*MIGRATIONS[:2], MIGRATIONS[2] + "CREATE TABLE broken (;\n"))
    with pytest.raises(Exception, match="incomplete input"):
        Catalog(path)
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (1,)
        assert raw.execute("SELECT name FROM sqlite_master WHERE name = 'datasets'").fetchall() == []
    raw.close()
    monkeypatch.undo()
    migrated = Catalog(path)
    assert migrated.read("SELECT text FROM texts") == [("kept",)]
    migrated.close()


@pytest.fixture
def locked(tmp_path):
    """A folder whose catalog can be read and not written; writable again in the end."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    yield folder
    folder.chmod(0o755)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is locked for root")
def test_a_catalog_that_cannot_be_written_can_be_looked_at(locked):
    """Somebody else's catalog answers, sees what its owner adds, and refuses to be written with a clear error."""
    path = locked / "catalog.db"
    owner = Catalog(path)
    owner.close()
    path.chmod(0o444)
    locked.chmod(0o555)
    looking = Catalog(path)
    assert looking.read("SELECT count(*) FROM datasets") == [(0,)]
    with pytest.raises(Unwritable, match="cannot be written"), looking.write() as tx:
        tx.execute("INSERT INTO texts VALUES ('a', 'k', 't')")
    locked.chmod(0o755)
    path.chmod(0o644)
    with sqlite3.connect(path) as raw:
        raw.execute("INSERT INTO texts VALUES ('a', 'k', 't')")
    raw.close()
    path.chmod(0o444)
    locked.chmod(0o555)
    assert looking.read("SELECT count(*) FROM texts") == [(1,)]
    looking.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is locked for root")
def test_an_old_catalog_that_cannot_be_written_says_so(locked):
    """It cannot be migrated from here, and nothing is copied."""
    make_old(locked / "catalog.db")
    (locked / "catalog.db").chmod(0o444)
    locked.chmod(0o555)
    with pytest.raises(Unwritable, match=r"older version \(1\)"):
        Catalog(locked / "catalog.db")
    assert [one.name for one in locked.iterdir()] == ["catalog.db"]
