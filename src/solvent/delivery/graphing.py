"""The graph of a bundle: what of a predictor ONNX can do, kept only if it answers as the predictor does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent.delivery.bundles import GRAPH
from solvent.engine.context import log
from solvent.errors import SolventError

if TYPE_CHECKING:
    import polars as pl

    from solvent.delivery.bundles import Draft
    from solvent.learn.assembly import Predictor

__all__ = ["add_graph"]

_ROWS = 5000


def add_graph(draft: Draft, predictor: Predictor, golden: pl.DataFrame, rows: pl.DataFrame) -> dict[str, Any]:
    """Add the graph to a bundle, if there is one that is equal; gives what the manifest says of it.

    Compared are the golden rows and up to 5,000 others, in a batch and alone, with each column missing and each text
    unseen in turn (:mod:`solvent.delivery.runtime.comparing`).
    """
    import polars as pl

    from solvent.delivery.runtime.answering import OnnxPredictor
    from solvent.delivery.runtime.comparing import compare
    from solvent.delivery.runtime.convert import NotConvertible, convert

    try:
        made = convert(predictor)
        asked = pl.concat([golden, rows.head(_ROWS)])
        parity = compare(predictor, OnnxPredictor.of(predictor, made), asked)
    except NotConvertible as error:
        return {"equal": False, "why": str(error)}
    except SolventError as error:
        return {"equal": False, "why": f"the graph could not be compared: {error}"}
    told: dict[str, Any] = {
        "equal": parity.equal,
        "first": made.first,
        "opset": made.opset,
        "notes": list(made.notes),
    }
    log(onnx_rows=parity.rows, onnx_largest_difference=parity.largest)  # beside the bundle: it hangs on the processor
    if not parity.equal:
        return {**told, "why": f"{parity.different} of {parity.rows} rows are answered otherwise"}
    draft.files[GRAPH] = made.model
    return told
