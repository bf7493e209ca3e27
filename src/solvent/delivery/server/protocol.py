"""The Open Inference Protocol, version 2: tensors of a request become columns, answers become tensors."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from solvent.delivery.server.guard import check_rows
from solvent.errors import InputError, Problem, did_you_mean
from solvent.learn.assembly import Answers
from solvent.learn.tables.schema import Column, plain_value

__all__ = [
    "InferRequest",
    "columns_of",
    "datatype_of",
    "describe_model",
    "plain_values",
    "read_request",
    "tensors_of",
]

_TYPES = {
    "BOOL": "?", "INT8": "<i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "UINT8": "<u1", "UINT16": "<u2",
    "UINT32": "<u4", "UINT64": "<u8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
_KNOWN = frozenset({*_TYPES, "BYTES"})
_NULL = "__null"
_FIRST = 20  # how many faults are named


class Tensor(msgspec.Struct):
    """One input: a column's values, flat in row order."""

    name: str
    shape: list[int]
    datatype: str
    data: list[Any] | None = None
    parameters: dict[str, Any] | None = None


class WantedOutput(msgspec.Struct):
    """One output that was asked for."""

    name: str
    parameters: dict[str, Any] | None = None


class InferRequest(msgspec.Struct):
    """The body of a request for inference."""

    inputs: list[Tensor]
    id: str | None = None
    parameters: dict[str, Any] | None = None
    outputs: list[WantedOutput] | None = None


_DECODER = msgspec.json.Decoder(InferRequest)


def read_request(body: bytes, header_length: int | None) -> InferRequest:
    """A request from its body; with the binary extension, tensors follow the JSON as raw bytes.

    Raises :class:`InputError` for what is no such request.
    """
    head = body if header_length is None else body[:header_length]
    if header_length is not None and not 0 < header_length <= len(body):
        raise InputError(f"the header says {header_length} bytes of JSON, and the body has {len(body)}")
    try:
        request = _DECODER.decode(head)
    except msgspec.MsgspecError as error:
        raise InputError(f"this is no inference request: {error}") from None
    if header_length is None and not any(tensor.parameters for tensor in request.inputs):
        return request
    rest = memoryview(body)[len(head) :]
    for tensor in request.inputs:
        size = (tensor.parameters or {}).get("binary_data_size")
        if size is None:
            continue
        if not isinstance(size, int) or not 0 <= size <= len(rest):
            raise InputError(f"{tensor.name}: binary_data_size is {size}, and {len(rest)} bytes are left in the body")
        tensor.data, rest = _binary(tensor, bytes(rest[:size])), rest[size:]
    return request


def _binary(tensor: Tensor, data: bytes) -> list[Any]:
    if tensor.datatype == "BYTES":
        found, place = [], 0
        while place < len(data):
            if place + 4 > len(data):
                raise InputError(f"{tensor.name}: the binary text ends in the middle of a length")
            (size,) = struct.unpack_from("<I", data, place)
            if place + 4 + size > len(data):
                raise InputError(f"{tensor.name}: the binary text ends in the middle of a value")
            found.append(data[place + 4 : place + 4 + size].decode("utf-8", "strict"))
            place += 4 + size
        return found
    kind = np.dtype(_type(tensor))
    if len(data) % kind.itemsize:
        raise InputError(f"{tensor.name}: {len(data)} bytes are no whole number of {tensor.datatype}")
    return list(np.frombuffer(data, kind).tolist())


def _type(tensor: Tensor) -> str:
    try:
        return _TYPES[tensor.datatype]
    except KeyError:
        known = [*_TYPES, "BYTES"]
        hint = did_you_mean(tensor.datatype, known)
        text = f"{tensor.name}: no datatype {tensor.datatype!r}.{hint} There are: {', '.join(known)}"
        raise InputError(text) from None


def _beyond(datatype: str, data: Sequence[Any]) -> int | None:
    """The first whole number that a tensor of this type cannot hold; other values are judged by the column."""
    if "INT" not in datatype:
        return None
    held = np.iinfo(_TYPES[datatype])
    low, high = int(held.min), int(held.max)
    return next((one for one in data if type(one) is int and not low <= one <= high), None)


