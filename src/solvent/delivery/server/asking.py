"""Questions and answers: a body in one of four forms becomes records, and answers are told in the form they came in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from solvent.delivery.server.guard import check_rows
from solvent.delivery.server.lines.roster import Seat
from solvent.delivery.server.protocol import columns_of, plain_values, read_request, tensors_of
from solvent.delivery.server.reading import read_invocations, read_json
from solvent.errors import InputError
from solvent.learn.assembly import Answers

__all__ = ["Asked", "read"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its rows, and how its answer is written."""

    records: Any
    write: Callable[[Seat, str, Answers], dict[str, Any]]


def read(form: str, body: bytes, headers: Mapping[bytes, bytes], seat: Seat, most: int) -> Asked:
    """The question that a body asks in the form ``predict``, ``invocations`` or ``infer``, of at most so many rows.

    Raises :class:`NoJson` for what cannot be read, :class:`InputError` for what is no such question,
    :class:`TooLarge` for one of more rows.
    """
    if form == "predict":
        said = read_json(body)
        check_rows(len(said) if isinstance(said, list) else 1, most)
        return Asked(said, _write_list) if isinstance(said, list) else Asked([said], _write_one)
    if form == "invocations":
        return Asked(read_invocations(read_json(body), seat.served.predictor.columns, most), _write_invocations)
    return _read_tensors(body, headers.get(b"inference-header-content-length"), seat, most)


def _read_tensors(body: bytes, length: bytes | None, seat: Seat, most: int) -> Asked:
    if length is not None and not length.isdigit():
        raise InputError(f"Inference-Header-Content-Length is a number of bytes, not {length[:40].decode('latin-1')!r}")
    try:
        asked = read_request(body, None if length is None else int(length))
    except UnicodeDecodeError as error:
        raise InputError(f"a text of the request is not UTF-8: {error}") from None
    values, rows = columns_of(asked, most)
    wanted = None if asked.outputs is None else [one.name for one in asked.outputs]
    for name in wanted or ():
        if name not in ("prediction", "probability") or (name == "probability" and not seat.served.predictor.classes):
            raise InputError(f"there is no output {name!r}; there are prediction and, for classes, probability")
    if not asked.inputs and seat.served.predictor.columns:
        raise InputError("the request has no inputs; each column is one")

    def write(seat: Seat, id: str, answers: Answers) -> dict[str, Any]:
        outputs = tensors_of(answers, seat.served.datatype, seat.served.labels)
        told: dict[str, Any] = {
            "model_name": seat.served.model,
            "model_version": seat.served.version,
            "outputs": outputs if wanted is None else [one for one in outputs if one["name"] in wanted],
            "parameters": {"prediction_id": id},
        }
        if asked.id is not None:
            told["id"] = asked.id
        if answers.warnings:
            told["parameters"]["warnings"] = list(answers.warnings)
        return told

    if rows == 1:
        return Asked([{name: column[0] for name, column in values.items()}], write)
    names = list(values)
    return Asked([dict(zip(names, row, strict=True)) for row in zip(*values.values(), strict=True)], write)


def _names(seat: Seat, id: str, answers: Answers) -> dict[str, Any]:
    served = seat.served
    told: dict[str, Any] = {
        "model": served.model, "version": served.version, "bundle": served.bundle, "prediction_id": id
    }  # fmt: skip
    if answers.warnings:
        told["warnings"] = list(answers.warnings)
    return told


def _rows_of(seat: Seat, answers: Answers) -> list[dict[str, Any]]:
    """An object for each row: the prediction and, for a classifier, the probability of each class by its name."""
    predictions = plain_values(answers.prediction)
    if answers.probability is None:
        return [{"prediction": one} for one in predictions]
    labels = seat.served.labels
    shares = answers.probability.tolist()
    return [
        {"prediction": one, "probability": dict(zip(labels, share, strict=True))}
        for one, share in zip(predictions, shares, strict=True)
    ]


def _write_one(seat: Seat, id: str, answers: Answers) -> dict[str, Any]:
    return {**_names(seat, id, answers), **_rows_of(seat, answers)[0]}


def _write_list(seat: Seat, id: str, answers: Answers) -> dict[str, Any]:
    return {**_names(seat, id, answers), "predictions": _rows_of(seat, answers)}


def _write_invocations(seat: Seat, id: str, answers: Answers) -> dict[str, Any]:
    """As MLflow answers with a frame: a record for each row, the probability of each class a column of its own."""
    predictions = plain_values(answers.prediction)
    if answers.probability is None:
        rows = [{"prediction": one} for one in predictions]
    else:
        names = seat.served.shares
        rows = [
            {"prediction": one, **dict(zip(names, share, strict=True))}
            for one, share in zip(predictions, answers.probability.tolist(), strict=True)
        ]
    return {"predictions": rows, **_names(seat, id, answers)}
