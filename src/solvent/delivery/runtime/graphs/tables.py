"""Encoders of categories as look-up tables: each column's values are numbered, and a table has what becomes of each."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from solvent.delivery.runtime.graphs.columns import Table
from solvent.delivery.runtime.graphs.writing import NULL, Block, Graph, NotConvertible, tensor_of

if TYPE_CHECKING:
    import numpy as np

__all__ = ["encoder", "look_up"]

_UNSEEN = "\U000f0001"  # a text that training never saw


def encoder(graph: Graph, fitted: Any, table: Table) -> Block:
    """scikit-learn's OneHotEncoder, OrdinalEncoder and TargetEncoder.

    The table is not worked out from the encoder's settings: the encoder itself is asked about every category, about
    null and about a value never seen. Where it raises, the graph marks the row as refused.
    """
    texts = [table.is_text(one) for one in range(table.width)]
    kinds = [_categories(one, text) for one, text in zip(fitted.categories_, texts, strict=True)]
    usual = [known[0] if known else _nothing(text) for known, text in zip(kinds, texts, strict=True)]
    widths = _widths(fitted)
    made = []
    for place, (known, text) in enumerate(zip(kinds, texts, strict=True)):
        # A column of nothing but nulls has no category; a key that cannot occur gives the look-up its kind.
        known = known or ([_UNSEEN + " either"] if text else [1.0])
        unseen = _UNSEEN if text else max(known) + 1.0
        asked = [[*usual[:place], value, *usual[place + 1 :]] for value in [*known, _nothing(text), unseen]]
        rows = [_ask(fitted, row, any(texts)) for row in asked]
        part = _table_of(rows, sum(widths[:place]), widths[place])
        made.append(look_up(graph, table.vector(graph, place), known, part, [row is None for row in rows]))
    return graph.join(made)


def _nothing(text: bool) -> Any:
    """A null as scikit-learn sees it in such a column."""
    return None if text else float("nan")


def _categories(values: np.ndarray[Any, Any], text: bool) -> list[Any]:
    """The categories without null, as the graph has them."""
    known = [one for one in values.tolist() if one is not None and one == one]
    if text:
        if not all(isinstance(one, str) for one in known):
            raise NotConvertible("its categories are text and numbers mixed in one column")
        return known
    if not all(isinstance(one, (bool, int, float)) for one in known):
        raise NotConvertible("its categories are neither text nor numbers")
    if any(abs(one) > 2**53 for one in known):
        raise NotConvertible("it has whole numbers beyond 2^53 as categories, which a double cannot tell apart")
    return [float(one) for one in known]


def _widths(fitted: Any) -> list[int]:
    count = len(fitted.categories_)
    if hasattr(fitted, "_n_features_outs"):
        return [int(one) for one in fitted._n_features_outs]
    each = len(fitted.classes_) if getattr(fitted, "target_type_", "") == "multiclass" else 1
    return [each] * count


def _ask(fitted: Any, row: list[Any], objects: bool) -> np.ndarray[Any, Any] | None:
    """What the encoder makes of a row; None if it raises."""
    import warnings

    import numpy as np

    single = copy.copy(fitted)
    single.__dict__.pop("feature_names_in_", None)  # it is asked without names here
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = single.transform(np.array([row], dtype=object if objects else np.float64))
        except (ValueError, TypeError):
            return None
    made = made.toarray() if hasattr(made, "toarray") else made
    rows: np.ndarray[Any, Any] = np.asarray(made, dtype=np.float64)
    return rows[0]  # type: ignore[no-any-return]


def _table_of(rows: list[np.ndarray[Any, Any] | None], start: int, width: int) -> np.ndarray[Any, Any]:
    """The part of the rows that belongs to one column; zeros for rows that were refused."""
    import numpy as np

    table = np.zeros((len(rows), width))
    for place, row in enumerate(rows):
        if row is not None:
            table[place] = row[start : start + width]
    return table


def look_up(graph: Graph, column: str, known: list[Any], table: np.ndarray[Any, Any], refused: Any = ()) -> Block:
    """The table's row for each value of a column ``[rows]``; its last two rows are for null and for the unseen."""
    import numpy as np

    count = len(known)
    places = np.arange(count + 1, dtype=np.int64)
    if any(isinstance(one, str) for one in known):
        given: dict[str, Any] = {"keys_strings": [*known, NULL], "values_int64s": places, "default_int64": count + 1}
    else:
        given = {
            "keys_tensor": tensor_of(np.array([*known, np.nan])),
            "values_tensor": tensor_of(places),
            "default_tensor": tensor_of(np.array([count + 1], dtype=np.int64)),
        }
    number = graph.op("LabelEncoder", column, ml=True, **given)
    if any(refused):
        marks = graph.op("Gather", np.array(refused), number, axis=0)
        graph.refuse(graph.op("Unsqueeze", marks, np.array([1], dtype=np.int64)))
    found = graph.op("Gather", table, number, axis=0)
    return Block(found, table.shape[1], complete=not bool(np.isnan(table).any()))
