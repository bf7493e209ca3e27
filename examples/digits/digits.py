"""Which digit is it?"""

import polars as pl
from sklearn.datasets import load_digits

import solvent as sv
from solvent.delivery import Deployment, deploy
from solvent.learn import assemble, evaluate, fit, stratified_split, train, transform


@sv.step
def pixels() -> pl.DataFrame:
    """1,797 handwritten digits of 8 x 8 pixels, as scikit-learn brings them."""
    found = load_digits()
    columns = {f"p{place}": found.data[:, place] for place in range(64)}
    return pl.DataFrame({**columns, "digit": found.target})


@sv.pipeline
def digits() -> Deployment:
    """From pixels to an endpoint."""
    parts = stratified_split(pixels())
    features = fit(parts.train)
    model = train(transform(features, parts.train))
    predictor = assemble(features, model)
    return deploy(predictor, evaluate(predictor, parts.test), parts.test, parts.train)
