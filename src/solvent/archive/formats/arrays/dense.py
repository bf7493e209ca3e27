"""The format of NumPy arrays and scalars."""

from __future__ import annotations

import base64
import io
import math
import os
import sys
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.archive.formats.arrays.elements import canonical, dtype_of, spell
from solvent.archive.formats.base import Written
from solvent.errors import Corrupted, NoFormat

if TYPE_CHECKING:
    import numpy as np

    from solvent.archive.formats.base import Sink, Source

    Array = np.ndarray[Any, Any]

__all__ = ["ArrayFormat", "identity_of", "read_array", "write_array"]

_INLINE = 4096
_MOST_HEADER = 64 * 1024


class ArrayFormat:
    """Arrays as ``.npy`` files without objects: element type, shape and values count, memory layout does not.

    The array is copied once, when it is written; each consumer gets a writable copy of its own, in C order and
    in this machine's byte order. All NaN are one NaN. Masked arrays, matrices and other subclasses are refused.
    """

    name = "npy.1"

    def accepts(self, value: Any) -> bool:
        """Whether the value is an array or a scalar of NumPy (which is not imported to find out)."""
        numpy = sys.modules.get("numpy")
        return numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic))

    def write(self, value: Any, sink: Sink) -> Written:
        """Copy the array; large ones are written behind, from the copy."""
        import numpy as np

        scalar = isinstance(value, np.generic)
        _check_kind(value)
        held = canonical(value)
        identity = ["scalar" if scalar else "array", *identity_of(held)]
        facts = {"shape": list(held.shape), "dtype": str(held.dtype)} if not scalar else {"dtype": str(held.dtype)}
        if scalar and held.dtype.kind in "iuf" and math.isfinite(held):
            facts["value"] = held.item()
        local = held.astype(held.dtype.newbyteorder("="), copy=False)

        def keep(_: Any) -> Any:
            return local[()] if scalar else local.copy()

        def finish(target: Sink) -> Any:
            return {**write_array(held, target), "scalar": scalar}

        if held.nbytes <= _INLINE:
            return Written(identity, finish(sink), None, keep, held.nbytes, facts)
        return Written(identity, None, finish, keep, held.nbytes, facts)

    def read(self, body: Any, source: Source, wanted: Any) -> Any:
        """A fresh, writable array, or the scalar."""
        made = read_array(body, source)
        return made[()] if body["scalar"] else made


def _check_kind(value: Any) -> None:
    import numpy as np

    if isinstance(value, np.ma.MaskedArray):
        raise NoFormat(
            "a masked array cannot be kept as one value. Return a NamedTuple of its data and its mask, or "
            ".filled(...), or a table "
            "with nulls."
        )
    if not isinstance(value, np.generic) and type(value) not in (np.ndarray, np.memmap):
        raise NoFormat(
            f"a {type(value).__module__}.{type(value).__qualname__} is a special kind of array. Return "
            "np.asarray(...) of it."
        )


def identity_of(held: Array) -> list[Any]:
    """What counts of a canonical array: element type, shape, and the digest of its bytes."""
    return [spell(held.dtype), list(held.shape), digest.of_bytes("array.1", _bytes_of(held))]


def write_array(held: Array, sink: Sink) -> dict[str, Any]:
    """Store a canonical array: in the record if it is tiny, else as an ``.npy`` file that any tool reads."""
    import numpy as np

    body: dict[str, Any] = {"dtype": spell(held.dtype), "shape": list(held.shape)}
    if held.nbytes <= _INLINE:
        return {**body, "data": base64.b64encode(_bytes_of(held)).decode()}
    path = sink.scratch() / "array.npy"
    with open(path, "wb") as file:
        np.lib.format.write_array(file, held, allow_pickle=False)
    return {**body, "npy": sink.file(path)}


def _bytes_of(held: Array) -> Any:
    import numpy as np

    return held.reshape(-1).view(np.uint8).data if held.nbytes else b""


def read_array(body: Any, source: Source) -> Array:
    """A fresh array of a record. What the record claims is compared with the bytes that are there, then allocated."""
    import numpy as np

    kind = dtype_of(body["dtype"])
    shape = tuple(body["shape"])
    if not all(type(one) is int and 0 <= one < 2**62 for one in shape) or len(shape) > 64:
        raise Corrupted(f"the record names the shape {shape!r:.80}, which no array has")
    expected = math.prod(shape) * kind.itemsize
    if "data" in body:
        data = base64.b64decode(body["data"])
        if len(data) != expected:
            raise Corrupted(f"the record claims {expected} bytes of array, but holds {len(data)}")
        made = np.frombuffer(data, kind, math.prod(shape)).reshape(shape).copy() if expected else np.zeros(shape, kind)
    else:
        made = _load(source.path(body["npy"]), kind, shape, expected)
    return made.astype(kind.newbyteorder("="), copy=False)


def _load(path: Any, kind: np.dtype[Any], shape: tuple[int, ...], expected: int) -> Array:
    """The content of an ``.npy`` file whose header must say what the record says. Nothing is allocated before."""
    import numpy as np

    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        try:
            start = io.BytesIO(file.read(_MOST_HEADER))
            version = np.lib.format.read_magic(start)
            reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            found, fortran, found_kind = reader(start, max_header_size=_MOST_HEADER)
        except (ValueError, SyntaxError, EOFError) as error:
            raise Corrupted(f"an array's file does not begin as an .npy file does: {error}") from error
        if found != shape or fortran or found_kind != kind or size - start.tell() != expected:
            raise Corrupted(
                f"an array's file holds {size} bytes of {found_kind} {found}, but its record claims {kind} {shape}"
            )
        file.seek(start.tell())
        return np.fromfile(file, kind, math.prod(shape)).reshape(shape)
