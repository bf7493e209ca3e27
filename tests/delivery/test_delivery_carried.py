"""Bundles with functions and look-ups: they answer without the project that they come from."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from solvent.delivery import Bundle, pack
from solvent.delivery.runtime.answering import OnnxPredictor
from solvent.learn import Predictor, RowFunction, assemble, evaluate, fit, lookup, train, transform

SHOP = """
import polars as pl
import solvent as sv
from carried_units import FEET

@sv.step(rowwise=True)
def in_feet(rows: pl.DataFrame, *, digits: int = 1) -> pl.DataFrame:
    return rows.with_columns(feet=(pl.col("metres") * FEET).round(digits))
"""
ROWS = pl.DataFrame(
    {
        "metres": [None if one % 11 == 0 else float(one % 23) for one in range(300)],
        "plane": [f"N{one % 7}" for one in range(300)],
        "late": [(one % 23) + 5 * (one % 7) > 25 for one in range(300)],
    }
)
PLANES = pl.DataFrame({"tail": [f"N{one}" for one in range(6)], "seats": [10 * one for one in range(6)]})


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Predictor, Bundle]]:
    (tmp_path / "carried_units.py").write_text("FEET = 3.28\n")
    (tmp_path / "carried_module.py").write_text(SHOP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    in_feet = importlib.import_module("carried_module").in_feet
    planes = lookup(PLANES, on={"plane": "tail"})
    ready = transform(planes, in_feet(ROWS))
    features = fit(ready, target="late")
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = train(transform(features, ready), target="late", use=HistGradientBoostingClassifier, seed=1)
    predictor = assemble(ROWS, in_feet, planes, features, model)
    report = evaluate(predictor, ROWS, target="late", draws=10, seed=1)
    bundle = pack(predictor, report, ROWS)
    yield predictor, bundle
    for name in ("carried_module", "carried_units"):
        sys.modules.pop(name, None)


def test_a_bundle_answers_when_the_code_that_it_came_from_is_gone(
    made: tuple[Predictor, Bundle], tmp_path: Path
) -> None:
    """The function, what it imports, its settings and the table go along; the project's later code is not looked at."""
    predictor, bundle = made
    bundle.to_artifact(tmp_path / "bundle")
    assert set(bundle.closure.sources) == {"carried_module", "carried_units"}
    (tmp_path / "carried_units.py").write_text("FEET = 0.0\n")
    for name in ("carried_module", "carried_units"):
        sys.modules.pop(name)
    found = Bundle.from_artifact(tmp_path / "bundle").predictor
    function = found.transforms[0]
    assert isinstance(function, RowFunction) and function.settings == {"digits": 1}
    asked = [one["row"] for one in bundle.golden]
    assert (found.answer(asked).probability == predictor.answer(asked).probability).all()
    assert [one.name for one in bundle.columns] == ["metres", "plane"]


def test_the_graph_begins_behind_what_is_pythons(made: tuple[Predictor, Bundle]) -> None:
    """Function and look-up stay in Python; the transform and the model are one graph, which answers alike."""
    predictor, bundle = made
    assert bundle.graph is not None, bundle.manifest["onnx"]
    fast = OnnxPredictor(bundle.graph, bundle.beginning(2))
    assert fast.first == 2
    asked = [*(one["row"] for one in bundle.golden), {"metres": None, "plane": "unseen"}]
    slow, quick = predictor.answer(asked), fast.answer_records(asked)
    assert slow.probability is not None and quick.probability is not None
    assert abs(slow.probability - quick.probability).max() <= 1e-5
    alone = [fast.answer_records([one]).prediction[0] for one in asked]
    assert alone == quick.prediction.tolist()


def test_the_card_tells_what_is_looked_up(made: tuple[Predictor, Bundle]) -> None:
    """Who reads the card knows that values stand in a table of the bundle, and of how many rows."""
    card = made[1].card
    assert card is not None
    assert card["lookups"] == [{"keys": {"plane": "tail"}, "rows": 6, "adds": ["seats"]}]
    assert any("seats are looked up by plane in a table of 6 rows" in one for one in card["limits"])
    assert card["parts"][:2] == ["carried_module:in_feet", "solvent.learn.carried.lookups:Lookup"]
