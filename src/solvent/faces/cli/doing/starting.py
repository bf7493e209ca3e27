"""``solvent init``: a small project that runs."""

from __future__ import annotations

from pathlib import Path

import click

from solvent.errors import UsageError
from solvent.faces.cli.output import safe, write

__all__ = ["init"]


@click.command()
@click.argument("folder", type=click.Path())
def init(folder: str) -> None:
    """Make a small project in FOLDER: a table, a pipeline, its settings and a test."""
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{folder} is there already and is not empty; choose another name")
    target.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        file = target / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (target / "data").mkdir()
    (target / "data" / "orders.csv").write_text(_orders(), encoding="utf-8")
    write(safe(f"Made {folder}. Next:"))
    write(safe(f"  cd {folder}"))
    write("  solvent run           # every step, with its rows and time")
    write("  solvent run           # again: all reused")
    write("  solvent why train     # change something in pipeline.py, run, and ask")


def _orders() -> str:
    """Orders of a made-up shop: the same numbers on every machine."""
    rows = ["order,day,customer,items,price,returned"]
    state = 7
    for number in range(2000):
        state = (state * 1103515245 + 12345) % 2**31
        items = 1 + state % 5
        price = 5 + (state >> 8) % 200
        odds = 8 + 6 * items + (25 if price > 150 else 0)
        state = (state * 1103515245 + 12345) % 2**31
        returned = "yes" if (state >> 10) % 100 < odds else "no"
        rows.append(
            f"{number},2026-{1 + number // 200:02d}-{1 + number % 28:02d},c{state % 97:02d},{items},{price},{returned}"
        )
    return "\n".join(rows) + "\n"


PIPELINE = '''"""Which orders will be returned?"""

import polars as pl

import solvent as sv
from solvent import learn


@sv.step
def clean(orders: pl.DataFrame, *, least_price: float = 0.0) -> pl.DataFrame:
    """Orders worth looking at, with their return as a yes or no that a model can learn."""
    return orders.filter(pl.col("price") >= least_price).with_columns(returned=pl.col("returned") == "yes")


@sv.pipeline
def returns(orders: pl.DataFrame) -> learn.Report:
    """From orders to a model, and how good it is on orders that it never saw."""
    parts = learn.random_split(clean(orders))
    features = learn.fit(parts.train)
    model = learn.train(learn.transform(features, parts.train))
    predictor = learn.assemble(features, model)
    return learn.evaluate(predictor, parts.test)
'''
SETTINGS = """pipeline: pipeline:returns
inputs:
  orders: {files: data/orders.csv}
seed: 7
vars: {target: returned}
steps:
  clean: {least_price: 10}
  random_split: {test: 0.25}
  fit: {target: "${vars.target}", drop: [order]}
  train: {target: "${vars.target}"}
  evaluate: {target: "${vars.target}"}
"""
TEST = '''"""A step outside of a pipeline is its function; a whole run can be tested too."""

from pathlib import Path

import polars as pl
from pipeline import clean

import solvent as sv


def test_cheap_orders_are_left_out():
    """Orders below the least price do not count."""
    orders = pl.DataFrame({"price": [5, 20], "returned": ["yes", "no"]})
    assert clean(orders, least_price=10)["returned"].to_list() == [False]


def test_the_whole_runs(project):
    """A run in a test has an archive of its own: the fixture `project` comes with Solvent."""
    orders = pl.DataFrame({"order": range(100), "price": range(20, 120), "returned": ["yes", "no"] * 50})
    run = sv.run(Path(__file__).parents[1] / "pipeline.yaml", inputs={"orders": orders}, project=project)
    assert run["evaluate"].value().rows == 25
'''
FILES = {
    "pipeline.py": PIPELINE,
    "pipeline.yaml": SETTINGS,
    "solvent.toml": 'default = "pipeline.yaml"\n',
    "tests/test_pipeline.py": TEST,
    "pytest.ini": "[pytest]\npythonpath = .\n",
    ".gitignore": ".solvent/\n__pycache__/\n",
}
