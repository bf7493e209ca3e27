"""What the tests of the data room share."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from solvent import digest


class Shelf:
    """A folder that keeps bytes by digest, as an archive does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bodies = []
        self.shared = []

    def blob(self, data):
        """Keep bytes."""
        name = digest.of_bytes("blob.1", data)
        (self.folder / name).write_bytes(data)
        return name

    def file(self, path):
        """Adopt a file."""
        name = digest.of_file("blob.1", path)
        shutil.move(path, self.folder / name)
        return name

    def scratch(self):
        """A new folder."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    def near(self, format):
        """The tables that a test says are near."""
        return self.bodies

    def share(self, name):
        """Refer to bytes that are kept."""
        assert (self.folder / name).exists()
        self.shared.append(name)

    def path(self, name):
        """The file of a blob."""
        return self.folder / name


@pytest.fixture
def shelf(tmp_path):
    """A place for bytes."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    return Shelf(folder)
