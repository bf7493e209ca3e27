"""The pipeline as a BentoML service: asked row by row, and with BentoML's own gathering of requests."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import bentoml
import joblib
import pandas as pd
from model import COLUMNS, TEXTS
from pydantic import create_model

Row: Any = create_model("Row", **{name: (str if name in TEXTS else float, ...) for name in COLUMNS})


@bentoml.service(workers=1)
class Buys:
    """One process that holds the pipeline."""

    def __init__(self) -> None:
        self.pipeline = joblib.load(Path(os.environ["BENCH_FOLDER"]) / "pipeline.joblib")

    @bentoml.api
    def predict(self, row: Row) -> dict[str, Any]:
        """One row."""
        return {"probability": self._ask([row])[0]}

    @bentoml.api(batchable=True, max_batch_size=64, max_latency_ms=1000)
    def predict_batch(self, rows: list[Row]) -> list[dict[str, Any]]:
        """Rows of several requests at once."""
        return [{"probability": one} for one in self._ask(rows)]

    def _ask(self, rows: list[Any]) -> list[dict[str, float]]:
        chances = self.pipeline.predict_proba(pd.DataFrame([row.model_dump() for row in rows]))
        classes = self.pipeline.classes_.tolist()
        return [dict(zip(classes, one, strict=True)) for one in chances.tolist()]
