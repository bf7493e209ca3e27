"""What was seen of a step: local files, which become inputs, and everything that forbids reuse."""

from __future__ import annotations

import fnmatch
import os
import stat
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import unquote, urlsplit

from solvent.engine.watch.frames import Asker, find_asker

__all__ = ["MARK", "STATE", "Observation", "Seen", "State", "exempt", "observed"]

_NOT_DATA = (
    "/proc/", "/sys/", "/dev/", "/etc/ssl/", "/etc/pki/", "/etc/fonts/", "/usr/share/", "/usr/lib/", "/usr/lib64/",
    "/lib/", "/lib64/", "/usr/local/share/ca-certificates/", "/usr/local/share/fonts/", "/var/lib/ca-certificates/",
    "/System/", "/Library/Fonts/", "/etc/ld.so.cache", "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/resolv.conf",
    "/etc/nsswitch.conf", "/etc/localtime", "/etc/timezone", "/etc/mime.types", "/etc/os-release", "/etc/host.conf",
    "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/machine-id", "/etc/matplotlibrc", "/run/systemd/",
)  # fmt: skip
_BENIGN = frozenset({
    "joblib", "loky", "sklearn", "threadpoolctl", "psutil", "cpuinfo", "matplotlib", "torch", "numpy",
    "scipy", "numba", "llvmlite", "triton", "xgboost", "lightgbm", "tensorflow", "jax", "jaxlib", "ray", "dask",
    "polars", "pyarrow", "duckdb", "pandas", "IPython", "pip", "setuptools", "ctypes", "platform",
    "uuid", "sysconfig", "webbrowser", "locale", "coverage", "_pytest", "pytest",
})  # fmt: skip
"""Libraries that start processes, or look at folders, to find out about the machine or to share out work."""


@dataclass(frozen=True, slots=True)
class Observation:
    """Something outside that was used: ``kind`` is host, process, folder, env, environment, pipe or file."""

    kind: str
    name: str
    where: str


