"""Normal forms that were made before, kept in files: a source that is unchanged need not be parsed again.

What a code object's definition says is a function of the file's text and of that code alone, so both together are
the key, and nothing that is kept can be stale. The files are plain JSON; one that cannot be read counts for nothing.
"""

from __future__ import annotations

import json
import marshal
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path as Folder
from types import CodeType
from typing import Any, NamedTuple

from solvent import digest
from solvent.archive.fingerprint.reading.scopes import Imported, Path, Shape

__all__ = ["Form", "digest_of_code", "read_forms", "write_forms"]

_KEPT = 512
"""So many files are kept, the latest; one is as large as the source that it belongs to, more or less."""


class Form(NamedTuple):
    """A function's definition: its first line, its normal form, and its decorators from the top down.

    Each decorator is the path that it is called by, if it is one, and its normal form, if that was needed.
    """

    line: int
    shape: Shape
    decorators: tuple[tuple[Path | None, Shape | None], ...]


def digest_of_code(code: CodeType) -> str:
    """What tells code objects apart, their lines and file names included, within one version of Python."""
    # The second version of the encoding has no references, which would depend on who else holds a constant.
    return digest.of_bytes("code.1", marshal.dumps(code, 2))


def read_forms(folder: Folder, text: bytes | str) -> dict[str, Form]:
    """The forms that were kept for a text, by the digests of their codes."""
    path = _file(folder, text)
    try:
        raw = path.read_bytes()
        found = {name: _form(one) for name, one in json.loads(raw).items()}
        os.utime(path)
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return {}
    return found


def write_forms(folder: Folder, text: bytes | str, forms: dict[str, Form]) -> None:
    """Keep the forms of a text. Where nothing can be written, nothing is: it is only ever a matter of speed."""
    path = _file(folder, text)
    spare = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        spare.write_text(json.dumps(forms, separators=(",", ":")), encoding="utf-8", errors="surrogatepass")
        spare.replace(path)
        kept = sorted(folder.iterdir(), key=lambda one: one.stat().st_mtime)
        for old in kept[:-_KEPT]:
            old.unlink()
    except (OSError, ValueError):
        with suppress(OSError):
            spare.unlink()


def _file(folder: Folder, text: bytes | str) -> Folder:
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return folder / digest.of_bytes(f"forms.{_makers()}", data)[:32]


def _makers(known: list[str] = []) -> str:  # noqa: B006 - asked for once a process
    """What forms depend on besides the text: this Python, and this package's own code."""
    if not known:
        here = Folder(__file__).parent
        stamps: list[Any] = [sys.implementation.cache_tag, sys.version_info[:3]]
        for one in sorted(here.glob("*.py")):
            stat = one.stat()
            stamps.append((one.name, stat.st_size, stat.st_mtime_ns))
        known.append(digest.of_bytes("makers.1", repr(stamps).encode()))
    return known[0]


def _form(data: Sequence[Any]) -> Form:
    line, shape, decorators = data
    made = tuple((one and _path(one), kept and _shape(kept)) for one, kept in decorators)
    return Form(int(line), _shape(shape), made)


def _shape(data: Sequence[Any]) -> Shape:
    text, paths, places, lines, counts, docs, reads_docs = data
    return Shape(
        text, tuple(map(_path, paths)), tuple(places), tuple(lines), tuple(counts), tuple(docs), bool(reads_docs)
    )


def _path(data: Sequence[Any]) -> Path:
    root, attributes, mode = data
    return Path(root if isinstance(root, str) else Imported(*root), tuple(attributes), mode)
