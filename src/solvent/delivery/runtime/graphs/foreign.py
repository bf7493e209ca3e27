"""What skl2onnx writes, taken into the graph: for parts that have no writer here."""

from __future__ import annotations

import warnings
from typing import Any

from solvent.delivery.runtime.graphs.writing import OPSET, Block, Graph, NotConvertible

__all__ = ["foreign_model", "foreign_transform"]


def foreign_transform(graph: Graph, fitted: Any, block: Block) -> Block:
    """A transform of numbers or of one column of text, in double precision where skl2onnx can."""
    if block.text and block.width > 1:
        raise NotConvertible("skl2onnx takes one column of text at a time")
    if not block.text and not fitted.__sklearn_tags__().input_tags.allow_nan:
        graph.refuse_nulls(block)
    elif block.text and not block.complete:
        _refuse_null_text(graph, block)
    (made, width), *_ = _converted(graph, fitted, block, {})
    if not isinstance(width, int):
        raise NotConvertible("skl2onnx does not say how many columns it makes")
    return Block(made, width)


def _refuse_null_text(graph: Graph, block: Block) -> None:
    import numpy as np

    from solvent.delivery.runtime.graphs.writing import NULL

    graph.refuse(graph.op("Equal", block.name, np.array([NULL], dtype=object)))


def foreign_model(graph: Graph, model: Any, block: Block) -> list[str]:
    """A model's outputs as skl2onnx orders them: label and probabilities, or the value."""
    if not model.__sklearn_tags__().input_tags.allow_nan:
        graph.refuse_nulls(block)
    options = {"zipmap": False} if hasattr(model, "classes_") else {}
    return [name for name, _ in _converted(graph, model, block, options)]


def _converted(graph: Graph, fitted: Any, block: Block, options: dict[str, Any]) -> list[tuple[str, Any]]:
    """Convert in double precision, or in single where that fails, and take the nodes in."""
    try:
        from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType
    except ImportError:
        raise NotConvertible("skl2onnx is not installed: pip install 'solvent[onnx]'") from None
    kinds: list[Any] = [StringTensorType] if block.text else [DoubleTensorType, FloatTensorType]
    said = ""
    for kind in kinds:
        try:
            model = _convert(fitted, [("X", kind([None, block.width]))], options)
            _loads(model)
        except Exception as error:
            said = said or f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            continue
        single = kind is FloatTensorType
        if single:
            graph.notes.append(f"{type(fitted).__name__} is in single precision")
        return _taken_in(graph, model, graph.cast(block.name, "FLOAT") if single else block.name)
    raise NotConvertible(f"skl2onnx has no converter for it that runs: {said}")


def _convert(fitted: Any, types: list[Any], options: dict[str, Any]) -> Any:
    from skl2onnx import convert_sklearn

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return convert_sklearn(
            fitted,
            initial_types=types,
            options={id(fitted): options} if options else None,
            target_opset={"": OPSET, "ai.onnx.ml": 3},
        )


def _loads(model: Any) -> None:
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.log_severity_level = 4
    InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _taken_in(graph: Graph, model: Any, given: str) -> list[tuple[str, Any]]:
    """The nodes and constants under names of this graph; gives each output in double precision, with its width."""
    from onnx import TensorProto

    body = model.graph
    if any(one.op_type.startswith("TreeEnsemble") for one in body.node):
        graph.old_trees = True
    if any(one.HasField("g") or len(one.graphs) for node in body.node for one in node.attribute):
        raise NotConvertible("what skl2onnx writes for it has loops or branches")
    names = {body.input[0].name: given, "": ""}
    for constant in body.initializer:
        names[constant.name] = constant.name = graph.name()
        graph.constants.append(constant)
    for node in body.node:
        node.input[:] = [names[one] for one in node.input]
        for one in node.output:
            names.setdefault(one, graph.name() if one else "")
        node.output[:] = [names[one] for one in node.output]
        node.name = ""
        graph.nodes.append(node)
    made = []
    for one in body.output:
        kind = one.type.tensor_type
        width = kind.shape.dim[1].dim_value if len(kind.shape.dim) == 2 else None
        name = names[one.name]
        if kind.elem_type == TensorProto.FLOAT:
            name = graph.cast(name, "DOUBLE")
        made.append((name, width))
    return made
