"""What answers with a graph: the questions and answers of a predictor, and a short way for one or a few records."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from solvent.delivery.runtime.readings import Layout, Reader, Reading
from solvent.errors import InputError, MissingExtra, PlanError, Problem
from solvent.learn.adapting import as_frame, names_asked
from solvent.learn.assembly import Answers, Predictor, decide
from solvent.learn.tables.matrix import Matrix
from solvent.learn.tables.schema import Column, column_from, fit_frame

if TYPE_CHECKING:
    import polars as pl

    from solvent.delivery.runtime.convert import Converted
    from solvent.learn.tables.schema import Prepared

__all__ = ["OnnxPredictor"]

_FIRST = 20  # how many rows are named before the rest is left unsaid


class OnnxPredictor:
    """Answers as the predictor does that the graph was made of; safe to ask from several threads.

    ``before`` is a predictor for what stays in Python: its columns, classes and target, and the transforms that come
    before the graph. Its model is never asked, and may be None.
    """

    def __init__(self, model: bytes, before: Predictor, threads: int = 1) -> None:
        self._session = _session(model, threads)
        told = json.loads(self._session.get_modelmeta().custom_metadata_map["solvent"])
        self.first: int = told["first"]
        if len(before.transforms) < self.first:
            raise PlanError(
                f"the graph begins with part {self.first + 1}, and only {len(before.transforms)} transforms were "
                f"given for what comes before it"
            )
        self._before = Predictor((*before.transforms[: self.first], None), before.columns, before.classes)
        self.columns: tuple[Column, ...] = before.columns
        self.classes = before.classes
        self.target = before.target
        self.threshold = before.threshold
        self._features: list[str] | None = told.get("features")
        # What a graph is given that begins after functions of Python's is not what a request brings.
        self._given = tuple(column_from(one) for one in told.get("columns", ()))
        self._reader = None if "features" in told else Reader(_layout(told), self._given or before.columns)
        self._answer: str = told["answer"]
        outputs = [one.name for one in self._session.get_outputs()]
        self._outputs = [self._answer, *(["refused"] if "refused" in outputs else [])]
        self._labels = _labels(told, before.classes)
        self._dtype = np.dtype(told.get("dtype", "float64"))

    @classmethod
    def of(cls, predictor: Predictor, converted: Converted, threads: int = 1) -> OnnxPredictor:
        """What answers with the graph that was made of this predictor."""
        return cls(converted.model, predictor, threads)

    def prepare(self, rows: Any) -> Prepared:
        """The rows with exactly the columns that are asked for; raises as :meth:`Predictor.prepare`."""
        return self._before.prepare(rows)

    def answer(self, rows: Any) -> Answers:
        """Predictions, probabilities and what was noticed about the rows, as arrays."""
        return self.answer_prepared(self.prepare(rows))

    def answer_prepared(self, prepared: Prepared) -> Answers:
        """The same for rows that were made to fit already."""
        if not prepared.frame.height:
            return self._before.answer_prepared(prepared)
        return self._ask(self._feeds(prepared.frame), prepared.warnings)

    def answer_records(self, records: Sequence[Mapping[str, Any]]) -> Answers:
        """The same for records as they come in a request; raises :class:`InputError` as :meth:`answer` does.

        Where the whole predictor is in the graph, no frame is made: a record takes some ten microseconds.
        """
        if self._reader is None or self._given or not records:
            return self.answer(list(records))
        feeds, warnings = self._reader.of_records(records)
        return self._ask(feeds, warnings)

    def _feeds(self, frame: pl.DataFrame) -> dict[str, np.ndarray[Any, Any]]:
        rows = self._before.transformed(frame)
        if self._reader is not None:
            made = as_frame(rows)
            return self._reader.of_frame(fit_frame(made, self._given).frame if self._given else made)
        if self._features is not None:
            asked, known = names_asked(self._features, rows.columns), set(rows.columns)
            missing = [name for name in asked if name not in known]
            if missing:
                raise InputError(f"the graph was made for the column {missing[0]!r}, which the rows do not have")
            rows = rows if asked == rows.columns else rows.select(asked)
        return {"features": np.ascontiguousarray(_numbers(rows), dtype=np.float64)}

    def _ask(self, feeds: dict[str, np.ndarray[Any, Any]], warnings: tuple[str, ...]) -> Answers:
        told = self._session.run(self._outputs, feeds)
        if len(told) > 1 and told[1].any():
            _refuse(told[1])
        made = told[0]
        if self._answer == "probability":
            if self.threshold is None:
                return Answers(self._labels[made.argmax(axis=1)], made, self.classes, warnings)
            return Answers(decide(made, self.classes, self.threshold), made, self.classes, warnings)
        if self._answer == "choice":
            return Answers(self._labels[made], None, self.classes, warnings)
        return Answers(made[:, 0].astype(self._dtype, copy=False), None, self.classes, warnings)


def _session(model: bytes, threads: int) -> Any:
    try:
        from onnxruntime import InferenceSession, SessionOptions
    except ImportError:
        raise MissingExtra("a graph is answered by onnxruntime: pip install 'solvent[onnx]'") from None
    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 3
    # A thread that waits for work by spinning would take a core from the server's other work.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _numbers(rows: pl.DataFrame | Matrix) -> np.ndarray[Any, Any]:
    if isinstance(rows, Matrix):
        return rows.values
    import polars as pl

    try:
        return rows.select(pl.all().cast(pl.Float64)).to_numpy()
    except pl.exceptions.PolarsError as error:
        raise InputError(f"the graph takes numbers, and the rows have something else: {error}") from None


def _layout(told: Mapping[str, Any]) -> Layout:
    numbers = tuple(Reading(column, measure) for column, measure in told["numbers"])
    return Layout(numbers, tuple(told["texts"]), tuple(told.get("zoned", ())))


def _labels(told: Mapping[str, Any], classes: Sequence[Any]) -> np.ndarray[Any, Any]:
    if told["answer"] == "choice":
        return np.array(told["labels"], dtype=told["dtype"])
    return np.asarray(classes)


def _refuse(refused: np.ndarray[Any, Any]) -> None:
    places = np.flatnonzero(refused).tolist()
    said = "a value is missing or was never seen in training, where a part of the predictor allows neither"
    problems = [Problem(f"row {place}", said) for place in places[:_FIRST]]
    shown = "\n".join(f"  {one}" for one in problems)
    raise InputError(f"the predictor refuses {len(places)} of {len(refused)} rows:\n{shown}", problems)
