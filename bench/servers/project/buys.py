"""Does somebody buy? From two tables to a model that serves."""

from __future__ import annotations

import polars as pl

import solvent as sv
from solvent.delivery import Deployment, deploy
from solvent.learn import assemble, evaluate, fit, train, transform


@sv.pipeline
def buys(rows: pl.DataFrame, test: pl.DataFrame) -> Deployment:
    """Prepare, train, evaluate, deploy."""
    features = fit(rows)
    model = train(transform(features, rows))
    predictor = assemble(features, model)
    return deploy(predictor, evaluate(predictor, test), test)
