"""Through a real archive: store, catalog and formats together, read again by another archive on the same folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solvent.archive.catalog.connection import Catalog
from solvent.archive.formats import BUILTIN, Formats
from solvent.archive.keeping import Archive
from solvent.archive.store.local import LocalStore
from solvent.errors import Corrupted


@dataclasses.dataclass
class Fitted:
    """State of all kinds."""

    name: str
    array: Any
    words: list[str]
    file: Path


def archive(folder: Path) -> Archive:
    """An archive on a folder."""
    catalog = Catalog(folder / "catalog.db")
    return Archive(LocalStore(folder / "store"), catalog, Formats(BUILTIN), lambda kind: kind.__qualname__, "boot")


def test_what_one_archive_puts_another_gets(tmp_path: Path) -> None:
    """Small and large values, and values inside of values, come back from bytes on disk."""
    (tmp_path / "x.csv").write_text("a\n1\n")
    values: list[tuple[Any, Any]] = [
        ({"a": [1, "x" * 100_000, b"y" * 100_000]}, Any),
        (Fitted("f", np.arange(50_000), ["a"], tmp_path / "x.csv"), Fitted),
        (np.float64(2.5), Any),
        ([tmp_path / "x.csv"], list[Path]),
    ]
    first = archive(tmp_path / "archive")
    put = [first.put(value) for value, _ in values]
    first.catalog.close()
    second = archive(tmp_path / "archive")
    back = [second.get(one.digest, wanted) for one, (_, wanted) in zip(put, values, strict=True)]
    assert back[0] == values[0][0] and back[2] == 2.5
    assert np.array_equal(back[1].array, np.arange(50_000)) and back[1].file.read_text() == "a\n1\n"
    assert back[3][0].suffix == ".csv"
    assert [second.put(value).digest for value in back] == [one.digest for one in put]
    assert not list((tmp_path / "archive" / "store").rglob("array.npy"))
    second.catalog.close()


def test_a_damaged_blob_inside_of_a_value_is_named_and_never_loaded(tmp_path: Path) -> None:
    """Bytes that are not what was stored end in Corrupted, however deep they lie."""
    made = archive(tmp_path / "archive")
    (tmp_path / "x.csv").write_text("a\n1\n")
    artifact = made.put(Fitted("f", np.arange(50_000), [], tmp_path / "x.csv"))
    for path in (tmp_path / "archive" / "store" / "blobs").rglob("*"):
        if path.is_file() and path.stat().st_size > 300_000:
            path.chmod(0o644)
            path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(Corrupted):
        made.get(artifact.digest, Fitted)
    made.catalog.close()
