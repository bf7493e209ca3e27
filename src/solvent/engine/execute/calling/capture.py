"""What a step writes (stdout, stderr, logging, warnings) is kept with it, and streamed to a file as it comes."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from solvent.config.secret import masked

__all__ = ["Capture"]

_LONGEST = 4_000_000


class Capture:
    """Stands in the place of stdout and stderr for the length of a run; between steps it lets everything through.

    ``listen`` is told each line; ``passes`` says whether text also goes where it would have gone. The file
    gets text as it is written, so that another process can follow, and so that a killed run leaves its last words.
    """

    def __init__(self, file: Path, listen: Callable[[str, str], None], passes: bool) -> None:
        self._file = file
        self._listen = listen
        self._passes = passes
        self._handle: int | None = None
        self._parts: list[str] | None = None
        self._label = ""
        self._size = 0
        self._logging: Any = None
        self._before: dict[str, Any] = {}

    def __enter__(self) -> Capture:
        self._before = {"stdout": sys.stdout, "stderr": sys.stderr, "warning": warnings.showwarning}
        sys.stdout = _Tee(self, "stdout", sys.stdout)
        sys.stderr = _Tee(self, "stderr", sys.stderr)
        warnings.showwarning = self._warned
        return self

    def __exit__(self, *_: object) -> None:
        sys.stdout, sys.stderr = self._before["stdout"], self._before["stderr"]
        warnings.showwarning = self._before["warning"]
        if self._logging is not None:
            sys.modules["logging"].getLogger().removeHandler(self._logging)
        if self._handle is not None:
            os.close(self._handle)

    def begin(self, label: str) -> None:
        """A step begins: what is written from now on is its own."""
        self._parts, self._size = [], 0
        if self._handle is not None:
            self._write_file(f"--- {label}\n")
        self._label = label
        if self._logging is None and "logging" in sys.modules:
            self._logging = _handler(self)

    def end(self) -> str:
        """The step ends; gives all that it wrote."""
        text = "".join(self._parts or ())
        self._parts = None
        return text

    def heard(self, stream: str, text: str) -> bool:
        """Take text; whether it should also go where it would have gone without us."""
        if self._parts is None:
            return True
        if self._size < _LONGEST:
            self._parts.append(text)
            self._size += len(text)
            if self._size >= _LONGEST:
                self._parts.append("\n… (the rest was not kept)\n")
        if self._handle is None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            self._write_file(f"--- {self._label}\n")
        self._write_file(text)
        self._listen(stream, text)
        return self._passes

    def _write_file(self, text: str) -> None:
        if self._handle is not None:
            try:
                os.write(self._handle, text.encode("utf-8", "replace"))
            except OSError:  # a full disk must not fail the step for its prints; the catalog will say so
                return

    def _warned(
        self, message: Any, category: Any, filename: str, lineno: int, file: Any = None, line: Any = None
    ) -> None:
        text = masked(warnings.formatwarning(message, category, filename, lineno, line))
        if file is not None or self.heard("warnings", text):
            target = file if file is not None else self._before["stderr"]
            target.write(text)


class _Tee(io.TextIOBase):
    """A text stream that tells the capture first. What it does not define, the stream behind it does."""

    def __init__(self, capture: Capture, name: str, behind: Any) -> None:
        self._capture = capture
        self._name = name
        self._behind = behind

    def write(self, text: str) -> int:
        shown = masked(text)
        if self._capture.heard(self._name, shown) and self._behind is not None:
            self._behind.write(shown)
        return len(text)

    def flush(self) -> None:
        if self._behind is not None:
            self._behind.flush()

    def isatty(self) -> bool:
        return self._behind is not None and bool(self._behind.isatty())

    def fileno(self) -> int:
        if self._behind is None:
            raise io.UnsupportedOperation("fileno")
        return int(self._behind.fileno())

    def __del__(self) -> None:
        """Nothing is closed: the stream behind is not ours, and may be closed already."""

    def writable(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)


def _handler(capture: Capture) -> Any:
    logging = sys.modules["logging"]

    class Handler(logging.Handler):  # type: ignore[misc, name-defined]
        """Takes log records for the running step."""

        def emit(self, record: Any) -> None:
            text = masked(self.format(record) + "\n")
            if capture.heard("logging", text) and len(logging.getLogger().handlers) == 1:
                logging.lastResort.handle(record)  # ours alone must not silence what Python would have shown

    handler = Handler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    return handler