class Seen:
    """What one step was seen to use. ``files`` are those that it read, each with the line that read it.

    ``used`` says whether it did anything that only its ``reads`` allow.
    """

    def __init__(self, allowed: Sequence[str], ignored: Sequence[Path]) -> None:
        self.files: dict[Path, str] = {}
        self.others: list[Observation] = []
        self.notes: list[str] = []
        self.used = False
        self._allowed = tuple(allowed)
        self._ignored = tuple(ignored)
        self._roots: tuple[str, ...] | None = None
        self._stamps: dict[Path, tuple[int, ...] | None] = {}
        self._known: set[tuple[str, str]] = set()
        self._made: set[str] = set()
        self._set: set[str] = set()
        self._addresses: set[str] = set()

    # -- files -----------------------------------------------------------------------------------------------------

    def file(self, path: object, frame: FrameType | None) -> None:
        """A local file is read."""
        name = _text(path)
        if name is None:
            return
        full = os.path.abspath(name)
        if ("file", full) in self._known or full in self._made or self._passes(full, "file"):
            return
        asker = find_asker(frame)
        if asker.aside or (asker.package and full.endswith((".so", ".pyc"))):
            return
        try:
            found = os.stat(full)
        except OSError:
            found = None
        if found is not None and stat.S_ISDIR(found.st_mode):
            return
        if found is None and "shutil" in asker.between and not os.path.isabs(name):
            return  # removing a tree opens its folders by name, from a handle that the hook is not told
        self._known.add(("file", full))
        if found is not None and stat.S_ISFIFO(found.st_mode):
            self.others.append(Observation("pipe", full, asker.where))
            return
        if found is not None and stat.S_ISCHR(found.st_mode):
            return
        self._stamps[Path(full)] = None if found is None else _stamp(found)
        self.files[Path(full)] = asker.where

    def made(self, path: object) -> None:
        """The step itself writes a file, or makes a folder."""
        name = _text(path)
        if name is not None:
            full = os.path.abspath(name)
            if ("file", full) not in self._known:
                self._made.add(full)

    def moved(self, before: object, after: object) -> None:
        """A file gets another name: if the step made it, it made this one too."""
        name = _text(before)
        if name is not None and os.path.abspath(name) in self._made:
            self.made(after)

    def data(self, source: object, frame: FrameType | None) -> None:
        """A native reader is given a source: a path, a pattern, a list of them, or an address."""
        if isinstance(source, (list, tuple)):
            for one in source:
                self.data(one, frame)
            return
        name = _text(source)
        if name is None or name == ":memory:":
            return
        scheme, found, rest = name.partition("://")
        if found and scheme.lower() == "file":
            name = unquote(urlsplit(name).path)
        elif found:
            self.other("host", f"{scheme}://{rest.rpartition('@')[2].partition('/')[0]}", frame)
            return
        name = os.path.expanduser(name)
        if any(sign in name for sign in "*?[") and not os.path.exists(name):
            import glob

            with exempt():
                matches = glob.glob(name, recursive=True)
            self.other("folder", os.path.abspath(name), frame)
            for match in matches:
                self.file(match, frame)
        elif os.path.isdir(name):
            self.folder(name, frame)
        else:
            self.file(name, frame)

    def folder(self, path: object, frame: FrameType | None) -> None:
        """A folder is listed."""
        name = _text("." if path is None else path)
        if name is None:
            return
        full = os.path.abspath(name)
        if full in self._made or self._passes(full + os.sep, "folder") or self._passes(full, "folder"):
            return
        asker = find_asker(frame)
        if not asker.aside and _BENIGN.isdisjoint(asker.between):
            self._add("folder", full, asker)

    # -- everything else -------------------------------------------------------------------------------------------

    def other(self, kind: str, name: str, frame: FrameType | None) -> None:
        """A host, a process or a pipe is used."""
        if (kind, name) in self._known:
            return
        asker = find_asker(frame)
        if kind == "process" and not _BENIGN.isdisjoint(asker.between):
            return
        self._add(kind, name, asker)

    def host(self, name: str, frame: FrameType | None) -> None:
        """A name is looked up, or an address is connected to."""
        if name in self._addresses:
            return
        if self._allows("host", name):
            import socket

            with exempt():
                try:
                    self._addresses |= {str(one[4][0]) for one in socket.getaddrinfo(name, None)}
                except OSError:
                    self._addresses.add(name)
            return
        if not any(one.kind == "host" for one in self.others):  # one is enough to forbid reuse
            self.other("host", name, frame)

    def variable(self, name: str, frame: FrameType | None) -> None:
        """An environment variable is read."""
        if name in self._set or ("env", name) in self._known or ("environment", _EVERY) in self._known:
            return
        asker = find_asker(frame)
        nobody = not asker.where  # compiled code has no frames: that of a library, in a thread of its own
        if asker.aside or ((asker.library or nobody) and _of_a_library(name)):
            return
        self._add("env", name, asker)

    def environment(self, frame: FrameType | None) -> None:
        """All variables are listed."""
        asker = find_asker(frame)
        if not asker.library and not asker.aside and ("environment", _EVERY) not in self._known:
            self._add("environment", _EVERY, asker)

    def sets(self, name: str) -> None:
        """The step sets a variable itself."""
        self._set.add(name)

    def settle(self) -> None:
        """At the end: a file that changed after it was first read is no input that could be compared later."""
        for path, before in self._stamps.items():
            try:
                now = _stamp(os.stat(path))
            except OSError:
                now = None
            if now != before:
                where = self.files.pop(path)
                self.others.append(Observation("file", f"{path}, which changed while the step ran", where))

    def _add(self, kind: str, name: str, asker: Asker) -> None:
        self._known.add((kind, name))
        if not self._allows(kind, name):
            self.others.append(Observation(kind, name, asker.where))

    def _allows(self, kind: str, name: str) -> bool:
        allowed = bool(self._allowed) and self._names(kind, name)
        self.used = self.used or allowed
        return allowed

    def _names(self, kind: str, name: str) -> bool:
        """Whether the allowed names have this one."""
        if kind in self._allowed or f"{kind}:{name}" in self._allowed or (kind == "folder" and "glob" in self._allowed):
            return True
        if kind == "host":
            bare = name.rpartition("://")[2].partition(":")[0]
            return f"host:{bare}" in self._allowed
        return False

    def _passes(self, full: str, kind: str) -> bool:
        """Whether a path is none of the step's data, or is allowed by name."""
        if full.startswith(_NOT_DATA) or "__pycache__" in full or "site-packages" in full or "dist-packages" in full:
            return True
        if self._roots is None:
            self._roots = _library_roots() + tuple(os.path.abspath(one) + os.sep for one in self._ignored)
        if full.startswith(self._roots):
            return True
        if full.startswith(_caches()):
            note = f"files under {_caches()[0]} were read; they are taken to be caches"
            if note not in self.notes:
                self.notes.append(note)
            return True
        if not self._allowed:
            return False
        here = os.getcwd() + os.sep
        allowed = (
            kind in self._allowed
            or (kind == "folder" and "glob" in self._allowed)
            or any(
                fnmatch.fnmatch(full, one if os.path.isabs(one) else here + one)
                for one in self._allowed
                if os.sep in one or "." in one or "*" in one
            )
        )
        self.used = self.used or allowed
        return allowed


