"""Running a notebook from its top in a fresh kernel, watched from inside: what each cell showed, and what it did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from solvent.errors import MissingExtra, UsageError
from solvent.notebook.observing import sources

__all__ = ["Event", "Kernel", "Ran", "Running", "no_interpreter", "open_kernel"]

Status = Literal["ok", "error", "timeout", "dead", "skipped"]
_START = 120  # seconds until a kernel has to answer
_MOST_OUTPUT = 20_000_000  # bytes that one cell may show before the rest is left out


@dataclass(frozen=True)
class Running:
    """How a notebook is run: in which folder, by which interpreter, and for how long at most (seconds).

    ``python`` may be the folder of a virtual environment, and is an absolute path afterwards. With a ``seed`` the
    generators that all of a process shares begin from it, so that a notebook that sets none gives the same again.
    """

    folder: Path
    python: str = sys.executable
    cell_seconds: float = 600.0
    seed: int | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        path = Path(self.python).expanduser()
        if path.is_dir():
            path = next((path / one for one in ("bin/python", "Scripts/python.exe") if (path / one).exists()), path)
        if path.exists():  # no symbolic link is followed: an environment is known by where its python stands
            object.__setattr__(self, "python", str(path.absolute()))


@dataclass(frozen=True)
class Event:
    """What one statement did, as the probe saw it.

    ``bound`` are names that got another object, ``altered`` those whose object changed, ``unsure`` those that were
    too costly to look at; ``files`` are ``(path, mode)``; ``dice`` the shared generators that it used; ``stamps`` are
    equal for names that have an equal value; ``unkept`` says of names why their values cannot be handed on.
    """

    cell: int
    statement: int
    seconds: float
    bound: tuple[str, ...]
    altered: tuple[str, ...]
    deleted: tuple[str, ...]
    unsure: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    dice: tuple[str, ...]
    kinds: Mapping[str, str]
    alike: tuple[tuple[str, ...], ...]
    stamps: Mapping[str, str] = field(default_factory=dict)
    unkept: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ran:
    """One cell that was run: what it showed, and the error that it broke off with (name, text, line in the cell)."""

    cell: int
    status: Status
    outputs: Sequence[Mapping[str, Any]] = ()
    error: tuple[str, str, int | None] | None = None
    seconds: float = 0.0
    events: tuple[Event, ...] = ()


class Kernel:
    """A kernel that is open, and watched."""

    def __init__(self, client: Any, running: Running, out: Path) -> None:
        self._client, self._running, self._out = client, running, out
        self._read = 0
        self.alive = True

    def run(self, number: int, source: str, touched: Sequence[Sequence[str]]) -> Ran:
        """Run a cell's plain source; ``touched`` are the names that each of its statements reads or may alter."""
        import nbformat
        from nbclient.exceptions import CellTimeoutError, DeadKernelError

        if not self.alive:
            return Ran(number, "skipped")
        self.silently(f"__import__('_solvent_probe').PROBE.begin({number}, {[list(one) for one in touched]!r})")
        cell = nbformat.v4.new_code_cell(source)  # type: ignore[no-untyped-call]
        self._client.nb.cells = [cell]
        self._client.shown = 0
        started = time.perf_counter()
        status: Status = "ok"
        try:
            self._client.execute_cell(cell, 0, store_history=True)
        except CellTimeoutError:  # code that catches interrupts would go on: the kernel ends with the cell
            status, self.alive = "timeout", False
        except DeadKernelError:
            status, self.alive = "dead", False
        seconds = time.perf_counter() - started
        if self.alive:
            try:
                self.silently("__import__('_solvent_probe').PROBE.end()")
            except DeadKernelError:
                status, self.alive = "dead", False
        if self._client.shown > _MOST_OUTPUT:
            much = ("TooMuchOutput", f"it showed more than {_MOST_OUTPUT / 1e6:.0f} MB", None)
            return Ran(number, "error", tuple(map(dict, cell.outputs)), much, seconds, tuple(self._events()))
        error = next((one for one in cell.outputs if one.output_type == "error"), None)
        if error is not None and status == "ok":
            status = "error"
        told = None if error is None else (str(error.ename), str(error.evalue)[:2000], _line(error))
        return Ran(number, status, tuple(map(dict, cell.outputs)), told, seconds, tuple(self._events()))

    def silently(self, source: str) -> dict[str, str]:
        """Carry out a line that is no cell of the notebook; gives what its ``user_expressions`` are not: nothing."""
        from nbclient.exceptions import DeadKernelError

        kc = self._client.kc
        id = kc.execute(source, silent=True, store_history=False, allow_stdin=False)
        late = time.monotonic() + 120
        while time.monotonic() < late:
            try:
                reply = self._client.wait_for_reply(id) if hasattr(self._client, "wait_for_reply") else None
            except Exception as error:
                raise DeadKernelError("the kernel died") from error
            if reply is not None:
                content: dict[str, Any] = reply["content"]
                if content.get("status") == "error":
                    raise RuntimeError(f"{content.get('ename')}: {content.get('evalue')}")
                return {}
        raise DeadKernelError("the kernel does not answer")

    def _events(self) -> Iterator[Event]:
        if not self._out.exists():
            return
        with self._out.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                said = json.loads(line)
                yield Event(
                    said["cell"], said["statement"], said["seconds"], tuple(said["bound"]), tuple(said["altered"]),
                    tuple(said["deleted"]), tuple(said["unsure"]),
                    tuple((self._relative(path), mode) for path, mode in said["files"]), tuple(said["dice"]),
                    said["kinds"], tuple(map(tuple, said["alike"])), said["stamps"], said["unkept"],
                )  # fmt: skip

    def _relative(self, path: str) -> str:
        """A path as it is from the folder of the notebook, where it is in there."""
        plain = os.path.normpath(path)
        folder = os.path.realpath(self._running.folder)
        return os.path.relpath(plain, folder) if plain.startswith(folder + os.sep) else plain


