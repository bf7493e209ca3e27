"""Modules written into a folder, imported, edited and fingerprinted as they are then."""

from __future__ import annotations

import importlib
import os
import sys
import textwrap
import types

import pytest

from solvent.archive.fingerprint import Code, Fingerprint, fingerprint


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """Write modules into a folder on the import path, and import them; afterwards they are forgotten."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    class Modules:
        code = Code((tmp_path,))
        folder = tmp_path
        written = 0

        def write(self, name: str, text: str) -> None:
            """A file, younger than any that was there."""
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text))
            self.written += 1  # Python takes its compiled file for good where size and whole second are the same
            later = file.stat().st_mtime_ns + 3_000_000_000 * self.written
            os.utime(file, ns=(later, later))
            importlib.invalidate_caches()

        def load(self, name: str, text: str) -> types.ModuleType:
            """A module, written and imported."""
            self.write(f"{name}.py", text)
            return importlib.import_module(name)

        def print(self, thing) -> Fingerprint:
            """The fingerprint of something as it is now."""
            self.code.refresh()
            return fingerprint(thing, code=self.code)

    yield Modules()
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(str(tmp_path)):
            del sys.modules[name]
