"""Columns of one type as one array, with their names: what goes from a transform to the next part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from solvent.errors import OutputError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = ["Matrix"]


@dataclass(frozen=True, eq=False)
class Matrix:
    """A block of numbers (rows x columns), which nobody alters; ``name`` gives the columns' names when asked for.

    Columns lie one after the other in memory, as those of a frame do: what is computed of one is computed of the
    other to the last bit, and neither way between them copies anything.
    """

    values: np.ndarray[Any, Any]
    name: Callable[[], Sequence[str]]

    @classmethod
    def of(cls, values: np.ndarray[Any, Any], name: Callable[[], Sequence[str]]) -> Matrix:
        """A matrix of an array, which is copied only if its rows lie one after the other."""
        import numpy as np

        laid = np.asfortranarray(values).view()
        laid.flags.writeable = False  # so that an estimator that works in place makes a copy
        return cls(laid, name)

    @property
    def height(self) -> int:
        """The number of rows."""
        return int(self.values.shape[0])

    @cached_property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self.name())

    def select(self, names: Sequence[str]) -> Matrix:
        """Some of the columns, in another order."""
        places = {name: place for place, name in enumerate(self.columns)}
        return Matrix.of(self.values[:, [places[name] for name in names]], lambda: names)

    def frame(self) -> pl.DataFrame:
        """The same as a Polars frame; raises :class:`OutputError` where two columns have one name."""
        import polars as pl

        names = self.columns
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise OutputError(f"a transform makes two columns that are both called {twice!r}. Give them two names.")
        return pl.DataFrame({name: self.values[:, place] for place, name in enumerate(names)})
