"""The graph for other people's tools: one input for each column instead of a matrix of numbers and one of text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from solvent.delivery.runtime.graphs.writing import NotConvertible
from solvent.errors import MissingExtra

if TYPE_CHECKING:
    from solvent.learn.tables.schema import Column

__all__ = ["split_inputs"]


def split_inputs(model: bytes, columns: Sequence[Column]) -> bytes:
    """The same graph with an input ``[rows, 1]`` for each column, under its name.

    Text is a string tensor; ``int`` is int64 and ``bool`` is bool where they cannot be null, else they are double as
    ``float`` is, with NaN for null. What is read of a time or of text is an input of its own, such as ``day weekday``.
    It answers a little slower than the graph that it is made of. Raises :class:`NotConvertible` for a graph that does
    not begin with the columns of a request.
    """
    try:
        from onnx import TensorProto, checker, helper, load_model_from_string
    except ImportError:
        raise MissingExtra("a graph is written by onnx: pip install 'solvent[onnx]'") from None
    made = load_model_from_string(model)
    told = json.loads({one.key: one.value for one in made.metadata_props}["solvent"])
    if "numbers" not in told:
        raise NotConvertible("the graph begins after the first transform, and has no columns of a request")
    known = {column.name: column for column in columns}
    inputs: list[Any] = []
    front: list[Any] = []
    numbers = [_number(known[name], measure, TensorProto) for name, measure in told["numbers"]]
    texts = [(name, TensorProto.STRING) for name in told["texts"]]
    for target, parts in (("numbers", numbers), ("texts", texts)):
        names = []
        for name, kind in parts:
            inputs.append(helper.make_tensor_value_info(name, kind, [None, 1]))
            names.append(name)
            if kind not in (TensorProto.DOUBLE, TensorProto.STRING):
                names[-1] = f"{name} as a real number"
                front.append(helper.make_node("Cast", [name], [names[-1]], to=int(TensorProto.DOUBLE)))
        if names:
            front.append(helper.make_node("Concat", names, [target], axis=1))
    nodes = [*front, *made.graph.node]
    del made.graph.node[:], made.graph.input[:]
    made.graph.node.extend(nodes)
    made.graph.input.extend(inputs)
    checker.check_model(made)
    return bytes(made.SerializeToString(deterministic=True))


def _number(column: Column, measure: str, kinds: Any) -> tuple[str, int]:
    """The name and type of an input for a number."""
    whole: Mapping[str, int] = {"int": kinds.INT64, "bool": kinds.BOOL}
    if measure != "value":
        return f"{column.name} {measure}", kinds.DOUBLE
    return column.name, kinds.DOUBLE if column.nullable else whole.get(column.kind, kinds.DOUBLE)
