"""What is served: one version of a model, which answers records, alone or several requests at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from solvent.delivery.server.protocol import datatype_of
from solvent.errors import InputError
from solvent.learn.assembly import Answers, Predictor

__all__ = ["Refused", "Served", "cut"]

Records = Sequence[Mapping[str, Any]]


class Refused(Exception):
    """Rows that fit the columns, and that the predictor cannot answer all the same; the text says why."""


@dataclass(frozen=True)
class Served:
    """A predictor, and the model, version and bundle that it is.

    ``runtime`` is ``python`` or ``onnx``. ``predictor`` has ``columns``, ``classes`` and ``answer(records)``; one that
    has ``answer_records`` too answers a few records by that, without a frame.
    """

    model: str
    version: str
    bundle: str
    predictor: Predictor
    runtime: str = "python"
    names: frozenset[str] = field(init=False, repr=False, compare=False)
    quick: Any = field(init=False, repr=False, compare=False)
    labels: tuple[str, ...] = field(init=False, repr=False, compare=False)
    shares: tuple[str, ...] = field(init=False, repr=False, compare=False)
    datatype: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset(one.name for one in self.predictor.columns))
        labels = tuple(map(str, self.predictor.classes))
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "shares", tuple(f"probability_{one}" for one in labels))
        object.__setattr__(self, "datatype", datatype_of(self.predictor.classes))
        object.__setattr__(self, "quick", getattr(self.predictor, "answer_records", None))

    def answer(self, records: Records) -> Answers:
        """The answers; raises :class:`InputError` for rows that do not fit, :class:`Refused` for others.

        What goes wrong inside of the predictor hangs on the rows that it was given, so it is told as their fault: an
        encoder that refuses a category it never saw is the usual case.
        """
        try:
            if self.quick is not None and len(records) <= 1000:
                made: Answers = self.quick(records)
                return made
            return self.predictor.answer(list(records))
        except InputError:
            raise
        except BaseException as error:
            # A library in Rust that panics raises what is no Exception; an end of the process is none of the rows'.
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            raise Refused(f"the predictor cannot answer these rows: {type(error).__name__}: {error}") from error

    def plain(self, records: Records) -> bool:
        """Whether all records have exactly the columns that are asked for, so that nothing is to be warned of."""
        names = self.names
        return all(isinstance(one, dict) and one.keys() == names for one in records)


def cut(answers: Answers, start: int, end: int) -> Answers:
    """The answers of some of the rows."""
    probability = None if answers.probability is None else answers.probability[start:end]
    return Answers(answers.prediction[start:end], probability, answers.classes, answers.warnings)
