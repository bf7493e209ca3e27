"""How rows become what a graph is given: a matrix of numbers with NaN for null, and one of text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from solvent.delivery.runtime.graphs.writing import NULL
from solvent.errors import InputError
from solvent.learn.tables.moments import read_moment
from solvent.learn.tables.schema import Column, compare_names, read_records, told_once, unseen, value_of
from solvent.learn.tabular import TabularFeatures, lengths_of, parts_of
from solvent.learn.wording import marks_of, words_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Layout", "Reader", "Reading", "layout_of"]

Feeds = dict[str, "np.ndarray[Any, Any]"]


@dataclass(frozen=True)
class Reading:
    """One number that a graph is given of a column: its ``value``, or one that ONNX has no operator for.

    The others are ``length``, ``words`` and ``has WORD`` of text, and ``year``, ``month``, ``weekday`` and ``hour`` of
    a time.
    """

    column: str
    measure: str = "value"


@dataclass(frozen=True)
class Layout:
    """The columns of the inputs ``numbers`` and ``texts``, in their order; ``zoned`` are times as text with a zone."""

    numbers: tuple[Reading, ...]
    texts: tuple[str, ...]
    zoned: tuple[str, ...] = ()


def layout_of(columns: Sequence[Column], transform: Any) -> Layout:
    """What a graph that begins with this transform is given of these columns."""
    numbers: list[Reading] = []
    texts: list[str] = []
    for column in columns:
        name = column.name
        if isinstance(transform, TabularFeatures) and name in transform.moments:
            numbers += [Reading(name, part) for part in transform.moments[name]]
        elif isinstance(transform, TabularFeatures) and name in transform.texts:
            numbers += [Reading(name, "length"), Reading(name, "words")]
            numbers += [Reading(name, f"{HAS}{word}") for word in transform.texts[name]]
        elif isinstance(transform, TabularFeatures) and name not in {*transform.medians, *transform.shares}:
            continue
        elif column.kind == "text":
            texts.append(name)
        elif column.kind in ("bool", "int", "float"):
            numbers.append(Reading(name))
    zoned = tuple(transform.zoned) if isinstance(transform, TabularFeatures) else ()
    return Layout(tuple(numbers), tuple(texts), zoned)


class Reader:
    """Makes the inputs of frames and of records."""

    def __init__(self, layout: Layout, columns: Sequence[Column]) -> None:
        self._layout = layout
        self._columns = tuple(columns)
        self._names = {column.name for column in columns}
        self._plan = [_cell(column, layout) for column in columns]
        by_name = {column.name: column for column in columns}
        self._kinds = [
            (place, by_name[name], frozenset((*by_name[name].known, NULL)))
            for place, name in enumerate(layout.texts) if by_name[name].known
        ]  # fmt: skip

    def of_frame(self, frame: pl.DataFrame) -> Feeds:
        """The inputs of a frame that fits the columns."""
        import polars as pl

        made: Feeds = {}
        if self._layout.numbers:
            read = [
                _read(frame.get_column(one.column), one.measure, one.column in self._layout.zoned)
                for one in self._layout.numbers
                if not one.measure.startswith(HAS)
            ]
            named = [one.alias(str(place)) for place, one in enumerate(read)]
            made["numbers"] = np.ascontiguousarray(self._with_marks(frame, pl.DataFrame(named).to_numpy()))
        if self._layout.texts:
            texts = frame.select(pl.col(name).cast(pl.String).fill_null(NULL) for name in self._layout.texts)
            made["texts"] = np.ascontiguousarray(texts.to_numpy().astype(object))
        return made

    def _with_marks(self, frame: pl.DataFrame, plain: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The numbers with those of words in their places; each text is taken apart once for all of its words."""
        import polars as pl

        words: dict[str, dict[str, int]] = {}
        for place, one in enumerate(self._layout.numbers):
            if one.measure.startswith(HAS):
                words.setdefault(one.column, {})[one.measure[len(HAS) :]] = place
        if not words:
            return plain
        made = np.empty((frame.height, len(self._layout.numbers)))
        others = [place for place, one in enumerate(self._layout.numbers) if not one.measure.startswith(HAS)]
        if others:
            made[:, others] = plain
        for column, known in words.items():
            texts = frame.get_column(column).cast(pl.String).to_list()
            made[:, list(known.values())] = marks_of(texts, list(known))
        return made

    def of_records(self, records: Sequence[Mapping[str, Any]]) -> tuple[Feeds, tuple[str, ...]]:
        """The inputs of records as they come in a request, and warnings; raises as :func:`read_records`.

        What fits is read here, without a frame. At the first value that does not fit, :func:`read_records` looks at
        all records again: there is one place that words what is wrong with a request.
        """
        with suppress(_Odd, ValueError, AttributeError, InputError):
            return self._quickly(records)
        prepared = read_records(records, self._columns)
        return self.of_frame(prepared.frame), prepared.warnings

    def _quickly(self, records: Sequence[Mapping[str, Any]]) -> tuple[Feeds, tuple[str, ...]]:
        names, plan = self._names, self._plan
        warnings: list[str] = []
        numbers: list[float] = []
        texts: list[str] = []
        before: Any = names
        for record in records:
            if not isinstance(record, Mapping):
                raise _Odd
            keys = record.keys()
            if keys != names and (before is names or keys != before):
                warnings += compare_names(list(record), self._columns)
            before = keys
            for name, read in plan:
                read(record.get(name), numbers, texts)
        for place, column, known in self._kinds:
            new = set(texts[place :: len(self._layout.texts)]) - known
            if new:
                warnings += unseen(new, column)
        feeds: Feeds = {}
        rows = len(records)
        if self._layout.numbers:
            feeds["numbers"] = np.array(numbers, dtype=np.float64).reshape(rows, -1)
        if self._layout.texts:
            feeds["texts"] = np.array(texts, dtype=object).reshape(rows, -1)
        return feeds, told_once(warnings) if warnings else ()


