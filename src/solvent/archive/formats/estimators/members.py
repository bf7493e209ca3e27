"""The files inside a skops archive: read with their claims checked, written so that equal content is equal bytes."""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from solvent.archive.formats.arrays.elements import tidy
from solvent.errors import Corrupted

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

__all__ = ["array_of", "clean_array", "clean_sparse", "pack", "parse_schema", "sparse_of", "unpack"]

_EPOCH = (1980, 1, 1, 0, 0, 0)
_NAMED = re.compile(r"schema\.json|\d{1,9}\.(npy|npz|bin)")
_SPARSE_PARTS = frozenset(
    f"{name}.npy"
    for name in ("data", "indices", "indptr", "row", "col", "coords", "offsets", "shape", "format", "_is_array")
)
_MOST_HEADER = 64 * 1024


def pack(files: Mapping[str, bytes]) -> bytes:
    """A zip archive without times, without compression, in the given order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, data)
    return out.getvalue()


def unpack(data: bytes, named: Any = _NAMED.fullmatch) -> dict[str, bytes]:
    """The files of an archive that :func:`pack` made. Nothing in it is compressed, so nothing in it can swell."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len({entry.filename for entry in entries}) != len(entries):
                raise Corrupted("an estimator's archive names a file twice")
            for entry in entries:
                if not named(entry.filename):
                    raise Corrupted(
                        f"an estimator's archive holds a file {entry.filename!r:.60}, which does not belong there"
                    )
                if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
                    raise Corrupted(
                        f"the file {entry.filename!r} in an estimator's archive is compressed; it was not unpacked"
                    )
            if sum(entry.file_size for entry in entries) > len(data):
                raise Corrupted("an estimator's archive claims more bytes than it has")
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Corrupted(f"an estimator's archive cannot be read: {error}") from error


def parse_schema(text: bytes) -> Any:
    """The schema as JSON; two equal keys in one object would be two values under one name, so they are refused."""
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except RecursionError:
        raise Corrupted("the schema of an estimator is nested too deeply") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"a dict in it has two keys that are both written {twice!r}")
    return made


def array_of(data: bytes) -> Array:
    """The array of an ``.npy`` file; its header's claim is compared with the bytes before anything is allocated."""
    import numpy as np

    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, kind = reader(file, max_header_size=_MOST_HEADER)
    except (ValueError, SyntaxError, EOFError) as error:
        raise Corrupted(f"an array of an estimator does not begin as an .npy file does: {error}") from error
    if kind.hasobject:
        raise Corrupted("an array of an estimator holds pickled objects; it was not loaded")
    if any(one < 0 for one in shape) or math.prod(shape) * kind.itemsize != len(data) - file.tell():
        raise Corrupted(f"an array of an estimator claims {kind} {shape}, but holds {len(data) - file.tell()} bytes")
    held = np.frombuffer(data, kind, math.prod(shape), file.tell()) if math.prod(shape) else np.empty(0, kind)
    return held.reshape(shape, order="F" if fortran else "C")


def sparse_of(data: bytes) -> Any:
    """The sparse matrix of an ``.npz`` file, checked so that no index points outside of it."""
    from scipy import sparse

    files = unpack(data, _SPARSE_PARTS.__contains__)
    for one in files.values():
        array_of(one)
    try:
        made = sparse.load_npz(io.BytesIO(data))
        if made.format in ("csr", "csc", "bsr"):
            made.check_format(full_check=True)
        elif made.format not in ("coo", "dia"):
            raise ValueError(f"unknown kind {made.format}")
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        raise Corrupted(f"a sparse matrix of an estimator does not fit together: {error}") from error
    return made


def clean_array(data: bytes) -> bytes:
    """The same ``.npy`` file with one NaN, and nothing in the gaps between the fields of structured elements."""
    import numpy as np

    held = array_of(data)
    kind = held.dtype
    made: Array = held.copy(order="K") if kind.names is None else np.zeros(held.shape, kind)
    if kind.names is not None:
        for name in kind.names:
            made[name] = held[name]
        if {"left_child", "missing_go_to_left"} <= set(kind.names):  # a leaf sends nothing anywhere
            made["missing_go_to_left"][made["left_child"] == -1] = 0
    tidy(made)
    out = io.BytesIO()
    np.lib.format.write_array(out, made, allow_pickle=False)
    return out.getvalue()


def clean_sparse(data: bytes) -> bytes:
    """The same ``.npz`` file without compression and times."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return pack({name: clean_array(archive.read(name)) for name in sorted(archive.namelist())})