def no_interpreter(python: str, error: Exception) -> UsageError:
    """The error for what was named as an interpreter, and does not start."""
    return UsageError(
        f"{python}: this is no Python interpreter that starts ({type(error).__name__}). Name the python of an "
        f"environment, such as .venv/bin/python"
    )


@contextmanager
def open_kernel(running: Running) -> Iterator[Kernel]:
    """A fresh kernel in the folder, with the probe in it.

    Raises :class:`UsageError` where the interpreter has no ipykernel, or does not start.
    """
    try:
        import nbclient  # noqa: F401
        import nbformat
        from jupyter_client.kernelspec import KernelSpecManager
        from jupyter_client.manager import AsyncKernelManager
    except ImportError:
        raise MissingExtra("running notebooks needs nbclient and ipykernel: pip install 'solvent[notebook]'") from None

    with tempfile.TemporaryDirectory(prefix="solvent-kernel-") as place:
        spec = Path(place) / "specs" / "solvent"
        spec.mkdir(parents=True)
        argv = [running.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        told = {"argv": argv, "display_name": "solvent", "language": "python", "interrupt_mode": "signal"}
        (spec / "kernel.json").write_text(json.dumps(told), encoding="utf-8")
        specs = KernelSpecManager(kernel_dirs=[str(spec.parent)], ensure_native_kernel=False)
        manager = AsyncKernelManager(kernel_name="solvent", kernel_spec_manager=specs, **_channels(Path(place)))
        notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
        client = _client()(
            notebook, km=manager, timeout=int(max(1, running.cell_seconds)), allow_errors=True,
            interrupt_on_timeout=False, startup_timeout=_START, resources={"metadata": {"path": str(running.folder)}},
            store_widget_state=True,  # without, what is printed into an Output widget ends in a KeyError of nbclient
            shutdown_kernel="immediate",
        )  # fmt: skip
        out = Path(place) / "events.jsonl"
        variables = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", **running.variables}
        try:
            # The manager is ours, so the client has to be told that the kernel ends with the block, however that ends.
            with client.setup_kernel(
                cwd=str(running.folder), env=variables, stderr=subprocess.DEVNULL, cleanup_kc=True
            ):
                kernel = Kernel(client, running, out)
                kernel.silently(sources.start(str(out), running.seed))
                yield kernel
        except RuntimeError as error:
            if "respond" in str(error):
                raise UsageError(
                    f"{running.python}: its kernel did not answer within {_START} seconds. Is the machine busy, or "
                    f"does something that every Python of it imports not come to an end? Try: "
                    f"{running.python} -m ipykernel_launcher"
                ) from error
            raise UsageError(
                f"{running.python}: no kernel of this interpreter can be started ({error}). Install ipykernel in it: "
                f"{running.python} -m pip install ipykernel"
            ) from error
        finally:
            manager.context.destroy(linger=0)


def _channels(place: Path) -> dict[str, str]:
    """How the kernel is talked to: by files, where the system has such sockets and the path is not too long for one.

    Two kernels that begin at once may pick one port, of which one dies.
    """
    base = str(place / "k")
    return {"transport": "ipc", "ip": base} if os.name == "posix" and len(base.encode()) < 90 else {}


def _client() -> Any:
    """The class of a client that takes only so much of what a cell shows, and then interrupts it."""
    import asyncio

    from nbclient import NotebookClient

    class Client(NotebookClient):
        """Counts the characters that the cell showed."""

        shown = 0

        def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
            """Take one message of the kernel."""
            if msg["msg_type"] in ("stream", "display_data", "execute_result", "update_display_data"):
                before = self.shown
                content = msg["content"]
                self.shown += len(content["text"]) if "text" in content else len(str(content.get("data", "")))
                if self.shown > _MOST_OUTPUT:
                    if before <= _MOST_OUTPUT and self.km is not None:
                        manager: Any = self.km
                        self._interrupting = asyncio.ensure_future(manager.interrupt_kernel())
                    return None
            return super().process_message(msg, cell, cell_index)

    return Client


def _line(error: Any) -> int | None:
    """The line of the cell in which an error arose, from the last frame of the traceback that is a cell's."""
    import re

    found: int | None = None
    for frame in error.get("traceback", ()):
        plain = re.sub(r"\x1b\[[0-9;]*m", "", frame)
        for pattern in (r"Cell In\[\d+\], line (\d+)", r"Input In \[\d+\], in .*?\n(?:.*\n)*?-+> (\d+) ",
                        r"<ipython-input-[^>]*> in .*\n(?:.*\n)*?-+> (\d+) ", r"line (\d+)\n"):  # fmt: skip
            hit = re.search(pattern, plain)
            if hit:
                found = int(hit[1])
                break
    return found
