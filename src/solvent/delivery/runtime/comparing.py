"""Whether a predictor and its graph say the same: row by row, alone and in a batch, with nulls and unseen text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.errors import SolventError
from solvent.learn.assembly import Answers, Predictor
from solvent.learn.tables.rows import frame_of
from solvent.learn.tables.schema import Column, Prepared, plain_value

if TYPE_CHECKING:
    import polars as pl

    from solvent.delivery.runtime.answering import OnnxPredictor

__all__ = ["Difference", "Parity", "compare"]

TOLERANCE = 1e-5  # of a probability, and relative of a value
_ALONE = 200  # rows that are also asked one by one
_DERIVED = 50  # rows of which each column is made null, or given a text never seen
_SHOWN = 10
_UNSEEN = "never seen in training"


@dataclass(frozen=True)
class Difference:
    """A row that the two answer differently: where it comes from, the row, and both answers."""

    case: str
    row: dict[str, Any]
    python: Any
    onnx: Any


@dataclass(frozen=True)
class Parity:
    """What a comparison found.

    ``rows`` were compared, ``different`` of them lie outside the tolerance, ``refused`` were refused by both.
    ``largest`` is the largest difference of a probability, or relative difference of a value, among all rows. A value
    is measured against itself or against the median size of the answers, whichever is larger: beside answers of
    some hundreds one of 0.001 may be off by more than a hundred-thousandth of itself.
    """

    rows: int
    different: int
    refused: int
    largest: float
    differences: tuple[Difference, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether no row is outside the tolerance, and there were rows."""
        return self.different == 0 and self.rows > self.refused


def compare(python: Predictor, onnx: OnnxPredictor, rows: Any) -> Parity:
    """Ask both about these rows, and about rows made of them: each column null in turn, each text one never seen.

    Rows that both refuse count as alike; a row that only one of them refuses is different. ``rows`` is a frame
    with the columns that the predictor asks for.
    """
    prepared = python.prepare(frame_of(rows))
    found = _Found()
    frame = prepared.frame
    first = _ask_all(python, frame)
    found.usual = _usual(first)
    _judge(found, "as given", frame, first, _ask_all(onnx, frame))
    few = frame.head(_ALONE)
    alone = [few.slice(place, 1) for place in range(few.height)]
    batch = _ask_all(python, few)
    _judge(found, "alone", few, batch, [_ask_all(onnx, one)[0] for one in alone])
    if python.columns and onnx.first == 0:
        _judge(found, "as a record", few, batch, [_ask_record(onnx, one, python.columns) for one in alone])
    for case, derived in _derived(frame.head(_DERIVED), python.columns):
        _judge(found, case, derived, _ask_all(python, derived), _ask_all(onnx, derived))
    return Parity(found.rows, found.different, found.refused, found.largest, tuple(found.shown))


def _derived(frame: pl.DataFrame, columns: tuple[Column, ...]) -> list[tuple[str, pl.DataFrame]]:
    import polars as pl

    made = []
    for column in columns:
        dtype = frame.schema[column.name]
        if column.nullable:
            nulls = pl.Series(column.name, [None] * frame.height, dtype)
            made.append((f"{column.name} null", frame.with_columns(nulls)))
        if column.kind == "text":
            made.append((f"{column.name} never seen", frame.with_columns(pl.lit(_UNSEEN).alias(column.name))))
    return made


class _Found:
    """What was found so far."""

    def __init__(self) -> None:
        self.rows = self.different = self.refused = 0
        self.largest = self.usual = 0.0
        self.shown: list[Difference] = []


def _ask_all(asked: Predictor | OnnxPredictor, frame: pl.DataFrame) -> list[Any]:
    """The answer for each row; where some are refused, they are found by asking halves."""
    try:
        return _split(asked.answer_prepared(Prepared(frame)))
    except Exception:  # a user's own transform refuses as it likes
        if frame.height == 1:
            return [None]
        half = frame.height // 2
        return _ask_all(asked, frame.head(half)) + _ask_all(asked, frame.slice(half))


def _ask_record(asked: OnnxPredictor, row: pl.DataFrame, columns: tuple[Column, ...]) -> Any:
    record = {name: plain_value(value) for name, value in row.row(0, named=True).items()}
    if any(record[column.name] is None and not column.nullable for column in columns):
        return _ask_all(asked, row)[0]  # a frame may have such a null, a record may not
    try:
        return _split(asked.answer_records([record]))[0]
    except SolventError:
        return None


def _split(answers: Answers) -> list[Any]:
    if answers.probability is None:
        return [(one, None) for one in answers.prediction]
    return list(zip(answers.prediction, answers.probability, strict=True))


def _judge(found: _Found, case: str, frame: pl.DataFrame, python: list[Any], onnx: list[Any]) -> None:
    for place, (one, other) in enumerate(zip(python, onnx, strict=True)):
        found.rows += 1
        if one is None and other is None:
            found.refused += 1
            continue
        far, alike = (float("inf"), False) if one is None or other is None else _distance(one, other, found.usual)
        if far == far and far != float("inf"):
            found.largest = max(found.largest, far)
        if alike:
            continue
        found.different += 1
        if len(found.shown) < _SHOWN:
            row = {name: plain_value(value) for name, value in frame.row(place, named=True).items()}
            found.shown.append(Difference(case, row, _said(one), _said(other)))


def _usual(answers: list[Any]) -> float:
    """The median size of values."""
    import numpy as np

    values = [abs(float(one[0])) for one in answers if one is not None and isinstance(one[0], (float, np.floating))]
    return float(np.nanmedian(values)) if values and not np.isnan(values).all() else 0.0


def _distance(one: Any, other: Any, usual: float) -> tuple[float, bool]:
    """How far two answers are apart, and whether that is within the tolerance."""
    import numpy as np

    (value, chances), (other_value, other_chances) = one, other
    if chances is None or other_chances is None:
        if chances is not other_chances:
            return float("inf"), False
        if not isinstance(value, (float, np.floating)):
            return 0.0, bool(value == other_value)
        if value != value or other_value != other_value:
            return 0.0, bool(value != value and other_value != other_value)
        far = abs(float(value) - float(other_value)) / max(abs(float(value)), usual, 1e-300)
        return (0.0, True) if value == other_value else (far, far <= TOLERANCE)
    if chances.shape != other_chances.shape:
        return float("inf"), False
    far = float(np.abs(chances - other_chances).max())
    first, second = np.sort(chances)[-2:][::-1] if len(chances) > 1 else (1.0, 0.0)
    return far, far <= TOLERANCE and bool(value == other_value or first - second <= TOLERANCE)


def _said(answer: Any) -> Any:
    if answer is None:
        return "refused"
    value, chances = answer
    return plain_value(value) if chances is None else [plain_value(value), *map(plain_value, chances)]
