"""Models of LightGBM and XGBoost, tensors and ONNX graphs: exact, canonical, and refused where they are forged."""

from __future__ import annotations

import importlib.util
from collections import OrderedDict
from typing import Any, ClassVar

import lightgbm
import numpy as np
import onnx
import polars as pl
import pytest
import xgboost
from format_suite import Case, FormatSuite, Memory
from onnx import TensorProto, helper
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from solvent.errors import Corrupted, NoFormat, SolventError

_random = np.random.default_rng(3)
ROWS = pl.DataFrame({"a": _random.normal(size=200), "b": _random.normal(size=200), "c": _random.integers(0, 4, 200)})
TRUTH = (ROWS["a"] + 0.3 * ROWS["b"] > 0).to_numpy()
THREE = np.digitize(ROWS["b"].to_numpy(), [-0.5, 0.5])
NUMBER = (ROWS["a"] * 2 - ROWS["c"]).to_numpy()
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is an extra of its own: pip install 'solvent[torch]'"
)


def _light(**given: Any) -> Any:
    return {"n_estimators": 8, "verbose": -1, "n_jobs": 1, "random_state": 0, **given}


def _extreme(**given: Any) -> Any:
    return {"n_estimators": 8, "n_jobs": 1, "random_state": 0, **given}


def _same(one: Any, other: Any) -> bool:
    said = [repr(getattr(each, "get_params", dict)()) for each in (one, other)]  # where a NaN is like a NaN
    if type(one) is not type(other) or said[0] != said[1]:
        return False
    if isinstance(one, xgboost.Booster):
        given: Any = xgboost.DMatrix(ROWS)
    else:
        given = ROWS.to_numpy() if isinstance(one, lightgbm.Booster) else ROWS
    answers = [(one.predict(given), other.predict(given))]
    if hasattr(one, "predict_proba"):
        answers.append((one.predict_proba(given), other.predict_proba(given)))
        assert list(one.classes_) == list(other.classes_)
    return all(type(a) is type(b) and a.dtype == b.dtype and np.array_equal(a, b) for a, b in answers)


def _model(kind: Any, given: Any, truth: Any) -> Case:
    return Case(lambda: kind(**given).fit(ROWS, truth), None, same=_same)


def _stopped(kind: Any, given: Any) -> Case:
    keys = ("eval_X", "eval_y")

    def make() -> Any:
        wrong = ~TRUTH if kind is lightgbm.LGBMClassifier else 1 - TRUTH.astype(int)
        if kind is lightgbm.LGBMClassifier:
            return kind(**given).fit(ROWS[:150], TRUTH[:150], **dict(zip(keys, (ROWS[150:], wrong[150:]), strict=True)))
        made = kind(**given)
        return made.fit(ROWS[:150], TRUTH[:150].astype(int), eval_set=[(ROWS[150:], wrong[150:])], verbose=False)

    return Case(make, None, same=_same)


def _graph() -> Any:
    node = helper.make_node("Add", ["x", "y"], ["z"])
    places = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in ("x", "y", "z")]
    return helper.make_model(helper.make_graph([node], "sum", places[:2], places[2:]))


class TestBoostersAndGraphs(FormatSuite):
    """Every kind holds to the contract of formats."""

    cases: ClassVar[dict[str, Case]] = {
        "light, two": _model(lightgbm.LGBMClassifier, _light(), TRUTH),
        "light, names": _model(lightgbm.LGBMClassifier, _light(), np.where(TRUTH, "late", "on time")),
        "light, three": _model(lightgbm.LGBMClassifier, _light(class_weight="balanced"), THREE),
        "light, number": _model(lightgbm.LGBMRegressor, _light(reg_lambda=2.0), NUMBER),
        "light, stopped early": _stopped(lightgbm.LGBMClassifier, _light(early_stopping_round=2, n_estimators=50)),
        "light, bare": Case(lambda: lightgbm.LGBMRegressor(**_light()).fit(ROWS, NUMBER).booster_, None, same=_same),
        "extreme, two": _model(xgboost.XGBClassifier, _extreme(), TRUTH.astype(int)),
        "extreme, three": _model(xgboost.XGBClassifier, _extreme(missing=-1.0), THREE),
        "extreme, number": _model(xgboost.XGBRegressor, _extreme(max_depth=3), NUMBER),
        "extreme, forest": _model(xgboost.XGBRFRegressor, _extreme(), NUMBER),
        "extreme, stopped early": _stopped(xgboost.XGBClassifier, _extreme(early_stopping_rounds=2, n_estimators=50)),
        "extreme, bare": Case(
            lambda: xgboost.XGBRegressor(**_extreme()).fit(ROWS, NUMBER).get_booster(), None, same=_same
        ),
        "graph": Case(_graph, None, same=lambda one, other: one.SerializeToString() == other.SerializeToString()),
    }


