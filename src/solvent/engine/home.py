"""A home: a root folder, its archive, and the code that counts as the user's own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.config import ProjectFile, Secret
from solvent.engine.record.host import alive, here
from solvent.errors import SettingsError

if TYPE_CHECKING:
    from solvent.archive.catalog.connection import Catalog
    from solvent.archive.fingerprint import Code
    from solvent.archive.formats import Formats
    from solvent.archive.keeping import Archive

__all__ = ["Home"]


class Home:
    """Where a project lives: what the engine needs of it, and nothing that asks the engine back."""

    def __init__(self, file: ProjectFile) -> None:
        self.file = file
        self.root = file.root
        self.behind: list[Callable[[], None]] = []
        """What is to be waited for before somebody looks at records: writers that work behind."""

    @cached_property
    def folder(self) -> Path:
        """Where the archive lies, if the project's file says nothing else."""
        return self.file.archive

    @cached_property
    def catalog(self) -> Catalog:
        """The metadata database; made at first use."""
        from solvent.archive.catalog.connection import Catalog

        return Catalog(self._catalog_file)

    @property
    def begun(self) -> bool:
        """Whether anything was ever recorded here; to ask makes no archive."""
        return self._catalog_file.exists()

    @cached_property
    def _catalog_file(self) -> Path:
        return self._place(self.file.catalog, "catalog") or self.folder / "catalog.db"

    @cached_property
    def archive(self) -> Archive:
        """Store, catalog and formats together."""
        from solvent.archive.keeping import Archive
        from solvent.archive.store.local import LocalStore

        store = LocalStore(self._place(self.file.store, "store") or self.folder / "store")
        return Archive(store, self.catalog, self.formats, self.behaviour, here().boot)

    @cached_property
    def formats(self) -> Formats:
        """Every format that this project knows: tables, the built-in ones, and its own."""
        from solvent.archive.formats import BUILTIN, Formats
        from solvent.config.typed.structured import load_reference
        from solvent.data import ReferenceFormat, TableFormat
        from solvent.data.series import SeriesFormat

        own = [load_reference(name)() for name in self.file.formats]
        return Formats([*own, TableFormat(), SeriesFormat(), ReferenceFormat(), *BUILTIN])

    @cached_property
    def code(self) -> Code:
        """What counts as the user's own code."""
        from solvent.archive.fingerprint import Code

        return Code(folders=tuple(self.code_folders), forms=self.folder / "cache" / "forms")

    @cached_property
    def code_folders(self) -> list[Path]:
        """The folders of the user's own code, as they stand in the project's file (default: root and ``src``)."""
        return [folder.resolve() for folder in self.file.code if folder.is_dir()]

    def put_on_path(self) -> None:
        """Make the user's own code importable."""
        for folder in reversed(self.code_folders):
            if str(folder) not in sys.path:
                sys.path.insert(0, str(folder))

    def behaviour(self, kind: type) -> str:
        """The fingerprint of a class."""
        from solvent.archive.fingerprint import behaviour

        return behaviour(kind, code=self.code)

    def catch_up(self) -> None:
        """Wait until what was done so far is recorded."""
        for wait in self.behind:
            wait()

    def settle(self) -> None:
        """Find the runs whose process died, and record that they crashed."""
        from solvent.archive.catalog import query

        dead = [
            one.id
            for one in query.running(self.catalog)
            if not alive(one.host, one.pid, one.pid_started, one.boot, one.heartbeat)
        ]
        if dead:
            from solvent.archive.catalog import write

            with self.catalog.write() as tx:
                write.mark_crashed(tx, dead)
            self.archive.store.sweep()

    def close(self) -> None:
        """Close the catalog; it opens again when it is asked."""
        if "catalog" in self.__dict__:
            self.catalog.close()

    def __repr__(self) -> str:
        return f"<project {self.root}>"

    def _place(self, place: Any, what: str) -> Path | None:
        if place is None:
            return None
        text = place.reveal() if isinstance(place, Secret) else str(place)
        if "://" in text:
            raise SettingsError(
                f"{self.file.file}: archive.{what}: {place} is not a folder; this version of Solvent keeps archives in "
                f"local folders only"
            )
        return self.root / text
