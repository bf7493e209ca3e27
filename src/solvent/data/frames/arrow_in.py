"""Arrow coming in: columns as Polars' series, where Polars reads them as they are, or in a type that keeps them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from solvent.errors import DataError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["frame_of", "has_times", "has_zone", "readable", "series_of"]

_PARTS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def frame_of(table: Any) -> pl.DataFrame:
    """A Polars frame of an Arrow table with distinct column names."""
    import polars as pl

    if not table.num_columns:
        return pl.DataFrame(height=table.num_rows)
    columns = {}
    for field, chunked in zip(table.schema, table.columns, strict=True):
        columns[field.name] = series_of(field.name, chunked, field.metadata)
    return pl.DataFrame(columns)


def series_of(name: str, chunked: Any, metadata: Any = None) -> pl.Series:
    """A Polars series of a chunked array. Raises :class:`DataError` for values or types that no table can keep."""
    import polars as pl
    import pyarrow as pa

    chunked = _plain(name, chunked)
    kind = chunked.type
    for chunk in chunked.chunks:
        _check_times(name, chunk)
    if pa.types.is_dictionary(kind) and pa.types.is_large_string(kind.value_type) and kind.ordered:
        unified = chunked.unify_dictionaries()
        listed = unified.chunk(0).dictionary.to_pylist() if unified.num_chunks else _listed(metadata)
        made = pl.from_arrow(unified.cast(kind.value_type))
        return made.cast(pl.Enum(listed)).alias(name)  # type: ignore[union-attr]
    made = pl.from_arrow(pa.table({name: chunked}))
    return made.to_series()  # type: ignore[union-attr]


def _check_times(name: str, array: Any) -> None:
    """Raise :class:`DataError` for what is no time of a day: Polars would take it for null, without a word."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    if pa.types.is_time(kind):
        number = array.view(pa.int32() if kind.bit_width == 32 else pa.int64())
        day = 86_400 * _PARTS[kind.unit]
        ends = pc.min_max(number)
        if len(array) > array.null_count and not 0 <= ends["min"].as_py() <= ends["max"].as_py() < day:
            odd = next(one for one in number.to_pylist() if one is not None and not 0 <= one < day)
            shown = "24:00:00" if odd == day else f"{odd / _PARTS[kind.unit]:g} seconds"
            raise DataError(
                f"column {name!r} holds {shown}, and a time of day lies before the day's end. Read it as text "
                f"(types: {{{name}: text}}), or turn it into a duration"
            )
    elif not has_times(kind):
        return
    elif pa.types.is_struct(kind):
        for child in array.flatten():  # where a struct is null its fields are null
            _check_times(name, child)
    elif pa.types.is_map(kind):
        _check_times(name, array.keys)
        _check_times(name, array.items)
    else:
        _check_times(name, array.flatten())


def has_times(kind: Any) -> bool:
    """Whether an Arrow type is one of times of day, or holds any."""
    import pyarrow as pa

    return bool(pa.types.is_time(kind)) or any(has_times(kind.field(place).type) for place in range(kind.num_fields))


def _listed(metadata: Any) -> list[str]:
    """The members of an enum whose column has no chunk, as Polars notes them beside the column."""
    text = ((metadata or {}).get(b"_PL_ENUM_VALUES2") or b"").decode()
    listed = []
    while text:
        size, _, text = text.partition(";")
        raw = text.encode()
        listed.append(raw[: int(size)].decode())
        text = raw[int(size) :].decode()
    return listed


def _plain(name: str, chunked: Any) -> Any:
    """The column with an Arrow type that Polars can read. Raises :class:`DataError` where there is none."""
    import pyarrow as pa

    wanted = readable(name, chunked.type)
    if wanted == chunked.type:
        return chunked
    try:
        if pa.types.is_run_end_encoded(chunked.type):
            import pyarrow.compute as pc

            chunked = pc.call_function("run_end_decode", [chunked])
        if pa.types.is_list_view(chunked.type) or pa.types.is_large_list_view(chunked.type):
            # pyarrow's own cast gives lists with invalid offsets where a view is null.
            return pa.chunked_array([pa.array(chunk.to_pylist(), wanted) for chunk in chunked.chunks], wanted)
        return chunked.cast(wanted)
    except pa.ArrowException as error:
        raise DataError(f"column {name!r} ({chunked.type}) cannot be kept as {wanted}: {error}") from error


def readable(name: str, kind: Any, *, inside: bool = False) -> Any:
    """The Arrow type that Polars reads a column of this type as. Raises :class:`DataError` where there is none."""
    import pyarrow as pa

    known = pa.types
    if known.is_date64(kind):
        return pa.date32()
    if known.is_timestamp(kind) and not has_zone(kind.tz):
        return pa.timestamp(kind.unit, "UTC")  # the same instants, whatever the zone is
    if known.is_run_end_encoded(kind):
        return readable(name, kind.value_type)
    if known.is_dictionary(kind):
        values = readable(name, kind.value_type)
        text = known.is_string(values) or known.is_large_string(values) or known.is_string_view(values)
        if inside and text:
            return kind  # inside of lists Polars finds an enum by a note of its own, which a cast would lose
        return pa.dictionary(pa.int32(), pa.large_string(), True) if text and kind.ordered else values
    if known.is_struct(kind):
        return pa.struct([one.with_type(readable(name, one.type, inside=True)) for one in kind])
    if not inside and (known.is_list_view(kind) or known.is_large_list_view(kind)):
        return pa.large_list(readable(name, kind.value_type, inside=True))
    if known.is_fixed_size_list(kind):
        return pa.list_(readable(name, kind.value_type, inside=True), kind.list_size)
    if known.is_map(kind):
        return pa.map_(readable(name, kind.key_type, inside=True), readable(name, kind.item_type, inside=True))
    if known.is_list(kind) or known.is_large_list(kind):
        inner = readable(name, kind.value_type, inside=True)
        return kind if inner == kind.value_type and known.is_large_list(kind) else pa.large_list(inner)
    if isinstance(kind, pa.BaseExtensionType):
        return readable(name, kind.storage_type)
    if known.is_decimal256(kind):
        if kind.precision <= 38:
            return pa.decimal128(kind.precision, kind.scale)
        raise DataError(
            f"column {name!r} holds decimals of {kind.precision} digits; a table keeps at most 38. Cast it to "
            f"decimal128, or to text"
        )
    views = known.is_list_view(kind) or known.is_large_list_view(kind)
    if known.is_interval(kind) or known.is_union(kind) or views:
        raise DataError(f"column {name!r} has the Arrow type {kind}, which no table can keep; cast it first")
    return kind


@functools.cache
def has_zone(name: str | None) -> bool:
    """Whether Polars has a time zone; of columns in others it panics."""
    import polars as pl

    try:
        pl.Series([0]).cast(pl.Datetime("us", name))
    except pl.exceptions.PolarsError:
        return False
    return True