@dataclass(slots=True)
class State:
    """The one switch: who is observed now, if anybody is."""

    seen: Seen | None = None


class _Mark(threading.local):
    """How many times this thread asked to be left alone."""

    depth = 0


STATE = State()
MARK = _Mark()


@contextmanager
def exempt() -> Iterator[None]:
    """What this thread does within is the engine's own work, not the step's."""
    MARK.depth += 1
    try:
        yield
    finally:
        MARK.depth -= 1


def observed() -> Seen | None:
    """Who is to be told of what this thread does now."""
    seen = STATE.seen
    return seen if seen is not None and not MARK.depth else None


_ROOTS: tuple[str, ...] = ()
_CACHES: tuple[str, ...] = ()


def _library_roots() -> tuple[str, ...]:
    global _ROOTS
    if not _ROOTS:
        prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.realpath(sys.prefix)}
        parts = ("lib", "lib64", "include", "share", "bin", "etc", "Lib", "DLLs")
        roots = {os.path.join(prefix, part) + os.sep for prefix in prefixes for part in parts}
        roots.add(os.path.dirname(os.path.abspath(os.__file__)) + os.sep)
        roots.add(os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 2)) + os.sep)
        _ROOTS = tuple(sorted(roots))
    return _ROOTS


def _caches() -> tuple[str, ...]:
    global _CACHES
    if not _CACHES:
        home = os.path.expanduser("~")
        places = (".cache", ".fonts", ".matplotlib", ".config/matplotlib", ".local/share/fonts", "Library/Caches")
        _CACHES = tuple(os.path.join(home, one) + os.sep for one in places)
    return _CACHES


_EVERY = "every variable"
_LIBRARY_VARIABLES = (
    "OMP_", "MKL_", "OPENBLAS_", "NUMEXPR_", "BLIS_", "VECLIB_", "GOTO_", "KMP_", "NUMBA_", "MPL", "XDG_", "POLARS_",
    "SKLEARN_", "JOBLIB_", "LOKY_", "CUDA_", "NVIDIA_", "TORCH", "PYTORCH_", "TF_", "XLA_", "JAX_", "PANDAS_", "ARROW_",
    "PYARROW_",
    "DUCKDB_", "TQDM_", "JUPYTER_", "JPY_", "IPYTHON", "IPY_", "SSL_", "REQUESTS_CA", "CURL_CA", "LC_", "PYTHON",
    "PYDANTIC_", "RAY_", "HF_", "TRANSFORMERS_", "COVERAGE_", "COV_", "PYTEST_", "GIT_", "AWS_EC2_", "TERM", "NO_COLOR",
    "FORCE_COLOR", "CLICOLOR", "COLORTERM", "SOLVENT_", "NPY_", "NUMPY_", "SCIPY_", "BLOSC_", "PROJ_", "GDAL_", "LOG",
)  # fmt: skip
_SYSTEM_VARIABLES = frozenset({
    "HOME", "PATH", "TMPDIR", "TEMP", "TMP", "LANG", "LANGUAGE", "TZ", "TZDIR", "USER", "LOGNAME", "USERNAME", "SHELL",
    "PWD", "DISPLAY", "COLUMNS", "LINES", "EDITOR", "PAGER", "BROWSER", "VIRTUAL_ENV", "CONDA_PREFIX", "PATHEXT",
    "SYSTEMROOT", "WINDIR", "COMSPEC", "APPDATA", "LOCALAPPDATA", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "CC", "CXX",
    "NETRC", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
    "SOURCE_DATE_EPOCH", "CI", "KAGGLE_KERNEL_RUN_TYPE", "COLAB_RELEASE_TAG", "DEBUGINFOD_URLS", "LD_LIBRARY_PATH",
})  # fmt: skip


def _of_a_library(name: str) -> bool:
    """Whether a variable is one by which a library or the system is set up, when a library reads it."""
    return name in _SYSTEM_VARIABLES or name.startswith(_LIBRARY_VARIABLES)


def _text(path: object) -> str | None:
    if isinstance(path, int) or path is None:
        return None
    try:
        return os.fsdecode(path)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    return found.st_mtime_ns, found.st_size, found.st_ino
