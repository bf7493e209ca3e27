"""Faults of Solvent's own while it looks at a notebook: told with their place, and without a traceback."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from solvent.errors import SolventError, WorkError

__all__ = ["told"]


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Raise :class:`WorkError` for what breaks inside and is no error of the notebook; SOLVENT_DEBUG=1 lets it pass."""
    try:
        yield
    except (SolventError, click.ClickException, click.exceptions.Exit, ModuleNotFoundError):
        raise
    except Exception as error:
        if os.environ.get("SOLVENT_DEBUG"):
            raise
        last = traceback.extract_tb(error.__traceback__)[-1]
        raise WorkError(
            f"{path}: Solvent could not go on with this notebook ({type(error).__name__}: {str(error)[:300]}, "
            f"{Path(last.filename).name}:{last.lineno}). Unless the disk is full or the file was changed meanwhile, "
            f"the fault is Solvent's: please report it with the cell that it is about. SOLVENT_DEBUG=1 shows more"
        ) from None