@pytest.mark.slow
@needs_torch
def test_tensors_and_states_come_back(memory: Memory) -> None:
    """Types, shapes and the order of names; without gradients, and cut off from what happens to the original."""
    import torch

    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    state = module.state_dict()
    document = memory.put(state)
    with torch.no_grad():
        module[0].weight.zero_()
    back = memory.read(document)
    assert isinstance(back, OrderedDict) and list(back) == list(state)
    assert float(back["0.weight"].abs().sum()) > 0 and back["1.num_batches_tracked"].dtype == torch.int64
    one = torch.arange(6, dtype=torch.float16).reshape(2, 3).requires_grad_()
    found = memory.again(one)
    assert torch.equal(found, one) and found.dtype == torch.float16 and not found.requires_grad
    assert memory.put(one)["digest"] == memory.put(one.clone().detach())["digest"] != memory.put(one * 2)["digest"]
    assert memory.put({"a": one, "n": 3})["digest"]  # tensors inside plain data


@needs_torch
def test_a_whole_module_is_refused_with_the_way_out(memory: Memory) -> None:
    """Its class is code, which an artifact never carries."""
    import torch

    with pytest.raises(NoFormat, match=r"Return module\.state_dict\(\)"):
        memory.put(torch.nn.Linear(2, 1))


@needs_torch
def test_tensors_that_were_tampered_with_are_refused(memory: Memory) -> None:
    """A head that promises more than there is, and bytes that are missing, are found before anything is allocated."""
    import torch

    document = memory.put(torch.ones(1000))
    name = document["body"]["tensors"]
    data = memory.blobs[name]
    for forged in (data[:-1], data + b"x", data.replace(b"4000", b"9000"), (2**62).to_bytes(8, "little"), b"", b"12"):
        memory.blobs[name] = forged
        with pytest.raises(Corrupted):
            memory.read(document)


@pytest.mark.parametrize("name", ["light, two", "extreme, three", "graph"])
def test_bytes_that_were_tampered_with_are_refused(memory: Memory, name: str) -> None:
    """What was cut, emptied, or is something else is an error of ours, and the process lives."""
    document = memory.put(TestBoostersAndGraphs.cases[name].make())
    blob = next(one for one in document["body"].values() if isinstance(one, str) and one in memory.blobs)
    data = memory.blobs[blob]
    for forged in (data[: len(data) // 2], b"", b"hello", data[:40]):
        memory.blobs[blob] = forged
        with pytest.raises(SolventError):
            memory.read(document)


def test_a_text_whose_lengths_lie_is_refused(memory: Memory) -> None:
    """LightGBM believes the lengths in the head; they are compared with what follows."""
    document = memory.put(lightgbm.LGBMRegressor(**_light()).fit(ROWS, NUMBER))
    blob = document["body"]["text"]
    text = memory.blobs[blob].decode()
    sizes = text.split("tree_sizes=")[1].split("\n")[0]
    memory.blobs[blob] = text.replace(sizes, " ".join("9" * 12 for _ in sizes.split())).encode()
    with pytest.raises(Corrupted, match="has no tree 1 where it says"):
        memory.read(document)


def test_another_class_in_the_record_is_not_loaded(memory: Memory) -> None:
    """Which classes there are is our list, whatever a record says."""
    document = memory.put(lightgbm.LGBMRegressor(**_light()).fit(ROWS, NUMBER))
    document["body"]["class"] = "Dataset"
    with pytest.raises(Corrupted, match="names the class 'Dataset'"):
        memory.read(document)


class Mine(lightgbm.LGBMRegressor):
    """A class of the user's own."""


def test_what_cannot_be_kept_says_why(memory: Memory) -> None:
    """Unfitted, of a class of one's own, with an objective that is code, and inside a pipeline of scikit-learn."""
    with pytest.raises(NoFormat, match="not fitted"):
        memory.put(lightgbm.LGBMClassifier())
    with pytest.raises(NoFormat, match="not fitted"):
        memory.put(xgboost.XGBClassifier())
    with pytest.raises(NoFormat, match="a class of yours on top of lightgbm's"):
        memory.put(Mine(**_light()).fit(ROWS, NUMBER))
    own = lightgbm.LGBMRegressor(objective=lambda truth, found: (found - truth, np.ones_like(truth)), **_light())
    with pytest.raises(NoFormat, match=r"objective.* is code"):
        memory.put(own.fit(ROWS, NUMBER))
    with pytest.raises(NoFormat, match="never carries code"):
        memory.put(make_pipeline(StandardScaler(), lightgbm.LGBMRegressor(**_light())).fit(ROWS, NUMBER))


def test_weights_in_other_files_are_refused(memory: Memory) -> None:
    """A graph that refers to files beside it would come back without them."""
    graph = _graph()
    tensor = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    tensor.data_location = TensorProto.EXTERNAL
    graph.graph.initializer.append(tensor)
    with pytest.raises(NoFormat, match="external data"):
        memory.put(graph)
    assert onnx.checker.check_model(_graph()) is None
