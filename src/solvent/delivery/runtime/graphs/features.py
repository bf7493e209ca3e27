"""Fitted transforms written as a graph: our own, and scikit-learn's with whatever they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent.delivery.runtime.graphs.columns import Table, table_of
from solvent.delivery.runtime.graphs.foreign import foreign_transform
from solvent.delivery.runtime.graphs.scaling import NUMBERS, impute
from solvent.delivery.runtime.graphs.tables import encoder, look_up
from solvent.delivery.runtime.graphs.writing import Block, Graph, NotConvertible
from solvent.delivery.runtime.readings import Reading
from solvent.learn.tabular import TabularFeatures

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["family_of", "says_where", "tabular", "write_transform"]


def family_of(fitted: Any) -> str:
    """The package that a class comes from; a subclass of somebody's own belongs to no family."""
    return type(fitted).__module__.partition(".")[0]


def says_where(fitted: Any, error: NotConvertible) -> NotConvertible:
    """The error with the name of the part in front."""
    return NotConvertible(f"{type(fitted).__name__}: {error}")


def write_transform(graph: Graph, fitted: Any, table: Table) -> Table:
    """What a fitted scikit-learn transform makes of the columns."""
    name = type(fitted).__name__
    if fitted == "passthrough" or fitted is None:
        return table
    if family_of(fitted) != "sklearn":
        raise NotConvertible(f"{name} is a class of its own, for which there is no converter")
    try:
        if name in _MANY:
            return _MANY[name](graph, fitted, table)
        if name in NUMBERS:
            return table_of(NUMBERS[name](graph, fitted, table.numbers(graph)))
        return table_of(foreign_transform(graph, fitted, table.block(graph)))
    except NotConvertible as error:
        raise says_where(fitted, error) from None


def _pipeline(graph: Graph, fitted: Any, table: Table) -> Table:
    for _, one in fitted.steps:
        table = write_transform(graph, one, table)
    return table


def _column_transformer(graph: Graph, fitted: Any, table: Table) -> Table:
    parts = []
    flags = {"fitted": True, "column_as_labels": False, "skip_drop": True, "skip_empty_columns": True}
    for name, one, _, weight in fitted._iter(**flags):
        columns = [int(place) for place in fitted._transformer_to_input_indices[name]]
        parts.append(_weighted(graph, write_transform(graph, one, table.pick(columns)), weight))
    return _beside(graph, parts)


def _union(graph: Graph, fitted: Any, table: Table) -> Table:
    weights = fitted.transformer_weights or {}
    parts = [
        _weighted(graph, write_transform(graph, one, table), weights.get(name))
        for name, one in fitted.transformer_list
        if one != "drop"
    ]
    return _beside(graph, parts)


def _weighted(graph: Graph, table: Table, weight: float | None) -> Table:
    import numpy as np

    if weight is None:
        return table
    block = table.numbers(graph)
    made = graph.op("Mul", block.name, np.array(float(weight)))
    return table_of(Block(made, block.width, complete=block.complete))


def _beside(graph: Graph, tables: list[Table]) -> Table:
    blocks: list[Block] = []
    places: list[tuple[int, int]] = []
    for one in tables:
        places += [(len(blocks) + block, place) for block, place in one.places]
        blocks += one.blocks
    return Table(tuple(blocks), tuple(places))


def _encoder(graph: Graph, fitted: Any, table: Table) -> Table:
    return table_of(encoder(graph, fitted, table))


def _imputer(graph: Graph, fitted: Any, table: Table) -> Table:
    texts = [table.is_text(one) for one in range(table.width)]
    if any(texts) and not all(texts):
        raise NotConvertible("it fills in text and numbers at once; give each an imputer of its own")
    return table_of(impute(graph, fitted, table.block(graph)))


def _function(graph: Graph, fitted: Any, table: Table) -> Table:
    """FunctionTransformer: nothing, or one of NumPy's functions that ONNX has in double precision."""
    import numpy as np

    if fitted.func is None:
        return table
    known: Mapping[Any, str] = {np.log: "Log", np.exp: "Exp", np.sqrt: "Sqrt", np.abs: "Abs", np.tanh: "Tanh"}
    if fitted.kw_args or fitted.func not in [*known, np.log1p, np.square]:
        name = getattr(fitted.func, "__name__", repr(fitted.func))
        raise NotConvertible(f"the function {name} is Python, for which there is no converter")
    block = table.numbers(graph)
    if fitted.func is np.square:
        made = graph.op("Mul", block.name, block.name)
    elif fitted.func is np.log1p:
        made = graph.op("Log", graph.op("Add", block.name, np.array(1.0)))
    else:
        made = graph.op(known[fitted.func], block.name)
    return table_of(Block(made, block.width, complete=block.complete and fitted.func is not np.log))


_MANY = {
    "Pipeline": _pipeline,
    "ColumnTransformer": _column_transformer,
    "FeatureUnion": _union,
    "OneHotEncoder": _encoder,
    "OrdinalEncoder": _encoder,
    "TargetEncoder": _encoder,
    "SimpleImputer": _imputer,
    "FunctionTransformer": _function,
}


def tabular(graph: Graph, fitted: TabularFeatures, table: Table, read: list[Reading]) -> tuple[Table, list[str]]:
    """TabularFeatures, and the names of what it makes; ``read`` says what each column of the table is.

    All numbers are filled in together, since each operator costs more than its work on one row.
    """
    import numpy as np

    numbers = [place for place, one in enumerate(read) if one.measure != "text"]
    blocks: list[Block] = []
    if numbers:
        block = table.pick(numbers).numbers(graph)
        # A number less itself is NaN where it is infinite or missing, and both count as missing.
        mask = graph.op("IsNaN", graph.op("Sub", block.name, block.name))
        fills = np.array([[fitted.medians.get(read[place].column, -1.0) for place in numbers]])
        blocks.append(Block(graph.op("Where", mask, fills, block.name), len(numbers), complete=True))
        if fitted.gaps:
            blocks.append(Block(graph.cast(mask, "DOUBLE"), len(numbers), complete=True))
    places: list[tuple[int, int]] = []
    names: list[str] = []
    for place, one in enumerate(read):
        name = one.column
        if one.measure == "text":
            made = _category(graph, fitted, name, table.vector(graph, place))
            names += [*(f"{name} = {level}" for level in fitted.levels[name]), f"{name} share"]
            places += [(len(blocks), column) for column in range(made.width)]
            blocks.append(made)
            continue
        marked = name in fitted.gaps
        names += [name, f"{name} missing"][: 1 + marked] if one.measure == "value" else [f"{name} {one.measure}"]
        places += [(0, numbers.index(place)), (1, numbers.index(place))][: 1 + marked]
    return _tidied(graph, Table(tuple(blocks), tuple(places))), names


def _tidied(graph: Graph, table: Table) -> Table:
    """The columns in their order, by one joining and at most one gathering."""
    starts = [sum(one.width for one in table.blocks[:place]) for place in range(len(table.blocks))]
    joined = graph.join(list(table.blocks))
    return table_of(graph.take(joined, [starts[block] + place for block, place in table.places]))


def _category(graph: Graph, fitted: TabularFeatures, name: str, column: str) -> Block:
    import numpy as np

    known, levels = list(fitted.shares[name]), fitted.levels[name]
    rows = [[float(one == level) for level in levels] + [fitted.shares[name][one]] for one in known]
    table = np.array([*rows, *[[0.0] * (len(levels) + 1)] * 2])
    return look_up(graph, column, known, table)
