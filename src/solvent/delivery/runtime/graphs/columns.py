"""Columns on their way through a graph: which tensor each is in, and which transform makes what of them."""

from __future__ import annotations

from dataclasses import dataclass

from solvent.delivery.runtime.graphs.writing import Block, Graph, NotConvertible

__all__ = ["Table", "table_of"]


@dataclass(frozen=True)
class Table:
    """Columns, each in a place of one of the blocks; nothing is moved in the graph until somebody needs it."""

    blocks: tuple[Block, ...]
    places: tuple[tuple[int, int], ...]

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.places)

    def pick(self, columns: list[int]) -> Table:
        """Some of the columns, in this order."""
        return Table(self.blocks, tuple(self.places[one] for one in columns))

    def is_text(self, column: int) -> bool:
        """Whether a column is text."""
        return self.blocks[self.places[column][0]].text

    def column(self, graph: Graph, column: int) -> Block:
        """One column as a block of its own."""
        block, place = self.places[column]
        return graph.take(self.blocks[block], [place])

    def vector(self, graph: Graph, column: int) -> str:
        """One column as ``[rows]``."""
        import numpy as np

        block, place = self.places[column]
        if not self.blocks[block].name:
            return graph.take(self.blocks[block], [place]).name
        return graph.op("Gather", self.blocks[block].name, np.array(place, dtype=np.int64), axis=1)

    def block(self, graph: Graph) -> Block:
        """All columns as one block; raises where text and numbers are mixed."""
        runs: list[tuple[int, list[int]]] = []
        for block, place in self.places:
            if runs and runs[-1][0] == block:
                runs[-1][1].append(place)
            else:
                runs.append((block, [place]))
        return graph.join([graph.take(self.blocks[block], places) for block, places in runs])

    def numbers(self, graph: Graph) -> Block:
        """All columns as one block of numbers."""
        if any(self.is_text(one) for one in range(self.width)):
            raise NotConvertible("it is given text, and takes numbers")
        return self.block(graph)


def table_of(*blocks: Block) -> Table:
    """The columns of some blocks, side by side."""
    places = tuple((number, place) for number, one in enumerate(blocks) for place in range(one.width))
    return Table(blocks, places)
