"""What goes along with a model unfitted: row-wise functions, and small tables in which values are looked up."""

from __future__ import annotations

from solvent.learn.carried.functions import RowFunction
from solvent.learn.carried.lookups import Lookup, lookup

__all__ = ["Lookup", "RowFunction", "lookup"]
