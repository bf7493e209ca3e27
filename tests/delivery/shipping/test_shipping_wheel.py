"""The wheel that is carried along: complete, exact, and the same each time it is built."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from pathlib import Path

import solvent
from solvent.delivery.shipping.wheel import build_wheel

PACKAGE = Path(solvent.__file__).parent


def test_the_wheel_is_the_same_each_time_and_holds_every_module() -> None:
    """Built twice it has the same bytes; it holds what is imported here, and no compiled file."""
    name, data = build_wheel()
    assert (name, data) == build_wheel() and name.startswith("solvent-") and name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(io.BytesIO(data)) as held:
        assert held.testzip() is None
        names = set(held.namelist())
        assert {one.date_time for one in held.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert held.read("solvent/__init__.py") == Path(solvent.__file__).read_bytes()
    modules = {f"solvent/{one.relative_to(PACKAGE).as_posix()}" for one in PACKAGE.rglob("*.py")}
    assert modules <= names and "solvent/py.typed" in names
    assert not [one for one in names if "__pycache__" in one or one.endswith(".pyc")]


def test_its_record_names_every_file_with_its_hash() -> None:
    """As the format of wheels asks: sha256 without padding, and nothing behind the record itself."""
    with zipfile.ZipFile(io.BytesIO(build_wheel()[1])) as held:
        (record,) = (name for name in held.namelist() if name.endswith(".dist-info/RECORD"))
        rows = list(csv.reader(held.read(record).decode().splitlines()))
        assert {row[0] for row in rows} == set(held.namelist())
        for name, told, size in rows:
            if name != record:
                body = held.read(name)
                hashed = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
                assert (told, int(size)) == (f"sha256={hashed}", len(body))
        (facts,) = (held.read(name).decode() for name in held.namelist() if name.endswith("/METADATA"))
    assert "Name: solvent" in facts and "file:" not in facts
