"""Pictures of an evaluation as Vega-Lite specifications: one spec for notebook, page and report."""

from __future__ import annotations

from typing import Any

import numpy as np

from solvent.learn.measures.metrics import Array

__all__ = ["draw_calibration", "draw_residuals", "draw_roc"]

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_POINTS = 200


def draw_roc(truth: Array, score: Array, area: float | None) -> dict[str, Any]:
    """True positive rate over false positive rate, at most 200 points of the curve."""
    order = np.argsort(-score, kind="stable")
    hit = truth[order].astype(np.float64)
    last = np.append(score[order][1:] != score[order][:-1], True)
    found, missed = np.cumsum(hit)[last], np.cumsum(1 - hit)[last]
    rates = np.column_stack([missed / max(missed[-1], 1), found / max(found[-1], 1)])
    rates = np.vstack([[0.0, 0.0], rates])
    kept = np.unique(np.linspace(0, len(rates) - 1, min(_POINTS, len(rates))).round().astype(int))
    points = [{"false positives": x, "true positives": y} for x, y in rates[kept].round(5).tolist()]
    title = "ROC curve" if area is None else f"ROC curve, area {area:.3f}"
    curve = {"mark": {"type": "line", "interpolate": "linear"}, "encoding": _xy("false positives", "true positives")}
    return _layers(title, points, curve)


def draw_calibration(truth: Array, score: Array, bins: int = 10) -> dict[str, Any]:
    """How often the class was found, where the model said how probable it was; bins of equally many rows."""
    edges = np.unique(np.quantile(score, np.linspace(0, 1, bins + 1)))
    place = np.clip(np.searchsorted(edges, score, side="right") - 1, 0, max(len(edges) - 2, 0))
    points = []
    for one in np.unique(place):
        inside = place == one
        points.append(
            {
                "predicted": round(float(score[inside].mean()), 5),
                "observed": round(float(truth[inside].mean()), 5),
                "rows": int(inside.sum()),
            }
        )
    curve = {"mark": {"type": "line", "point": True}, "encoding": _xy("predicted", "observed")}
    curve["encoding"]["tooltip"] = [{"field": name} for name in ("predicted", "observed", "rows")]
    return _layers("Calibration", points, curve)


def draw_residuals(truth: Array, prediction: Array) -> dict[str, Any]:
    """Prediction over truth, at most 200 rows in the order of the truth."""
    order = np.argsort(truth, kind="stable")
    kept = order[np.unique(np.linspace(0, len(order) - 1, min(_POINTS, len(order))).round().astype(int))]
    points = [{"truth": float(truth[one]), "prediction": float(prediction[one])} for one in kept]
    return {
        "$schema": _SCHEMA,
        "title": "Prediction and truth",
        "data": {"values": points},
        "mark": "point",
        "encoding": _xy("truth", "prediction"),
    }


def _xy(x: str, y: str) -> dict[str, Any]:
    return {"x": {"field": x, "type": "quantitative"}, "y": {"field": y, "type": "quantitative"}}


def _layers(title: str, points: list[dict[str, Any]], curve: dict[str, Any]) -> dict[str, Any]:
    """A curve over the diagonal that a coin, or a perfectly calibrated model, would draw."""
    x, y = (curve["encoding"][axis]["field"] for axis in "xy")
    diagonal = {
        "data": {"values": [{x: 0, y: 0}, {x: 1, y: 1}]},
        "mark": {"type": "line", "strokeDash": [4, 4], "color": "gray"},
        "encoding": _xy(x, y),
    }
    return {"$schema": _SCHEMA, "title": title, "data": {"values": points}, "layer": [diagonal, curve]}
