"""Three plain servers: one that answers without a model, one around ONNX, one around the pipeline.

    python apps.py (empty | onnx | fastapi) FOLDER PORT

FastAPI reads the annotations of a handler's own scope, so they are no strings here.
"""

import sys
from pathlib import Path
from typing import Any


def empty(folder: Path) -> Any:
    """Read the body, and answer the same always."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    async def predict(request: Request) -> Response:
        await request.body()
        return Response(b'{"probability":{"no":0.5,"yes":0.5}}', media_type="application/json")

    return Starlette(routes=[Route("/predict", predict, methods=["POST"])])


def onnx(folder: Path) -> Any:
    """Typed JSON in, the graph, JSON out: what can hardly be done faster in Python."""
    from operator import attrgetter

    import msgspec
    import numpy as np
    import onnxruntime
    from model import NUMBERS, TEXTS
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / "pipeline.onnx", options, providers=["CPUExecutionProvider"])
    fields = [(name, float) for name in NUMBERS] + [(name, str) for name in TEXTS]
    decode = msgspec.json.Decoder(msgspec.defstruct("Row", fields)).decode
    encode = msgspec.json.Encoder().encode
    kinds = (("numbers", attrgetter(*NUMBERS), np.float64), ("texts", attrgetter(*TEXTS), object))

    async def predict(request: Request) -> Response:
        row = decode(await request.body())
        feed = {name: np.array([values(row)], kind) for name, values, kind in kinds}
        no, yes = session.run(["probabilities"], feed)[0][0].tolist()
        return Response(encode({"probability": {"no": no, "yes": yes}}), media_type="application/json")

    return Starlette(routes=[Route("/predict", predict, methods=["POST"])])


def fastapi(folder: Path) -> Any:
    """What one writes first: a class for the row, a frame of one row, and the pipeline."""
    import joblib
    import pandas as pd
    from fastapi import FastAPI
    from model import COLUMNS, TEXTS
    from pydantic import create_model

    pipeline = joblib.load(folder / "pipeline.joblib")
    Row: Any = create_model("Row", **{name: (str if name in TEXTS else float, ...) for name in COLUMNS})
    app = FastAPI()

    @app.post("/predict")
    def predict(row: Row) -> dict[str, Any]:
        chances = pipeline.predict_proba(pd.DataFrame([row.model_dump()]))[0]
        return {"probability": dict(zip(pipeline.classes_.tolist(), chances.tolist(), strict=True))}

    return app


def main() -> None:
    """Serve one of them."""
    import uvicorn

    name, folder, port = sys.argv[1:]
    app = {"empty": empty, "onnx": onnx, "fastapi": fastapi}[name](Path(folder))
    uvicorn.run(
        app, host="127.0.0.1", port=int(port), log_level="warning", access_log=False, loop="uvloop", http="httptools"
    )


if __name__ == "__main__":
    main()
