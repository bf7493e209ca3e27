"""A wheel of the Solvent that is installed here, so that what is shipped runs where no index has it."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from solvent.errors import UsageError

__all__ = ["build_wheel"]

_EPOCH = (1980, 1, 1, 0, 0, 0)
_KEPT = ("METADATA", "entry_points.txt")


def build_wheel() -> tuple[str, bytes]:
    """The file name and the bytes of the wheel, the same for the same package: nothing in it tells time or machine.

    It is put together from the package's files and the metadata of its installation, also of an editable one, and
    nothing in it is packed, since packing differs between versions of zlib.
    """
    installed = metadata.distribution("solvent")
    stem = f"solvent-{installed.version}"
    files = dict(_modules(Path(__file__).resolve().parents[2]))
    head = f"{stem}.dist-info"
    for name in _KEPT:
        text = installed.read_text(name)
        if text:
            files[f"{head}/{name}"] = text.encode()
    if f"{head}/METADATA" not in files:
        raise UsageError("this Solvent was not installed by pip, so no wheel of it can be made: pip install solvent")
    files |= {f"{head}/{name}": data for name, data in _licences(installed)}
    files[f"{head}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: solvent\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = f"{head}/RECORD"
    lines = [f"{name},sha256={_hash(data)},{len(data)}\n" for name, data in sorted(files.items())]
    files[record] = "".join([*lines, f"{record},,\n"]).encode()
    return f"{stem}-py3-none-any.whl", _zip(files, record)


def _modules(package: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(package.rglob("*")):
        inside = path.relative_to(package)
        hidden = any(one.startswith(".") or one == "__pycache__" for one in inside.parts)
        if path.is_file() and not hidden and path.suffix not in (".pyc", ".pyo"):
            yield f"{package.name}/{inside.as_posix()}", path.read_bytes()


def _licences(installed: metadata.Distribution) -> Iterator[tuple[str, bytes]]:
    for file in sorted(installed.files or (), key=str):
        _, inside, name = file.as_posix().partition(".dist-info/licenses/")
        if inside:
            yield f"licenses/{name}", file.read_binary()


def _hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _zip(files: dict[str, bytes], last: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as held:
        for name in [*sorted(set(files) - {last}), last]:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            held.writestr(entry, files[name])
    return made.getvalue()
