"""Pictures of an evaluation as Vega-Lite specifications: one spec for notebook, page and report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from solvent.learn.measures.importance import Importance
from solvent.learn.measures.metrics import Array
from solvent.learn.measures.slices import Slice

__all__ = [
    "draw_calibration", "draw_confusion", "draw_importance", "draw_precision", "draw_residuals", "draw_roc",
    "draw_slices", "draw_truth",
]  # fmt: skip

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


def draw_precision(truth: Array, score: Array, mean: float | None) -> dict[str, Any]:
    """Precision over recall, at most 200 points of the curve."""
    order = np.argsort(-score, kind="stable")
    hit = truth[order].astype(np.float64)
    last = np.append(score[order][1:] != score[order][:-1], True)
    found, chosen = np.cumsum(hit)[last], (np.arange(len(hit)) + 1)[last]
    rates = np.column_stack([found / max(found[-1], 1), found / chosen])
    kept = np.unique(np.linspace(0, len(rates) - 1, min(_POINTS, len(rates))).round().astype(int))
    points = [{"recall": x, "precision": y} for x, y in rates[kept].round(5).tolist()]
    return {
        "$schema": _SCHEMA,
        "title": "Precision and recall" + ("" if mean is None else f", average precision {mean:.3f}"),
        "data": {"values": points},
        "mark": {"type": "line", "interpolate": "step-after"},
        "encoding": _xy("recall", "precision"),
    }


def draw_truth(truth: Array, prediction: Array) -> dict[str, Any]:
    """Prediction over truth, at most 200 rows in the order of the truth."""
    kept = _spread(truth)
    points = [{"truth": float(truth[one]), "prediction": float(prediction[one])} for one in kept]
    return {
        "$schema": _SCHEMA,
        "title": "Prediction and truth",
        "data": {"values": points},
        "mark": "point",
        "encoding": _xy("truth", "prediction"),
    }


def draw_residuals(truth: Array, prediction: Array) -> dict[str, Any]:
    """What the truth is above the prediction, over the prediction, at most 200 rows."""
    kept = _spread(prediction)
    points = [{"prediction": float(prediction[one]), "residual": float(truth[one] - prediction[one])} for one in kept]
    return {
        "$schema": _SCHEMA,
        "title": "Residuals",
        "data": {"values": points},
        "mark": "point",
        "encoding": _xy("prediction", "residual"),
    }


def _spread(values: Array) -> Array:
    order: Array = np.argsort(values, kind="stable")
    kept: Array = order[np.unique(np.linspace(0, len(order) - 1, min(_POINTS, len(order))).round().astype(int))]
    return kept


def draw_confusion(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> dict[str, Any]:
    """How many rows of each class were answered as which."""
    points = [
        {"truth": classes[true], "answer": classes[said], "rows": count, "share": round(count / max(sum(row), 1), 4)}
        for true, row in enumerate(counts)
        for said, count in enumerate(row)
    ]
    axes = {
        "x": {"field": "answer", "type": "nominal", "sort": list(classes)},
        "y": {"field": "truth", "type": "nominal", "sort": list(classes)},
    }
    return {
        "$schema": _SCHEMA,
        "title": "Confusion",
        "data": {"values": points},
        "encoding": axes,
        "layer": [
            {
                "mark": "rect",
                "encoding": {"color": {"field": "share", "type": "quantitative", "title": "of the class"}},
            },
            {"mark": "text", "encoding": {"text": {"field": "rows", "type": "quantitative"}}},
        ],
    }


def draw_importance(columns: Sequence[Importance], most: int = 30) -> dict[str, Any]:
    """By how much the loss grows without each column, the most important first."""
    points = [{"column": one.column, "loss": one.loss, "low": one.low, "high": one.high} for one in columns[:most]]
    y = {"field": "column", "type": "nominal", "sort": None}
    return {
        "$schema": _SCHEMA,
        "title": "Growth of the loss without what a column says",
        "data": {"values": points},
        "layer": [
            {"mark": "bar", "encoding": {"x": {"field": "loss", "type": "quantitative"}, "y": y}},
            {
                "mark": "rule",
                "encoding": {"x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}, "y": y},
            },
        ],
    }


def draw_slices(slices: Sequence[Slice]) -> dict[str, Any]:
    """One figure of each slice with its interval: ROC AUC, or the root of the mean squared error."""
    name = next((one for one in ("roc_auc", "rmse") if any(one in part.figures for part in slices)), "accuracy")
    points = []
    for part in slices:
        figure = part.figures.get(name)
        if figure is not None and figure.value is not None:
            points.append(
                {"slice": part.name, "rows": part.rows, "found": part.found, name: figure.value}
                | ({} if figure.low is None else {"low": figure.low, "high": figure.high})
            )
    y = {"field": "slice", "type": "nominal", "sort": None}
    value = {"field": name, "type": "quantitative", "scale": {"zero": False}}
    span = {"x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}, "y": y}
    return {
        "$schema": _SCHEMA,
        "title": f"{name} by slice",
        "data": {"values": points},
        "layer": [
            {"mark": "rule", "encoding": span},
            {
                "mark": {"type": "point", "filled": True, "tooltip": True},
                "encoding": {"x": value, "y": y, "color": {"field": "found", "type": "nominal"}},
            },
        ],
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
