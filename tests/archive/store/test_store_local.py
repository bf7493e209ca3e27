"""The local store: nothing half-written is ever seen, and nothing damaged is ever loaded."""

import errno
import os
import shutil
import subprocess
import sys
import threading

import pytest

from solvent import digest
from solvent.archive.store.local import BLOB, LocalStore
from solvent.errors import Corrupted, Unwritable


@pytest.fixture
def store(tmp_path):
    """A store in an empty folder."""
    return LocalStore(tmp_path / "store")


def test_bytes_come_back_under_their_digest(store):
    """What is put is read back, and its name is the digest of its bytes."""
    name = store.put(b"hello" * 1000)
    assert name == digest.of_bytes(BLOB, b"hello" * 1000)
    assert store.read(name) == b"hello" * 1000
    assert store.path(name).read_bytes() == b"hello" * 1000


def test_the_same_bytes_are_kept_once(store):
    """Putting the same bytes twice leaves one file."""
    assert store.put(b"x" * 10) == store.put(b"x" * 10)
    assert len(list(store.names())) == 1


def test_a_file_is_adopted_without_a_copy(store):
    """A finished file from scratch moves into place."""
    file = store.scratch() / "big"
    file.write_bytes(b"y" * 100)
    inode = file.stat().st_ino
    name = store.adopt(file)
    assert not file.exists()
    assert store.path(name).stat().st_ino == inode


@pytest.mark.parametrize("place", [0, 50, 99])
def test_a_flipped_bit_is_named_and_never_loaded(store, place):
    """Any flipped bit is found, by read and by path, and the error names the blob."""
    name = store.put(b"z" * 100)
    file = store.folder / "blobs" / name[:2] / name
    os.chmod(file, 0o644)
    data = bytearray(file.read_bytes())
    data[place] ^= 1
    file.write_bytes(data)
    for ask in (store.read, store.path):
        with pytest.raises(Corrupted, match=name[:12]) as caught:
            ask(name)
        assert caught.value.blob == name


def test_a_missing_blob_says_what_to_do(store):
    """A blob that is gone is named, with the way to heal it."""
    with pytest.raises(Corrupted, match="Run the pipeline again"):
        store.read("0" * 64)


def test_a_dropped_blob_can_be_written_anew(store):
    """After a damaged blob was dropped, putting the bytes again heals it."""
    name = store.put(b"q" * 100)
    store.drop(name)
    assert not store.has(name)
    assert store.put(b"q" * 100) == name
    assert store.read(name) == b"q" * 100


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(store, monkeypatch):
    """ENOSPC while writing gives Unwritable, and no blob and no scratch folder remain."""
    store.put(b"before" * 100)

    def full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("solvent.archive.store.local.os.replace", full)
    with pytest.raises(Unwritable, match="disk is full"):
        store.put(b"after" * 100)
    monkeypatch.undo()
    assert len(list(store.names())) == 1
    assert list((store.folder / "tmp").iterdir()) == []


@pytest.mark.skipif(shutil.which("unshare") is None or os.geteuid() != 0, reason="needs root and unshare to mount")
def test_a_really_full_disk_leaves_the_old_blobs_whole(tmp_path):
    """On a tmpfs of 256 kB the blob that does not fit fails clearly, and the one that did is still good."""
    script = (
        "import sys; from pathlib import Path; from solvent.archive.store.local import LocalStore\n"
        "from solvent.errors import Unwritable\n"
        "store = LocalStore(Path(sys.argv[1])); name = store.put(b'a' * 50_000)\n"
        "try: store.put(bytes(range(256)) * 4000)\n"
        "except Unwritable as error: assert 'full' in str(error)\n"
        "else: raise SystemExit('no error')\n"
        "assert store.read(name) == b'a' * 50_000 and len(list(store.names())) == 1\n"
    )
    (tmp_path / "small").mkdir()
    command = f'mount -t tmpfs -o size=256k none {tmp_path}/small && exec {sys.executable} -c "$0" {tmp_path}/small'
    done = subprocess.run(["unshare", "-m", "sh", "-c", command, script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_error_about_a_file_elsewhere_is_not_put_down_to_the_store(store):
    """A value that is read from another disk may meet that disk's own troubles, also beside a folder of like name."""
    store.scratch()
    for name in ("/elsewhere/sink.parquet", f"{store.folder}-2/blob", b"/elsewhere/x"):
        for number in (errno.ENOSPC, errno.EACCES):
            with pytest.raises(OSError) as caught, store.explained():
                raise OSError(number, os.strerror(number), name)
            assert caught.value.filename == name
    for name in (f"{store.folder}/tmp/blob", None):
        with pytest.raises(Unwritable), store.explained():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)


def test_many_threads_put_the_same_bytes(store):
    """Eight threads writing the same blobs at once leave each of them whole."""
    data = [os.urandom(40_000) for _ in range(5)]

    def work():
        for one in data:
            store.put(one)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(store.names()) == sorted(digest.of_bytes(BLOB, one) for one in data)
    for name in store.names():
        store.read(name)


def test_what_a_dead_process_left_is_swept(store):
    """Scratch folders of processes that are gone are removed; those of living ones stay."""
    mine = store.scratch()
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    dead = store.folder / "tmp" / f"{done.stdout.strip()}-abc"
    dead.mkdir()
    store.sweep()
    assert mine.exists()
    assert not dead.exists()
