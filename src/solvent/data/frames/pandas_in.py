"""pandas coming in: NaN is null, the index and attrs go along, and mixed columns are refused with row and column."""

from __future__ import annotations

import datetime
import decimal
import json
from typing import TYPE_CHECKING, Any

from solvent.data.canonical import EXACT_IN_FLOATS, Rows, check_names, conform, protect
from solvent.data.frames.arrow_in import series_of
from solvent.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["take_pandas"]


def take_pandas(frame: Any) -> Rows:
    """The canonical form of a pandas frame. Raises :class:`DataError` that names the column, and the row."""
    import polars as pl

    check_names(frame.columns, "the pandas frame")
    extra: dict[str, Any] = {}
    columns: dict[str, pl.Series] = {}
    for place, name in enumerate(frame.columns):
        columns[name] = _column(frame.iloc[:, place], name, extra)
    _index(frame.index, columns, extra)
    if frame.attrs:
        extra["attrs"] = _attrs(frame.attrs)
    made = pl.DataFrame(columns) if columns else pl.DataFrame(height=len(frame))
    return Rows(protect(conform(made)), extra)


def _column(series: Any, name: str, extra: dict[str, Any]) -> pl.Series:
    import pyarrow as pa

    if type(series.dtype).__name__ == "CategoricalDtype":
        return _category(series, name, extra)
    if series.dtype == object:
        return _objects(series, name)
    try:
        array = pa.array(series, from_pandas=True)
        if isinstance(array.type, pa.BaseExtensionType):
            raise TypeError("it is pandas' own")
        found = series_of(name, array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array]))
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(
            f"column {name!r} has the pandas type {series.dtype}, which no table can keep: {error}. Turn it into text, "
            f"numbers or times first, as in frame[{name!r}].astype(str)"
        ) from error
    return found.fill_nan(None) if found.dtype.is_float() else found


def _category(series: Any, name: str, extra: dict[str, Any]) -> pl.Series:
    """Text categories become an enum; of others the values are kept, and beside them the list and its order."""
    import polars as pl

    listed, ordered = series.cat.categories, bool(series.cat.ordered)
    codes = pl.Series(name, series.cat.codes.to_numpy().astype("int64"))
    present = codes.replace(-1, None).cast(pl.UInt32)
    values = listed.tolist()
    if all(type(one) is str for one in values):
        if not ordered:
            extra.setdefault("unordered", []).append(name)
        # An enum of no members has nothing to look up.
        names = pl.Series(values, dtype=pl.String)
        picked = names.gather(present) if values else pl.Series([None] * len(codes), dtype=pl.String)
        return picked.cast(pl.Enum(values)).alias(name)
    if not all(type(one) in (int, float, bool) for one in values):
        raise DataError(
            f"column {name!r} has categories of the type {type(values[0]).__name__}, and a table keeps categories that "
            f"are text, numbers or booleans. Say frame[{name!r}] = frame[{name!r}].astype(str)"
        )
    extra.setdefault("categories", {})[name] = {"values": values, "ordered": ordered}
    return pl.Series(name, values, dtype=None if values else pl.Null).gather(present).alias(name)


def _objects(series: Any, name: str) -> pl.Series:
    import pyarrow as pa

    missing = series.isna().to_numpy()
    values = series.to_numpy()
    if {set, frozenset} & set(map(type, values[~missing])):
        row = next(at for at, one in enumerate(values) if isinstance(one, (set, frozenset)))
        raise DataError(
            f"column {name!r}, row {row}: {type(values[row]).__name__} {values[row]!r:.80} has no order, so a table "
            f"cannot keep it. Make it a sorted list"
        )
    kinds = {_group(kind) for kind in set(map(type, values[~missing]))}
    if len(kinds) > 1 and not (kinds == {"int", "float"} and _exact(values[~missing])):
        raise _mixed(values, missing, name)
    if kinds == {"int"}:
        numbers = [None if gone else int(value) for value, gone in zip(values, missing, strict=True)]
        return _integers(numbers, missing, name)
    try:
        made = pa.array(series, from_pandas=True)
        return series_of(name, made if isinstance(made, pa.ChunkedArray) else pa.chunked_array([made]))
    except (pa.ArrowException, UnicodeEncodeError, OverflowError, TypeError, ValueError) as error:
        row = next((number for number, gone in enumerate(missing) if not gone and not _keeps(values[number])), 0)
        raise DataError(
            f"column {name!r}, row {row}: {type(values[row]).__name__} {values[row]!r:.80} cannot be kept in a table "
            f"({error}). Turn it into text, numbers, lists or dicts first, or return it beside the table"
        ) from error


