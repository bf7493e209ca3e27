"""What skl2onnx writes, taken into the graph: for parts that have no writer here."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from typing import Any

from solvent.delivery.runtime.graphs.writing import OPSET, Block, Graph, NotConvertible

__all__ = ["check_loads", "foreign_model", "foreign_transform"]


def foreign_transform(graph: Graph, fitted: Any, block: Block) -> Block:
    """A transform of numbers, in double precision where skl2onnx can."""
    if block.text:
        raise NotConvertible("it takes text apart by rules of Python's that ONNX has not (Unicode words, lower case)")
    if not fitted.__sklearn_tags__().input_tags.allow_nan:
        graph.refuse_nulls(block)
    made, *_ = _converted(graph, fitted, block, {})
    if not made.width:
        raise NotConvertible("skl2onnx does not say how many columns it makes")
    return Block(made.name, made.width)


def foreign_model(graph: Graph, model: Any, block: Block) -> list[str]:
    """A model's outputs as skl2onnx orders them: the class's place and the probabilities, or the value."""
    import numpy as np
    from onnx import TensorProto

    if not model.__sklearn_tags__().input_tags.allow_nan:
        graph.refuse_nulls(block)
    if not hasattr(model, "classes_"):
        made, *_ = _converted(graph, model, block, {})
        if made.kind not in (TensorProto.FLOAT, TensorProto.DOUBLE):
            raise NotConvertible("its answers are neither classes nor real numbers")
        return [made.name]
    numbered = copy.copy(model)
    try:
        # skl2onnx writes the classes into the graph, and fails on some; a class's place is all that is needed.
        numbered.classes_ = np.arange(len(model.classes_))
    except AttributeError:
        numbered = model
    outputs = _converted(graph, numbered, block, {"zipmap": False})
    if numbered is model and not callable(getattr(model, "predict_proba", None)):
        raise NotConvertible("its classes cannot be numbered")
    return [one.name for one in outputs]


@dataclass(frozen=True)
class _Output:
    name: str
    width: int | None
    kind: int


def _converted(graph: Graph, fitted: Any, block: Block, options: dict[str, Any]) -> list[_Output]:
    """Convert in double precision, or in single where that fails, and take the nodes in."""
    try:
        from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
    except ImportError:
        raise NotConvertible("skl2onnx is not installed: pip install 'solvent[onnx]'") from None
    said = ""
    for kind in (DoubleTensorType, FloatTensorType):
        try:
            model = _convert(fitted, [("X", kind([None, block.width]))], options)
            check_loads(model.SerializeToString())
        except Exception as error:
            said = said or f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
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


def check_loads(model: bytes) -> None:
    """Raise whatever onnxruntime raises at a graph that it does not take."""
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.log_severity_level = 4
    InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _taken_in(graph: Graph, model: Any, given: str) -> list[_Output]:
    """The nodes and constants under names of this graph; gives each output in double precision, with its width."""
    from onnx import TensorProto

    body = model.graph
    if any(one.op_type.startswith("TreeEnsemble") for one in body.node):
        graph.old_trees = True
    if any(one.HasField("g") or len(one.graphs) for node in body.node for one in node.attribute):
        raise NotConvertible("what skl2onnx writes for it has loops or branches")
    if model.functions or any(one.domain not in ("", "ai.onnx", "ai.onnx.ml") for one in body.node):
        raise NotConvertible("what skl2onnx writes for it has functions of its own")
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
        made.append(_Output(name, width, kind.elem_type))
    return made
