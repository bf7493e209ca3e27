"""A scikit-learn pipeline of scaling, one-hot and boosted trees as an ONNX graph that decides as it does.

skl2onnx 1.20 gets two things wrong here. It writes booleans among the integers of a node, which protobuf 7 refuses.
And it keeps thresholds in single precision, though scikit-learn takes many of them from the rows themselves, so that
a row that lies on one goes the other way: with these trees 0.4 % of the training rows, by up to 0.14. The graph here
compares in double precision, as ``nodes_values_as_tensor`` of ai.onnx.ml 3 allows.

The graph takes two inputs, ``numbers`` and ``texts``, in place of one for each column: each input costs more to hand
over than it takes to split.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def to_onnx_form(pipeline: Any, rows: Any) -> bytes:
    """The graph, for rows with the columns of ``rows`` (a pandas frame): numbers first, then texts."""
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import DoubleTensorType, StringTensorType

    kinds = [
        (name, (DoubleTensorType if rows[name].dtype.kind in "if" else StringTensorType)([None, 1])) for name in rows
    ]
    with _whole_numbers():
        graph = to_onnx(
            pipeline, initial_types=kinds, options={"zipmap": False}, target_opset={"": 18, "ai.onnx.ml": 1}
        )
    _double_thresholds(graph, pipeline[-1])
    for name, kind in (("numbers", 11), ("texts", 8)):  # TensorProto.DOUBLE, TensorProto.STRING
        _gather_inputs(graph.graph, name, kind)
    return bytes(graph.SerializeToString())


@contextmanager
def _whole_numbers() -> Iterator[None]:
    """Booleans among integers become integers while nodes are made."""
    import numpy as np
    import skl2onnx.common._container as container

    original = container.make_node

    def make(kind: str, inputs: Any, outputs: Any, **attributes: Any) -> Any:
        for name, value in attributes.items():
            if isinstance(value, list) and any(isinstance(one, (bool, np.bool_)) for one in value):
                attributes[name] = [int(one) for one in value]
        return original(kind, inputs, outputs, **attributes)

    container.make_node = make
    try:
        yield
    finally:
        container.make_node = original


def _double_thresholds(graph: Any, model: Any) -> None:
    """Put the trees' own thresholds and values in place of the rounded ones."""
    import numpy as np
    from onnx import helper, numpy_helper

    node = next(one for one in graph.graph.node if one.op_type == "TreeEnsembleClassifier")
    held = {one.name: one for one in node.attribute}
    trees = [tree.nodes for stage in model._predictors for tree in stage]
    places = zip(held["nodes_treeids"].ints, held["nodes_nodeids"].ints, strict=True)
    leaves = zip(held["class_treeids"].ints, held["class_nodeids"].ints, strict=True)
    found = {
        "nodes_values": [0.0 if trees[a][b]["is_leaf"] else trees[a][b]["num_threshold"] for a, b in places],
        "class_weights": [trees[a][b]["value"] for a, b in leaves],
        "base_values": np.ravel(model._baseline_prediction),
    }
    for name, values in found.items():
        node.attribute.remove(held[name])
        tensor = numpy_helper.from_array(np.asarray(values, dtype=np.float64), name)
        node.attribute.append(helper.make_attribute(f"{name}_as_tensor", tensor))
    node.attribute.remove(held["nodes_hitrates"])  # single precision too, and of no use in answering
    next(one for one in graph.opset_import if one.domain == "ai.onnx.ml").version = 3
    # The operator answers in single precision whatever it is given.
    next(one for one in graph.graph.output if one.name == "probabilities").type.tensor_type.elem_type = 1


def _gather_inputs(graph: Any, name: str, kind: int) -> None:
    """One input of several columns in place of all inputs of a kind."""
    from onnx import helper

    columns = [one for one in graph.input if one.type.tensor_type.elem_type == kind]
    names = [one.name for one in columns]
    for one in columns:
        graph.input.remove(one)
    graph.input.append(helper.make_tensor_value_info(name, kind, [None, len(names)]))
    joined = next((one for one in graph.node if one.op_type == "Concat" and list(one.input) == names), None)
    if joined is None:
        graph.node.insert(0, helper.make_node("Split", [name], names, axis=1, num_outputs=len(names)))
    else:  # all of them come together anyway
        graph.node.remove(joined)
        for node in graph.node:
            node.input[:] = [name if one == joined.output[0] else one for one in node.input]
