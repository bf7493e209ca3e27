"""The model that every server answers with: trained once from a table of a fixed seed, by the Python of a peer.

python model.py FOLDER         the pipeline, its ONNX form, and 512 rows with the answers that are right
python model.py FOLDER mlflow  the pipeline as an MLflow model
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

NUMBERS = ("age", "tenure", "income", "balance", "usage", "score")
TEXTS = {"region": 6, "channel": 4, "product": 24, "plan": 3}
COLUMNS = (*NUMBERS, *TEXTS)
TARGET = "buys"
ROWS, TEST_ROWS, ASKED = 20_000, 4_000, 512


def write_tables(folder: Path) -> None:
    """Six numbers and four texts that decide, with noise, whether somebody buys."""
    import numpy as np
    import polars as pl

    random = np.random.default_rng(7)
    count = ROWS + TEST_ROWS
    columns: dict[str, Any] = {
        "age": random.integers(18, 91, count),
        "tenure": random.integers(0, 240, count),
        "income": random.lognormal(10.7, 0.4, count).round(2),
        "balance": random.normal(1200, 900, count).round(2),
        "usage": random.normal(0, 1, count),
        "score": random.normal(600, 80, count).round(1),
    }
    for name, levels in TEXTS.items():
        columns[name] = np.array([f"{name}_{place:02d}" for place in range(levels)])[random.integers(0, levels, count)]
    pull = (columns["age"] - 54) / 20 + columns["usage"] * columns["balance"] / 1500 + (columns["score"] - 600) / 120
    pull = pull + 1.2 * (columns["region"] == "region_01") - 0.8 * (columns["plan"] == "plan_00")
    columns[TARGET] = np.where(pull + random.normal(size=count) > 0, "yes", "no")
    table = pl.DataFrame(columns)
    table.head(ROWS).write_csv(folder / "train.csv")
    table.tail(TEST_ROWS).write_csv(folder / "test.csv")


def make_pipeline() -> Any:
    """Scaled numbers, one-hot texts, boosted trees."""
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    texts = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    prepare = ColumnTransformer([("numbers", StandardScaler(), list(NUMBERS)), ("texts", texts, list(TEXTS))])
    model = HistGradientBoostingClassifier(early_stopping=False, random_state=7)
    return Pipeline([("prepare", prepare), ("model", model)])


def train(folder: Path) -> None:
    """Train, and write what the servers load and what the answers have to be."""
    import joblib
    import pandas as pd
    from onnx_form import to_onnx_form

    rows, test = pd.read_csv(folder / "train.csv"), pd.read_csv(folder / "test.csv")
    pipeline = make_pipeline().fit(rows[list(COLUMNS)], rows[TARGET])
    joblib.dump(pipeline, folder / "pipeline.joblib")
    (folder / "pipeline.onnx").write_bytes(to_onnx_form(pipeline, rows[list(COLUMNS)]))
    asked = test[list(COLUMNS)].head(ASKED)
    place = list(pipeline.classes_).index("yes")
    right = pipeline.predict_proba(asked)[:, place].tolist()
    records = [{"row": row, "right": one} for row, one in zip(asked.to_dict("records"), right, strict=True)]
    (folder / "asked.json").write_text(json.dumps(records))


def save_mlflow(folder: Path) -> None:
    """The pipeline as MLflow's users save it, asked for probabilities."""
    import joblib
    import mlflow
    import pandas as pd

    example = pd.read_csv(folder / "test.csv")[list(COLUMNS)].head(5)
    pipeline = joblib.load(folder / "pipeline.joblib")
    signature = mlflow.models.infer_signature(example, pipeline.predict_proba(example))
    # skops is MLflow's other way to keep a pipeline; what it loads answers just as fast.
    mlflow.sklearn.save_model(
        pipeline,
        str(folder / "mlflow-model"),
        signature=signature,
        pyfunc_predict_fn="predict_proba",
        serialization_format="cloudpickle",
    )


if __name__ == "__main__":
    (save_mlflow if sys.argv[2:] == ["mlflow"] else train)(Path(sys.argv[1]))
