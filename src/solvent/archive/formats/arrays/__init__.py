"""NumPy arrays and scalars, and SciPy's sparse matrices."""

from __future__ import annotations

from solvent.archive.formats.arrays.dense import ArrayFormat
from solvent.archive.formats.arrays.sparse import SparseFormat

__all__ = ["ArrayFormat", "SparseFormat"]
