"""Estimators are made without skops: as skops makes them, with no more imported than they are made of."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from format_suite import Memory
from sklearn import ensemble, linear_model, pipeline, preprocessing
from test_formats_estimators import LABELS, MODELS, ROWS, fitted
from test_formats_forged import forge, nodes_of

from solvent.archive.formats.estimators.construction import import_named
from solvent.archive.formats.estimators.members import parse_schema, unpack
from solvent.errors import Corrupted

_SEEDED = {
    "a generator": lambda: np.random.default_rng(5),
    "an older generator": lambda: np.random.Generator(np.random.MT19937(5)),
    "a state": lambda: np.random.RandomState(5),
}


@pytest.mark.parametrize("name", MODELS)
def test_skops_makes_the_same_of_it(memory: Memory, name: str) -> None:
    """What skops loads and what we make of one file are kept under one digest."""
    import skops.io

    document = memory.put(fitted(name))
    data = memory.blobs[document["body"]["skops"]]
    names = skops.io.get_untrusted_types(data=data)
    theirs, ours = skops.io.loads(data, trusted=names), memory.read(document)
    assert memory.put(ours)["digest"] == memory.put(theirs)["digest"] == document["digest"]


@pytest.mark.parametrize("name", _SEEDED)
def test_sources_of_random_numbers_go_on(memory: Memory, name: str) -> None:
    """A generator that an estimator holds draws the same numbers when it comes back."""
    model = linear_model.LogisticRegression().fit(ROWS, LABELS)
    model.source_ = _SEEDED[name]()
    back = memory.read(memory.put(model)).source_
    assert np.array_equal(back.normal(size=5), _SEEDED[name]().normal(size=5))


@pytest.mark.parametrize("name", ["seed", "set_state", "Generator", "bit_generator", "nothing"])
def test_a_source_of_random_numbers_is_one(memory: Memory, name: str) -> None:
    """What a record names as a source of random numbers is called only if it is one."""

    def change(schema: dict[str, Any], files: dict[str, bytes]) -> None:
        state = nodes_of(schema, "RandomGeneratorNode")[0]["content"]["bit_generator"]["content"]
        state["bit_generator"]["content"] = json.dumps(name)

    model = linear_model.LogisticRegression().fit(ROWS, LABELS)
    model.source_ = np.random.default_rng(5)
    with pytest.raises(Corrupted):
        forge(memory, model, change)


def test_what_is_shared_stays_shared(memory: Memory) -> None:
    """Two places that held one array hold one again, which may be written to."""
    model = linear_model.LogisticRegression().fit(ROWS, LABELS)
    model.first_ = model.second_ = np.asfortranarray(ROWS[:3])
    model.holes_ = np.ma.MaskedArray([1.0, 2.0], [True, False])
    model.part_ = slice(1, None, 2)
    back = memory.read(memory.put(model))
    assert back.first_ is back.second_ and back.first_.flags.writeable and back.first_.flags.f_contiguous
    assert back.holes_.mask.tolist() == [True, False] and back.part_ == slice(1, None, 2)


_READ = """
import sys
from pathlib import Path
from solvent.archive.formats.estimators.construction import construct, import_named
from solvent.archive.formats.estimators.audit import audit_members, strangers
from solvent.archive.formats.estimators.members import parse_schema, unpack
files = unpack(Path(sys.argv[1]).read_bytes())
schema = parse_schema(files["schema.json"])
import_named(schema)
assert not list(strangers(schema))
audit_members(schema, files)
print(type(construct(schema, files)).__name__, *[name for name in sys.modules if "skops" in name or name in
    ("sklearn.cluster", "sklearn.gaussian_process", "sklearn.neural_network", "sklearn.utils._testing")])
"""


def test_no_more_is_imported_than_it_is_made_of(memory: Memory, tmp_path: Path) -> None:
    """A fresh process makes a pipeline without skops, and without the rest of scikit-learn."""
    steps = preprocessing.StandardScaler(), ensemble.HistGradientBoostingClassifier(max_iter=3)
    document = memory.put(pipeline.make_pipeline(*steps).fit(ROWS, LABELS))
    file = tmp_path / "model.skops"
    file.write_bytes(memory.blobs[document["body"]["skops"]])
    done = subprocess.run([sys.executable, "-c", _READ, str(file)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Pipeline"]


@pytest.mark.parametrize(
    "module",
    [
        "sklearn.experimental.enable_halving_search_cv", "sklearn.datasets._twenty_newsgroups", "sklearn.conftest",
        "sklearn.linear_model.tests.test_ridge", "sklearn.externals._arff", "sklearn.utils._testing", "antigravity",
        "scipy.datasets", "sklearn..svm", ".sklearn.svm",
    ],
)  # fmt: skip
def test_a_record_cannot_have_anything_imported(memory: Memory, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules are imported only from where scikit-learn keeps its estimators."""
    files = unpack(memory.blobs[memory.put(fitted("logistic"))["body"]["skops"]])
    schema = parse_schema(files["schema.json"])
    nodes_of(schema, "NdArrayNode")[0]["__module__"] = module
    asked: list[str] = []
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setattr("importlib.import_module", asked.append)
    import_named(schema)
    assert module not in asked


def test_records_of_another_version_are_left_to_skops(memory: Memory) -> None:
    """An archive that an earlier skops wrote is read by skops, with this machine's number of threads."""

    def earlier(schema: dict[str, Any], files: dict[str, bytes]) -> None:
        schema["protocol"] = 1

    model = fitted("means")
    back = forge(memory, model, earlier)
    assert np.array_equal(back.predict(ROWS), model.predict(ROWS)) and back._n_threads == model._n_threads
