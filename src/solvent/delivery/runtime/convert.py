"""A predictor becomes one ONNX graph: as many of its parts as have a form there, the last ones first."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from solvent.delivery.runtime.graphs.columns import Table, table_of
from solvent.delivery.runtime.graphs.features import family_of, says_where, tabular, write_transform
from solvent.delivery.runtime.graphs.foreign import check_loads
from solvent.delivery.runtime.graphs.models import Said, write_model
from solvent.delivery.runtime.graphs.writing import OPSET, Block, Graph, NotConvertible
from solvent.delivery.runtime.readings import Layout, Reading, layout_of
from solvent.learn.adapting import names_asked, names_made
from solvent.learn.tabular import TabularFeatures
from solvent.learn.transforms import Fitted

if TYPE_CHECKING:
    from solvent.learn.assembly import Predictor
    from solvent.learn.tables.schema import Column

__all__ = ["Converted", "NotConvertible", "convert", "libraries"]


@dataclass(frozen=True)
class Converted:
    """A predictor as ONNX.

    ``model`` is the graph, which describes itself: what it is given and what its answers mean stands in its metadata
    under ``solvent``. ``first`` is the first part that is in it; those before it stay in Python. ``notes`` say
    what one should know: why parts are left out, and what is in single precision.
    """

    model: bytes
    first: int
    opset: int
    notes: tuple[str, ...] = ()


def libraries() -> str:
    """What graphs are made and answered with here, by version; what is not installed is left out."""
    from importlib import metadata

    found = []
    for name in ("onnx", "onnxruntime", "skl2onnx"):
        if find_spec(name) is not None:
            found.append(f"{name} {metadata.version(name)}")
    return ", ".join(found)


def convert(predictor: Predictor) -> Converted:
    """The predictor as ONNX, from the first part on for which that is possible.

    Raises :class:`NotConvertible` that names the part without a form in ONNX, and why.
    """
    for package in ("onnx", "onnxruntime"):
        if find_spec(package) is None:
            raise NotConvertible(f"{package} is not installed: pip install 'solvent[onnx]'")
    notes: list[str] = []
    parts = tuple(predictor.parts)
    for first in range(len(parts)):
        graph = Graph()
        try:
            model = _written(graph, predictor, first)
        except NotConvertible as error:
            if first == len(parts) - 1:
                raise
            notes.append(f"part {first + 1} of {len(parts)} stays in Python: {error}")
            continue
        return Converted(model, first, OPSET, (*notes, *graph.notes))
    raise NotConvertible("the predictor has no parts")


def _written(graph: Graph, predictor: Predictor, first: int) -> bytes:
    try:
        model = _write(graph, predictor, first)
        check_loads(model)
    except NotConvertible:
        raise
    except Exception as error:
        # Fitted state is read that other packages may keep otherwise in another version: no reason to fail.
        said = " ".join(str(error).split())[:300]
        raise NotConvertible(f"the graph could not be written ({type(error).__name__}: {said})") from error
    return model


def _write(graph: Graph, predictor: Predictor, first: int) -> bytes:
    from onnx import TensorProto, helper

    parts = tuple(predictor.parts)
    said: dict[str, Any] = {"first": first}
    start = parts[first]
    inputs: list[Any] = []
    names: list[str] | None = None
    if isinstance(start, Fitted) and (first or predictor.columns):
        columns = start.columns if first else predictor.columns
        layout = layout_of(columns, start.inner)
        said |= {"columns": [asdict(one) for one in columns]} if first else {}
        said |= {"numbers": [[one.column, one.measure] for one in layout.numbers], "texts": list(layout.texts)}
        said |= {"zoned": list(layout.zoned)} if layout.zoned else {}
        for name, width, kind in (
            ("numbers", len(layout.numbers), TensorProto.DOUBLE),
            ("texts", len(layout.texts), TensorProto.STRING),
        ):
            if width:
                inputs.append(helper.make_tensor_value_info(name, kind, [None, width]))
        table, names = _begin(graph, start, columns, layout)
        rest = parts[first + 1 :]
    else:
        given = getattr(_inner(start), "n_features_in_", None)
        inputs.append(helper.make_tensor_value_info("features", TensorProto.DOUBLE, [None, given]))
        asked = getattr(_inner(start), "feature_names_in_", None)
        said["features"] = None if asked is None else [str(one) for one in asked]
        table, rest = table_of(Block("features", int(given or 1))), parts[first:]
    for one in rest[:-1]:
        table = write_transform(graph, _inner(one), table)
        names = names_made(_inner(one), table.width)
    model = rest[-1] if rest else parts[-1]
    answer = write_model(graph, model, _in_order(table, names, model))
    output = _name_answer(graph, answer, said, model)
    return graph.finish(inputs, [output], {"solvent": json.dumps(said, allow_nan=False)})


def _inner(part: Any) -> Any:
    return part.inner if isinstance(part, Fitted) else part


def _begin(graph: Graph, start: Fitted, columns: tuple[Column, ...], layout: Layout) -> tuple[Table, list[str]]:
    """What the first transform makes of the columns of a request, and the names of that."""
    blocks = (Block("numbers", len(layout.numbers)), Block("texts", len(layout.texts), text=True), Block("", 1))
    places: list[tuple[int, int]] = []
    read: list[Reading] = []
    for column in columns:
        found = [(0, place) for place, one in enumerate(layout.numbers) if one.column == column.name]
        if column.name in layout.texts:
            found = [(1, layout.texts.index(column.name))]
        read += [Reading(column.name, "text") if block else layout.numbers[place] for block, place in found]
        if not isinstance(start.inner, TabularFeatures):
            found = found or [(2, 0)]  # a time, which scikit-learn's transforms may still leave out
        places += found
    table = Table(blocks, tuple(places))
    if isinstance(start.inner, TabularFeatures):
        try:
            return tabular(graph, start.inner, table, read)
        except NotConvertible as error:
            raise says_where(start.inner, error) from None
    table = write_transform(graph, start.inner, table)
    return table, names_made(start.inner, table.width)


def _in_order(table: Table, names: list[str] | None, model: Any) -> Table:
    """The columns as the model asks for them by name, where it does."""
    asked = getattr(model, "feature_names_in_", None)
    if asked is None or names is None:
        return table
    wanted = names_asked(asked, names)
    if wanted == names:
        return table
    missing = [one for one in wanted if one not in names]
    if missing or len(names) != table.width:
        raise says_where(model, NotConvertible(f"it asks for the column {missing[:1]}, which no transform makes"))
    return table.pick([names.index(one) for one in wanted])


def _name_answer(graph: Graph, answer: Said, said: dict[str, Any], model: Any) -> Any:
    """The output under the name of what it is; for a choice among classes, the metadata says which they are."""
    from onnx import TensorProto, helper

    graph.nodes.append(helper.make_node("Identity", [answer.name], [answer.kind]))
    said["answer"] = answer.kind
    if answer.kind == "choice":
        import numpy as np

        labels = np.asarray(model.classes_)
        said |= {"labels": labels.tolist(), "dtype": str(labels.dtype)}
        return helper.make_tensor_value_info("choice", TensorProto.INT64, [None])
    if answer.kind == "value":
        said["dtype"] = "float32" if family_of(getattr(model, "inner", model)) == "xgboost" else "float64"
    return helper.make_tensor_value_info(answer.kind, TensorProto.DOUBLE, [None, None])
