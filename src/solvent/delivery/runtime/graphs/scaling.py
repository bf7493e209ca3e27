"""Transforms of numbers: scaling, filling in, binning, products, projections, each in double precision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent.delivery.runtime.graphs.tables import look_up
from solvent.delivery.runtime.graphs.writing import NULL, Block, Graph, NotConvertible

if TYPE_CHECKING:
    import numpy as np

__all__ = ["NUMBERS", "impute", "interpolate"]


def impute(graph: Graph, fitted: Any, block: Block) -> Block:
    """SimpleImputer for numbers and for text, with its marks of what was missing."""
    import numpy as np

    if fitted.missing_values is not None and fitted.missing_values == fitted.missing_values:
        raise NotConvertible(f"it takes {fitted.missing_values!r} for missing; only null can be")
    values = list(fitted.statistics_)
    kept = [place for place, one in enumerate(values) if one is not None and one == one]
    if getattr(fitted, "keep_empty_features", False):
        kept = list(range(len(values)))
    taken = graph.take(block, kept) if kept else None
    if taken is None:
        raise NotConvertible("it leaves out every column")
    if block.text:
        # scikit-learn sees a null among text as None, which is missing only where None was said to be
        if fitted.missing_values is None:
            fill = np.array([[str(values[place]) for place in kept]], dtype=object)
            mask = graph.op("Equal", taken.name, np.array([NULL], dtype=object))
            made = Block(graph.op("Where", mask, fill, taken.name), len(kept), True, True)
        else:
            made = taken
    elif taken.complete:
        made = taken
    else:
        fills = np.array([[float(values[place]) for place in kept]])
        mask = graph.op("IsNaN", taken.name)
        made = Block(graph.op("Where", mask, fills, taken.name), len(kept), False, True)
    if not fitted.add_indicator:
        return made
    return graph.join([made, missing(graph, fitted.indicator_, block)])


def missing(graph: Graph, fitted: Any, block: Block) -> Block:
    """MissingIndicator: one column of 0 and 1 for each column that it watches."""
    if block.text:
        raise NotConvertible("it marks what is missing among text")
    taken = graph.take(block, [int(one) for one in fitted.features_])
    return Block(graph.cast(graph.op("IsNaN", taken.name), "DOUBLE"), taken.width, complete=True)


def standard(graph: Graph, fitted: Any, block: Block) -> Block:
    """StandardScaler."""
    return _affine(graph, fitted, block, fitted.mean_ if fitted.with_mean else None, fitted.scale_)


def robust(graph: Graph, fitted: Any, block: Block) -> Block:
    """RobustScaler."""
    return _affine(graph, fitted, block, fitted.center_, fitted.scale_)


def largest(graph: Graph, fitted: Any, block: Block) -> Block:
    """MaxAbsScaler."""
    made = _affine(graph, fitted, block, None, fitted.scale_)
    return _clipped(graph, made, (-1.0, 1.0)) if getattr(fitted, "clip", False) else made


def between(graph: Graph, fitted: Any, block: Block) -> Block:
    """MinMaxScaler."""
    import numpy as np

    scaled = graph.op("Mul", block.name, np.array([fitted.scale_], dtype=np.float64))
    moved = graph.op("Add", scaled, np.array([fitted.min_], dtype=np.float64))
    made = Block(moved, block.width, complete=block.complete)
    return _clipped(graph, made, fitted.feature_range) if fitted.clip else made


def _clipped(graph: Graph, block: Block, between: tuple[float, float]) -> Block:
    import numpy as np

    low, high = (np.array(float(one)) for one in between)
    return Block(graph.op("Clip", block.name, low, high), block.width, complete=block.complete)


def _affine(graph: Graph, fitted: Any, block: Block, center: Any, scale: Any) -> Block:
    import numpy as np

    made = block.name
    if center is not None:
        made = graph.op("Sub", made, np.array([center], dtype=np.float64))
    if scale is not None:
        made = graph.op("Div", made, np.array([scale], dtype=np.float64))
    return Block(made, block.width, complete=block.complete)


def bins(graph: Graph, fitted: Any, block: Block) -> Block:
    """KBinsDiscretizer: how many inner borders a value has reached, as a number or in columns."""
    import numpy as np

    graph.refuse_nulls(block)
    made = []
    for column, edges in enumerate(fitted.bin_edges_):
        inner = np.array([edges[1:-1]], dtype=np.float64)
        count = len(edges) - 1
        one = graph.take(block, [column])
        reached = graph.cast(graph.op("GreaterOrEqual", one.name, inner), "DOUBLE")
        ordinal = fitted.encode == "ordinal"
        number = graph.op("ReduceSum", reached, np.array([1], dtype=np.int64), keepdims=int(ordinal))
        if ordinal:
            made.append(Block(number, 1, complete=True))
            continue
        table = np.vstack([np.eye(count), np.zeros((2, count))])
        made.append(look_up(graph, number, [float(one) for one in range(count)], table))
    return graph.join(made)


def products(graph: Graph, fitted: Any, block: Block) -> Block:
    """PolynomialFeatures."""
    import numpy as np

    graph.refuse_nulls(block)
    powers = fitted.powers_
    columns = []
    for place in range(int(powers.sum(axis=1).max(initial=0))):
        # The factor that stands in this place of each product; the column of ones where it has no more factors.
        factors = [np.repeat(np.arange(len(one)), one) for one in powers]
        columns.append([int(one[place]) if place < len(one) else block.width for one in factors])
    one = graph.op("Mul", graph.take(block, [0]).name, np.array(0.0))
    ones = Block(graph.op("Add", one, np.array(1.0)), 1, complete=True)
    wide = graph.join([block, ones])
    made = [graph.take(wide, each).name for each in columns] or [ones.name]
    product = made[0]
    for other in made[1:]:
        product = graph.op("Mul", product, other)
    return Block(product, len(powers), complete=block.complete)


def projection(graph: Graph, fitted: Any, block: Block) -> Block:
    """PCA and TruncatedSVD."""
    import numpy as np

    graph.refuse_nulls(block)
    parts = np.asarray(fitted.components_, dtype=np.float64)
    made = graph.op("MatMul", block.name, np.ascontiguousarray(parts.T))
    if getattr(fitted, "mean_", None) is not None:
        made = graph.op("Sub", made, np.asarray(fitted.mean_, dtype=np.float64).reshape(1, -1) @ parts.T)
    if getattr(fitted, "whiten", False):
        made = graph.op("Div", made, np.sqrt(np.array([fitted.explained_variance_], dtype=np.float64)))
    return Block(made, len(parts), complete=block.complete)


def select(graph: Graph, fitted: Any, block: Block) -> Block:
    """Whatever keeps some of the columns."""
    return graph.take(block, [int(one) for one in fitted.get_support(indices=True)])


def unit(graph: Graph, fitted: Any, block: Block) -> Block:
    """Normalizer: each row by its own length."""
    import numpy as np

    graph.refuse_nulls(block)
    axis = np.array([1], dtype=np.int64)
    kinds = {"l1": "ReduceL1", "l2": "ReduceL2"}
    if fitted.norm == "max":
        size = graph.op("ReduceMax", graph.op("Abs", block.name), axis, keepdims=1)
    else:
        size = graph.op(kinds[fitted.norm], block.name, axis, keepdims=1)
    zero = graph.op("Equal", size, np.array(0.0))
    safe = graph.op("Where", zero, np.array(1.0), size)
    return Block(graph.op("Div", block.name, safe), block.width, complete=block.complete)


def above(graph: Graph, fitted: Any, block: Block) -> Block:
    """Binarizer."""
    import numpy as np

    graph.refuse_nulls(block)
    made = graph.op("Greater", block.name, np.array(float(fitted.threshold)))
    return Block(graph.cast(made, "DOUBLE"), block.width, complete=True)


def quantiles(graph: Graph, fitted: Any, block: Block) -> Block:
    """QuantileTransformer to the uniform distribution: the mean of the interpolations from below and from above."""
    import numpy as np

    if fitted.output_distribution != "uniform":
        raise NotConvertible("ONNX has no inverse of the normal distribution")
    references = np.asarray(fitted.references_, dtype=np.float64)
    made = []
    for column in range(block.width):
        points = np.asarray(fitted.quantiles_[:, column], dtype=np.float64)
        made.append(Block(_quantile(graph, graph.take(block, [column]).name, points, references), 1))
    joined = graph.join(made)
    return Block(joined.name, joined.width, complete=block.complete)


def _quantile(graph: Graph, x: str, points: np.ndarray[Any, Any], references: np.ndarray[Any, Any]) -> str:
    """From below the last of equal points counts, from above the first; at the ends it is 0 and 1."""
    import numpy as np

    both = [interpolate(graph, x, points, references, kind) for kind in ("LessOrEqual", "Less")]
    made = graph.op("Mul", graph.op("Add", *both), np.array(0.5))
    high = graph.op("GreaterOrEqual", x, np.array(float(points[-1])))
    low = graph.op("LessOrEqual", x, np.array(float(points[0])))
    return graph.op("Where", low, np.array(0.0), graph.op("Where", high, np.array(1.0), made))


def interpolate(
    graph: Graph, x: str, points: np.ndarray[Any, Any], values: np.ndarray[Any, Any], kind: str = "LessOrEqual"
) -> str:
    """Between the last point that is at most ``x`` (or less than it) and the next, in a straight line."""
    import numpy as np

    last = len(points) - 1
    below = graph.cast(graph.op(kind, points.reshape(1, -1), x), "INT64")
    count = graph.op("ReduceSum", below, np.array([1], dtype=np.int64), keepdims=1)
    left = graph.op("Sub", count, np.array(1, dtype=np.int64))
    left = graph.op("Clip", left, np.array(0, dtype=np.int64), np.array(max(last - 1, 0), dtype=np.int64))
    right = graph.op("Add", left, np.array(min(last, 1), dtype=np.int64))
    x0, x1 = graph.op("Gather", points, left), graph.op("Gather", points, right)
    y0, y1 = graph.op("Gather", values, left), graph.op("Gather", values, right)
    width = graph.op("Sub", x1, x0)
    flat = graph.op("Equal", width, np.array(0.0))
    slope = graph.op("Div", graph.op("Sub", y1, y0), graph.op("Where", flat, np.array(1.0), width))
    return graph.op("Add", y0, graph.op("Mul", graph.op("Sub", x, x0), slope))


NUMBERS = {
    "StandardScaler": standard,
    "MinMaxScaler": between,
    "MaxAbsScaler": largest,
    "RobustScaler": robust,
    "MissingIndicator": missing,
    "KBinsDiscretizer": bins,
    "PolynomialFeatures": products,
    "PCA": projection,
    "TruncatedSVD": projection,
    "Normalizer": unit,
    "Binarizer": above,
    "QuantileTransformer": quantiles,
    "VarianceThreshold": select,
    "SelectKBest": select,
    "SelectPercentile": select,
    "SelectFromModel": select,
    "SelectFpr": select,
    "SelectFdr": select,
    "SelectFwe": select,
    "RFE": select,
    "RFECV": select,
}
