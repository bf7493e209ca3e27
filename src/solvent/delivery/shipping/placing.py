"""Placing files where a user wants them: all of them or none, and never over anything that is there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from solvent.delivery.contents.folder import write_folder
from solvent.errors import Unwritable, UsageError

__all__ = ["check_free", "place_file", "place_folder"]


def check_free(out: Path) -> None:
    """Raise :class:`UsageError` if there is anything at ``out`` but an empty folder."""
    if out.is_symlink() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
        raise UsageError(f"{out} is there already and is not an empty folder; nothing was written. Name another one.")


def place_folder(files: Mapping[str, bytes], out: Path) -> None:
    """Write a folder: beside its place first, then by one renaming. Raises as :func:`check_free`."""
    check_free(out)
    out = out.absolute()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        try:
            made = scratch / "made"
            write_folder(files, made)
            os.rename(made, out)  # fails if meanwhile something came to be there
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise Unwritable(f"{out} cannot be written: {error.strerror or error}") from None


def place_file(data: bytes, out: Path) -> None:
    """Write one file, which must not be there yet."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
            made = Path(scratch) / "made"
            made.write_bytes(data)
            os.link(made, out)
    except FileExistsError:
        raise UsageError(f"{out} is there already; nothing was written. Name another one.") from None
    except OSError as error:
        raise Unwritable(f"{out} cannot be written: {error.strerror or error}") from None