def _integers(numbers: list[int | None], missing: Any, name: str) -> pl.Series:
    """Integers of any size that a table keeps: 64 bits, else unsigned, else decimals of 38 digits."""
    import polars as pl

    low = min((one for one in numbers if one is not None), default=0)
    high = max((one for one in numbers if one is not None), default=0)
    if low >= -(2**63) and high < 2**63:
        return pl.Series(name, numbers, dtype=pl.Int64)
    if low >= 0 and high < 2**64:
        return pl.Series(name, numbers, dtype=pl.UInt64)
    if low > -(10**38) and high < 10**38:
        return pl.Series(name, [None if one is None else decimal.Decimal(one) for one in numbers], pl.Decimal(38, 0))
    row = next(at for at, one in enumerate(numbers) if one is not None and abs(one) >= 10**38)
    raise DataError(f"column {name!r}, row {row}: a table keeps integers of at most 38 digits. Keep this one as text")


def _group(kind: type) -> str:
    """Types that may stand in one column have one group."""
    import numpy as np

    if issubclass(kind, (bool, np.bool_)):
        return "bool"
    if issubclass(kind, (int, np.integer)):
        return "int"
    if issubclass(kind, (float, np.floating)):
        return "float"
    if issubclass(kind, str):
        return "str"
    if issubclass(kind, datetime.datetime):
        return "datetime"
    return "list" if issubclass(kind, (list, tuple, np.ndarray)) else f"{kind.__module__}.{kind.__qualname__}"


def _exact(values: Any) -> bool:
    return all(abs(one) <= EXACT_IN_FLOATS for one in values if isinstance(one, int))


def _mixed(values: Any, missing: Any, name: str) -> DataError:
    first = next(number for number, gone in enumerate(missing) if not gone)
    kind = _group(type(values[first]))
    odd = next(at for at, gone in enumerate(missing) if not gone and _group(type(values[at])) != kind)
    return DataError(
        f"column {name!r} mixes types: row {first} is {type(values[first]).__name__} {values[first]!r:.60}, row {odd} "
        f"is {type(values[odd]).__name__} {values[odd]!r:.60}. Bring it to one type, as in frame[{name!r}].astype(str)"
    )


def _keeps(value: Any) -> bool:
    import pyarrow as pa

    try:
        pa.array([value], from_pandas=True)
    except (pa.ArrowException, UnicodeEncodeError, OverflowError, TypeError, ValueError):
        return False
    return True


def _index(index: Any, columns: dict[str, Any], extra: dict[str, Any]) -> None:
    """Keep an index that says more than 0, 1, 2 …: a named level as a column, a nameless one as a hidden column."""
    plain = type(index).__name__ == "RangeIndex" and index.start == 0 and index.step == 1
    if plain and index.name is None:
        return
    levels = []
    for number, name in enumerate(index.names):
        if name is not None and not isinstance(name, str):
            raise DataError(f"the pandas index has a level whose name is not text: {name!r}. Rename it")
        hidden = name is None or name in columns
        column = f"__index_{number}__" if hidden else str(name)
        if hidden and column in columns:
            raise DataError(f"the pandas frame has a column {column!r}, whose name is kept for its index. Rename it")
        series = index.get_level_values(number).to_series(index=range(len(index)))
        columns[column] = _column(series, column, extra)
        levels.append({"name": name, "column": column, "hidden": hidden})
    extra["index"] = levels


def _attrs(attrs: Any) -> Any:
    for name, value in attrs.items():
        try:
            json.dumps({name: value}, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"frame.attrs[{name!r}] cannot be kept ({error}): attrs may hold text, finite numbers, lists and "
                f"dicts. Remove it, or return it beside the table"
            ) from error
    return json.loads(json.dumps(attrs))
