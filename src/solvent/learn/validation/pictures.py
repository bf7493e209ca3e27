"""Pictures of a cross-validation: the figures of each fold, and what the answers of all folds show together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from solvent.learn.measures import pictures
from solvent.learn.validation.spread import Spread
from solvent.learn.validation.testing import PROBABILITY

if TYPE_CHECKING:
    import polars as pl

__all__ = ["draw_folds", "pool_pictures"]


def draw_folds(scores: pl.DataFrame, figures: Mapping[str, Spread]) -> dict[str, Any]:
    """Each figure in a panel of its own: a point for each fold, over the mean and its 95 % interval."""
    points, means = [], []
    for name, one in figures.items():
        known = one.figure()
        values = scores.get_column(name).to_list()
        points += [
            {"figure": name, "fold": fold, "value": round(value, 6)}
            for fold, value in zip(scores.get_column("fold").to_list(), values, strict=True)
            if value is not None
        ]
        if known.value is not None:
            ends = {} if known.low is None or known.high is None else {"low": known.low, "high": known.high}
            means.append({"figure": name, "value": round(known.value, 6)} | {n: round(v, 6) for n, v in ends.items()})
    scale = {"scale": {"zero": False}, "axis": {"title": None}}
    layers: list[dict[str, Any]] = [
        {
            "transform": [{"filter": "datum.fold == null && isValid(datum.low)"}],
            "mark": {"type": "bar", "opacity": 0.25, "height": 16},
            "encoding": {"x": {"field": "low", "type": "quantitative", **scale}, "x2": {"field": "high"}},
        },
        {
            "transform": [{"filter": "datum.fold == null"}],
            "mark": {"type": "tick", "thickness": 2, "size": 22},
            "encoding": {"x": {"field": "value", "type": "quantitative", **scale}},
        },
        {
            "transform": [{"filter": "datum.fold != null"}],
            "mark": {"type": "point", "tooltip": True},
            "encoding": {
                "x": {"field": "value", "type": "quantitative", **scale},
                "tooltip": [{"field": "fold"}, {"field": "value"}],
            },
        },
    ]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": "Each fold, with the mean and its 95 % interval",
        "data": {"values": means + points},
        "facet": {"row": {"field": "figure", "header": {"title": None, "labelAngle": 0, "labelAlign": "left"}}},
        "spec": {"width": 400, "height": 26, "layer": layers},
        "resolve": {"scale": {"x": "independent"}},
    }


def pool_pictures(
    answers: pl.DataFrame, target: str, classes: Sequence[Any], confusion: Sequence[Sequence[int]]
) -> dict[str, dict[str, Any]]:
    """What the answers of all folds show as one: calibration, confusion, or prediction and error over truth."""
    import numpy as np

    made: dict[str, dict[str, Any]] = {}
    truth = answers.get_column(target)
    if not classes:
        predicted = answers.get_column("prediction").to_numpy().astype(np.float64)
        made["truth"] = pictures.draw_truth(truth.to_numpy().astype(np.float64), predicted)
        made["residuals"] = pictures.draw_residuals(truth.to_numpy().astype(np.float64), predicted)
    elif len(classes) == 2:
        score = answers.get_column(f"{PROBABILITY}{classes[1]}").to_numpy()
        made["calibration"] = pictures.draw_calibration((truth == classes[1]).to_numpy(), score)
    if confusion:
        made["confusion"] = pictures.draw_confusion(confusion, [str(one) for one in classes])
    return made
