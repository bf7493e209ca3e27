"""How magics fail: the user's own errors as they are, what is wrong with a command in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from solvent.errors import SolventError

__all__ = ["answered", "notice"]

T = TypeVar("T")

_HERE = str(Path(__file__).parents[2])


def answered(work: Callable[[], T]) -> T:
    """What a magic gives. Errors of the user's code lose our frames; those of Solvent are said without a traceback."""
    __tracebackhide__ = True
    try:
        return work()
    except SolventError as error:
        from IPython.core.error import UsageError

        raise UsageError(str(error)) from None
    except BaseException as error:
        raise error.with_traceback(_own(error.__traceback__)) from error.__cause__


def notice(text: str) -> None:
    """A line about Solvent itself, on stderr; where that is closed, nothing is said."""
    with suppress(Exception):
        sys.stderr.write(f"solvent: {text}\n")


def _own(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the first frame that is not Solvent's."""
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_HERE):
        trace = trace.tb_next
    return trace
