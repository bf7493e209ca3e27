"""The format of SciPy's sparse matrices and arrays."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from solvent.archive.formats.arrays.dense import identity_of, read_array, write_array
from solvent.archive.formats.arrays.elements import canonical
from solvent.archive.formats.base import Written
from solvent.errors import Corrupted, NoFormat

if TYPE_CHECKING:
    from solvent.archive.formats.base import Sink, Source

__all__ = ["SparseFormat"]

_KINDS = ("csr", "csc", "coo", "bsr", "dia", "dok", "lil")
_PARTS = ("data", "indices", "indptr")


class SparseFormat:
    """Sparse matrices and arrays of two dimensions, by their entries in order; duplicates are summed.

    The kind (csr, csc, coo, …) counts, since operations differ by it; entries that are stored zeros are kept.
    """

    name = "sparse.1"

    def accepts(self, value: Any) -> bool:
        """Whether the value is a sparse matrix or array (SciPy is not imported to find out)."""
        sparse = sys.modules.get("scipy.sparse")
        return sparse is not None and bool(sparse.issparse(value))

    def write(self, value: Any, sink: Sink) -> Written:
        """Store the three arrays of the compressed form."""
        import numpy as np

        kind = value.format
        if kind not in _KINDS or value.ndim != 2:
            raise NoFormat(
                f"a sparse array of {value.ndim} dimensions cannot be kept. Return it as csr_array with two."
            )
        held = (value.tocsc if kind == "csc" else value.tocsr)(copy=True)
        held.sum_duplicates()
        held.sort_indices()
        small = max(*held.shape, held.nnz) < 2**31
        index = np.int32 if small else np.int64
        parts = [canonical(held.data), canonical(held.indices.astype(index)), canonical(held.indptr.astype(index))]
        blocks = list(value.blocksize) if kind == "bsr" else None
        array = type(value).__name__.endswith("_array")
        shape = [int(one) for one in held.shape]
        identity = [kind, array, shape, blocks, *[identity_of(part) for part in parts]]
        size = sum(part.nbytes for part in parts)

        def finish(target: Sink) -> Any:
            stored = {name: write_array(part, target) for name, part in zip(_PARTS, parts, strict=True)}
            return {"kind": kind, "array": array, "shape": shape, "blocks": blocks, **stored}

        facts = {"shape": shape, "dtype": str(held.dtype), "entries": int(held.nnz)}
        return Written(identity, None, finish, None, size, facts)

    def read(self, body: Any, source: Source, wanted: Any) -> Any:
        """A fresh matrix of the same kind, checked so that no index points outside of it."""
        from scipy import sparse

        kind, array = body["kind"], body["array"]
        if kind not in _KINDS:
            raise Corrupted(f"the record names the sparse kind {kind!r:.40}, which is not known")
        data, indices, indptr = (read_array(body[name], source) for name in _PARTS)
        main = ("csc" if kind == "csc" else "csr") + ("_array" if array else "_matrix")
        try:
            made = getattr(sparse, main)((data, indices, indptr), shape=tuple(body["shape"]))
            made.check_format(full_check=True)
        except (ValueError, TypeError) as error:
            raise Corrupted(f"the record of a sparse matrix does not fit together: {error}") from error
        made.has_sorted_indices = made.has_canonical_format = True
        if kind == "bsr":
            return made.tobsr(blocksize=tuple(body["blocks"]))
        return made.asformat(kind)
