"""An ONNX graph while it is written: nodes, constants, and the rows that the Python form would refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from solvent.errors import SolventError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["NULL", "OPSET", "Block", "Graph", "NotConvertible", "tensor_of"]

NULL = "\U000f0000"  # stands for a null among text, since ONNX has none; a code point that no text uses
OPSET = 21  # the first that goes with version 5 of ai.onnx.ml, whose trees are of double precision throughout


class NotConvertible(SolventError):
    """A part of a predictor has no form in ONNX; the message names it and says why."""


@dataclass(frozen=True)
class Block:
    """A tensor of the graph, ``[rows, width]``: real numbers with NaN for null, or text with ``NULL`` for null.

    ``complete`` says that no value can be null. A block without a name stands for what no tensor can hold.
    """

    name: str
    width: int
    text: bool = False
    complete: bool = False


Node = Any


@dataclass
class Graph:
    """Nodes and constants as they are added, with names of their own."""

    nodes: list[Node | Callable[[int], list[Node]]] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    old_trees: bool = False  # a part has trees in the form before version 5 of ai.onnx.ml, or wants it
    new_trees: bool = False  # a part has trees that only version 5 can say
    _count: int = 0

    def name(self) -> str:
        """A name that nothing else has."""
        self._count += 1
        return f"v{self._count}"

    def op(self, kind: str, *inputs: str | np.ndarray[Any, Any], ml: bool = False, **attributes: Any) -> str:
        """Add one operator with one output, and give the output's name; arrays become constants."""
        return self.ops(kind, inputs, 1, ml, **attributes)[0]

    def ops(self, kind: str, inputs: Any, outputs: int, ml: bool = False, **attributes: Any) -> list[str]:
        """Add one operator with several outputs."""
        from onnx import helper

        made = [self.name() for _ in range(outputs)]
        names = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        self.nodes.append(helper.make_node(kind, names, made, domain="ai.onnx.ml" if ml else "", **attributes))
        return made

    def constant(self, values: np.ndarray[Any, Any]) -> str:
        """A constant tensor, in the precision of the array."""
        name = self.name()
        self.constants.append(tensor_of(values, name))
        return name

    def cast(self, name: str, kind: str) -> str:
        """The same values as ``DOUBLE``, ``FLOAT``, ``INT64`` or ``BOOL``."""
        from onnx import TensorProto

        return self.op("Cast", name, to=int(getattr(TensorProto, kind)))

    def take(self, block: Block, places: list[int]) -> Block:
        """Some columns of a block, in this order."""
        import numpy as np

        if not block.name:
            raise NotConvertible("it is given dates or times as they are; make numbers of them in a transform before")
        if places == list(range(block.width)):
            return block
        made = self.op("Gather", block.name, np.array(places, dtype=np.int64), axis=1)
        return Block(made, len(places), block.text, block.complete)

    def join(self, blocks: list[Block]) -> Block:
        """Blocks of one kind side by side."""
        blocks = [one for one in blocks if one.width]
        if len(blocks) == 1:
            return blocks[0]
        if not blocks or len({one.text for one in blocks}) > 1:
            raise NotConvertible("text and numbers side by side, or nothing at all, are no features of a graph")
        made = self.op("Concat", *(one.name for one in blocks), axis=1)
        complete = all(one.complete for one in blocks)
        return Block(made, sum(one.width for one in blocks), blocks[0].text, complete)

    def refuse(self, mask: str) -> None:
        """Rows for which the Python form raises: ``mask`` is bool, ``[rows, any]``."""
        self.refusals.append(mask)

    def refuse_nulls(self, block: Block) -> None:
        """Rows with a null in this block of numbers, which the Python form does not take."""
        if not block.complete:
            self.refuse(self.op("IsNaN", block.name))

    def finish(self, inputs: list[Any], outputs: list[Any], said: Mapping[str, str]) -> bytes:
        """The bytes of the model. Rows to refuse become an output ``refused``, bool, ``[rows]``."""
        from onnx import checker, helper

        if self.old_trees and self.new_trees:
            raise NotConvertible("trees with categories and trees in the older form cannot stand in one graph")
        version = 3 if self.old_trees else 5
        if self.refusals:
            outputs = [*outputs, self._refused()]
        nodes = [made for one in self.nodes for made in (one(version) if callable(one) else [one])]
        made = helper.make_graph(nodes, "solvent", inputs, outputs, initializer=self.constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", version)]
        model = helper.make_model(made, opset_imports=opsets, ir_version=10, producer_name="solvent")
        helper.set_model_props(model, dict(said))
        if model.ByteSize() > 2**31 - 2**20:
            raise NotConvertible("the graph would be larger than 2 GiB, which ONNX cannot keep in one file")
        checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))

    def _refused(self) -> Any:
        import numpy as np
        from onnx import TensorProto, helper

        masks = self.refusals
        joined = masks[0] if len(masks) == 1 else self.op("Concat", *masks, axis=1)
        counted = self.op("ReduceMax", self.cast(joined, "INT32"), np.array([1], dtype=np.int64), keepdims=0)
        self.nodes.append(
            helper.make_node("Cast", [counted], ["refused"], to=int(TensorProto.BOOL)),
        )
        return helper.make_tensor_value_info("refused", TensorProto.BOOL, [None])


def tensor_of(values: np.ndarray[Any, Any], name: str = "") -> Any:
    """An array as ONNX keeps it; an array of objects is text."""
    from onnx import TensorProto, helper, numpy_helper

    if values.dtype == object:
        return helper.make_tensor(name, TensorProto.STRING, values.shape, [one.encode() for one in values.ravel()])
    return numpy_helper.from_array(values, name)