class _Odd(Exception):
    """Something that the quick way does not know."""


HAS = "has "
_PLAIN = ("value", "length", "words")
_YEARS = range(1902, 2038)  # in which Python and Polars know the same rules of each zone
_NAN = float("nan")
Cell = Callable[[Any, list[float], list[str]], None]


def _cell(column: Column, layout: Layout) -> tuple[str, Cell]:
    """How a value of this column is checked, and what of it is taken."""
    measures = [one.measure for one in layout.numbers if one.column == column.name]
    if column.kind == "text" and column.name in layout.texts:
        return column.name, _text_cell(column)
    if measures == ["value"]:
        return column.name, _float_cell(column) if column.kind == "float" else _number_cell(column)
    return column.name, _measured_cell(column, measures, column.name in layout.zoned)


def _text_cell(column: Column) -> Cell:
    def read(value: Any, numbers: list[float], texts: list[str]) -> None:
        if type(value) is str and value != NULL:
            texts.append(value)
        elif value_of(value, column) is None:  # or it raises
            texts.append(NULL)
        else:
            raise _Odd

    return read


def _float_cell(column: Column) -> Cell:
    def read(value: Any, numbers: list[float], texts: list[str]) -> None:
        if type(value) is float and value - value == 0.0:
            numbers.append(value)
        else:
            made = value_of(value, column)
            numbers.append(_NAN if made is None else made)

    return read


def _number_cell(column: Column) -> Cell:
    kind: Any = {"bool": bool, "int": int}[column.kind]

    def read(value: Any, numbers: list[float], texts: list[str]) -> None:
        if type(value) is kind and -0x8000000000000000 <= value < 0x8000000000000000:
            numbers.append(value)
        else:
            made = value_of(value, column)
            numbers.append(_NAN if made is None else made)

    return read


def _measured_cell(column: Column, measures: list[str], zoned: bool) -> Cell:
    zone = ZoneInfo(column.kind[9:]) if column.kind[9:] not in ("", "UTC") else None
    words = [one[len(HAS) :] for one in measures if one.startswith(HAS)]
    plain = [one for one in measures if not one.startswith(HAS)]  # which come first
    is_time = column.kind == "text" and not words and bool({*plain} - {*_PLAIN})

    def read(value: Any, numbers: list[float], texts: list[str]) -> None:
        made = value_of(value, column)
        if is_time and made is not None:
            made = read_moment(made, zoned)
        elif isinstance(made, dt.datetime) and zone is not None:
            if made.year not in _YEARS:
                raise _Odd
            made = made.astimezone(zone)
        for measure in plain:
            numbers.append(_measure(made, measure))
        if words:
            found = words_of(made) if made else ()
            numbers.extend([1.0 if word in found else 0.0 for word in words])

    return read


def _measure(value: Any, measure: str) -> float:
    """As :func:`_read`, of one value."""
    if measure in ("length", "words"):
        text = "" if value is None else value
        return len(text) if measure == "length" else text.count(" ") + 1
    if value is None:
        return _NAN
    return float(value.isoweekday() if measure == "weekday" else getattr(value, measure))


def _read(values: pl.Series, measure: str, zoned: bool) -> pl.Series:
    import polars as pl

    if measure == "value":
        return values.cast(pl.Float64)
    if measure in ("length", "words"):
        return lengths_of(values)[measure == "words"]
    part = parts_of(values, [measure], zoned)[0]
    return part.set(part == -1.0, None)
