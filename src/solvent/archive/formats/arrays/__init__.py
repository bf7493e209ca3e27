"""NumPy arrays and scalars, SciPy's sparse matrices, and PyTorch's tensors."""

from __future__ import annotations

from solvent.archive.formats.arrays.dense import ArrayFormat
from solvent.archive.formats.arrays.sparse import SparseFormat
from solvent.archive.formats.arrays.tensors import TensorFormat

__all__ = ["ArrayFormat", "SparseFormat", "TensorFormat"]
