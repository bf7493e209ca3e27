"""Golden rows as requests: raw JSON through the server's own application, in each of its forms."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from solvent.delivery.proving.golden import is_alike

if TYPE_CHECKING:
    from solvent.delivery.bundles import Bundle
    from solvent.delivery.proving.opening import Opened

__all__ = ["compare_requests"]

_ALONE = 50


def compare_requests(opened: Opened, bundle: Bundle, tolerance: float) -> tuple[list[dict[str, Any]], int]:
    """The requests that the server answers otherwise than the packing did, with both; and how many were asked.

    Each of the first fifty golden rows on its own, all of them as a list, as tensors and as MLflow asks, and the cases
    that were packed beside them: columns left out, nulls, texts never seen, whole numbers for real ones.
    """
    from solvent.delivery.server.application import Served, make_app

    served = Served("golden", "v0", bundle.digest, opened.predictor, opened.runtime)
    app = make_app(served)
    golden, cases = bundle.golden, bundle.cases
    differences: list[dict[str, Any]] = []
    rows = [one["row"] for one in golden]

    def differ(form: str, place: int, expected: Any, got: Any) -> None:
        differences.append({"form": form, "row": place, "expected": expected, "got": got})

    async def ask_all() -> None:
        for place, one in enumerate(golden[:_ALONE]):
            got = await _ask(app, "/predict", one["row"])
            if not _same(got, one, tolerance):
                differ("predict", place, _told(one), got)
        for form, path, body in (
            ("list", "/predict", rows),
            ("invocations", "/invocations", {"dataframe_records": rows}),
            ("infer", "/v2/models/golden/infer", {"inputs": _tensors(rows, opened.predictor.columns)}),
        ):
            status, said = await _ask(app, path, body)
            for place, one in enumerate(golden):
                got = (status, _row(form, said, place) if status == 200 else said)
                if not _same(got, one, tolerance):
                    differ(form, place, _told(one), got)
        for place, one in enumerate(cases):
            got = await _ask(app, "/predict", one["row"])
            if not _same(got, one, tolerance):
                differ("case", place, _told(one), got)

    asyncio.run(ask_all())
    return differences, min(len(golden), _ALONE) + 3 * len(golden) + len(cases)


def _told(one: Mapping[str, Any]) -> list[Any]:
    return ["refused"] if one.get("refused") else [one["prediction"], one.get("probability")]


def _same(got: tuple[int, Any], one: Mapping[str, Any], tolerance: float) -> bool:
    """Whether an answer is the expected one: the same numbers, or a refusal of the rows where that was expected."""
    status, said = got
    if one.get("refused"):
        return status == 422
    if status != 200:
        return False
    probability = said.get("probability")
    values = list(probability.values()) if isinstance(probability, dict) else probability
    return is_alike([said["prediction"], values], [one["prediction"], one.get("probability")], tolerance)


def _row(form: str, said: Any, place: int) -> dict[str, Any]:
    """One row of an answer to many, as a single answer has it."""
    if form == "list":
        return dict(said["predictions"][place])
    if form == "invocations":
        row = said["predictions"][place]
        shares = [value for name, value in row.items() if name.startswith("probability_")]
        return {"prediction": row["prediction"], "probability": shares or None}
    outputs = {one["name"]: one for one in said["outputs"]}
    probability = None
    if "probability" in outputs:
        width = outputs["probability"]["shape"][1]
        probability = outputs["probability"]["data"][place * width : (place + 1) * width]
    return {"prediction": outputs["prediction"]["data"][place], "probability": probability}


def _tensors(rows: Sequence[Mapping[str, Any]], columns: Sequence[Any]) -> list[dict[str, Any]]:
    kinds = {"bool": "BOOL", "int": "INT64", "float": "FP64"}
    return [
        {
            "name": one.name,
            "shape": [len(rows)],
            "datatype": kinds.get(one.kind, "BYTES"),
            "data": [row.get(one.name) for row in rows],
        }
        for one in columns
    ]


async def _ask(app: Any, path: str, body: Any) -> tuple[int, Any]:
    """Ask an ASGI application without a socket; gives the status, and what the answer says."""
    data = json.dumps(body, allow_nan=False).encode()
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": data, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": path,
        "raw_path": path.encode(), "root_path": "", "scheme": "http", "query_string": b"", "headers": headers,
    }  # fmt: skip
    await app(scope, receive, send)
    said = b"".join(one.get("body", b"") for one in sent if one["type"] == "http.response.body")
    return sent[0]["status"], json.loads(said)