def columns_of(request: InferRequest, most: int) -> tuple[dict[str, Sequence[Any]], int]:
    """The values by column, nulls as None, and how many rows there are; raises :class:`InputError`.

    Raises :class:`TooLarge` for more than ``most`` rows.
    """
    plain = _plain(request.inputs)
    if plain is not None:
        check_rows(plain[1], most)
        return plain
    problems: list[Problem] = []
    found: dict[str, list[Any]] = {}
    rows: int | None = None
    for tensor in request.inputs:
        if tensor.name in found:
            problems.append(Problem(tensor.name, "there are two tensors of this name"))
            continue
        if tensor.datatype != "BYTES":
            _type(tensor)
        data = tensor.data
        if data is None:
            problems.append(Problem(tensor.name, "the tensor has no data"))
            continue
        check_rows(len(data), most)
        if len(tensor.shape) not in (1, 2) or (len(tensor.shape) == 2 and tensor.shape[1] != 1):
            problems.append(Problem(tensor.name, f"a column has the shape [n] or [n, 1], not {tensor.shape}"))
            continue
        if len(data) == tensor.shape[0] and data and isinstance(data[0], list):  # nested, as the protocol allows
            data = [one[0] if isinstance(one, list) and len(one) == 1 else one for one in data]
        if tensor.shape[0] != len(data):
            problems.append(Problem(tensor.name, f"the shape says {tensor.shape[0]} values, and there are {len(data)}"))
            continue
        if rows is not None and len(data) != rows:
            problems.append(Problem(tensor.name, f"{len(data)} values, and the tensors before have {rows}"))
            continue
        rows = len(data)
        odd = _beyond(tensor.datatype, data)
        if odd is not None:
            problems.append(Problem(tensor.name, f"{odd} is no {tensor.datatype}"))
            continue
        found[tensor.name] = _with_nulls(tensor, list(data), problems)
    if problems:
        raise InputError("the tensors do not fit together", problems[:_FIRST])
    for name in [name for name in found if name.endswith(_NULL) and name.removesuffix(_NULL) in found]:
        for place, missing in enumerate(found.pop(name)):
            if missing:
                found[name.removesuffix(_NULL)][place] = None
    return dict(found), rows or 0


def _plain(tensors: Sequence[Tensor]) -> tuple[dict[str, Sequence[Any]], int] | None:
    """The same of tensors about which there is nothing to decide, as nearly all are; None for any other."""
    rows = len(tensors[0].data or ()) if tensors else 0
    if not rows:
        return None
    shape, matrix = [rows], [rows, 1]
    found: dict[str, Sequence[Any]] = {}
    for one in tensors:
        data = one.data
        if (
            data is None
            or len(data) != rows
            or (one.shape != shape and one.shape != matrix)
            or one.datatype not in _KNOWN
            or one.parameters
            or type(data[0]) is list
            or one.name.endswith(_NULL)
            or _beyond(one.datatype, data) is not None
        ):
            return None
        found[one.name] = data
    return (found, rows) if len(found) == len(tensors) else None


def _with_nulls(tensor: Tensor, data: list[Any], problems: list[Problem]) -> list[Any]:
    places = (tensor.parameters or {}).get("null", [])
    if not isinstance(places, list):
        problems.append(Problem(tensor.name, "the parameter null is a list of places"))
        return data
    for place in places:
        if isinstance(place, int) and not isinstance(place, bool) and 0 <= place < len(data):
            data[place] = None
        else:
            problems.append(Problem(tensor.name, f"the parameter null names the place {place!r}, which is none"))
            break
    return data


def plain_values(values: np.ndarray[Any, Any]) -> list[Any]:
    """Answers as JSON can carry them."""
    plain = values.tolist()
    return list(plain) if values.dtype.kind in "biuU" else [plain_value(one) for one in plain]


def tensors_of(answers: Answers, datatype: str, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Answers as tensors: ``prediction`` of this type and, for a classifier, ``probability`` with the labels."""
    made: list[dict[str, Any]] = [
        {
            "name": "prediction",
            "datatype": datatype,
            "shape": [len(answers.prediction)],
            "data": plain_values(answers.prediction),
        }
    ]
    if answers.probability is not None:
        made.append(
            {
                "name": "probability",
                "datatype": "FP64",
                "shape": answers.probability.shape,
                "data": answers.probability.ravel().tolist(),
                "parameters": {"classes": labels},
            }
        )
    return made


def datatype_of(classes: Sequence[Any]) -> str:
    """The type of a tensor of predictions, of these classes or, where there are none, of numbers."""
    kinds = {type(one) for one in classes}
    if len(kinds) != 1:
        return "FP64"
    return {bool: "BOOL", int: "INT64", str: "BYTES"}.get(kinds.pop(), "FP64")


def describe_model(name: str, version: str, columns: Sequence[Column], classes: Sequence[Any]) -> Mapping[str, Any]:
    """The model's metadata: one input for each column, with what training saw of it."""
    datatypes = {"bool": "BOOL", "int": "INT64", "float": "FP64"}
    inputs = []
    for one in columns:
        seen = {"kind": one.kind, "nullable": one.nullable, "example": one.example, "low": one.low, "high": one.high}
        if one.values:
            seen["values"] = list(one.values)
        inputs.append(
            {"name": one.name, "datatype": datatypes.get(one.kind, "BYTES"), "shape": [-1], "parameters": seen}
        )
    outputs: list[dict[str, Any]] = [{"name": "prediction", "datatype": datatype_of(classes), "shape": [-1]}]
    if classes:
        names = {"classes": [str(one) for one in classes]}
        outputs.append({"name": "probability", "datatype": "FP64", "shape": [-1, len(classes)], "parameters": names})
    return {"name": name, "versions": [version], "platform": "solvent", "inputs": inputs, "outputs": outputs}
