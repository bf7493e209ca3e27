"""An estimator's record from a stranger: whatever it names, claims or points to, nothing of it is run or followed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from format_suite import Memory
from sklearn import compose, ensemble, linear_model, model_selection, neighbors, pipeline, preprocessing, tree
from sklearn.base import BaseEstimator, TransformerMixin
from test_formats_estimators import KINDS, LABELS, ODD, ROWS, fitted

from solvent.archive.formats.estimators.members import pack, unpack
from solvent.errors import Corrupted, NoFormat

Change = Callable[[dict[str, Any], dict[str, bytes]], None]


def forge(memory: Memory, model: Any, change: Change) -> Any:
    """Read a model whose record was changed by a stranger, digests and all."""
    document = memory.put(model)
    files = unpack(memory.blobs[document["body"]["skops"]])
    schema = json.loads(files["schema.json"])
    change(schema, files)
    files["schema.json"] = json.dumps(schema).encode()
    document["body"]["skops"] = memory.blob(pack(files))
    return memory.read(document)


def nodes_of(schema: Any, loader: str, name: str = "") -> list[dict[str, Any]]:
    """All nodes of one loader."""
    found = []
    if isinstance(schema, dict):
        if schema.get("__loader__") == loader and schema["__class__"].endswith(name):
            found.append(schema)
        for part in schema.values():
            found += nodes_of(part, loader, name)
    elif isinstance(schema, list):
        for part in schema:
            found += nodes_of(part, loader, name)
    return found


def rewrite(files: dict[str, bytes], name: str, change: Callable[[Any], Any]) -> None:
    """Change an array in an archive."""
    array = np.load(io.BytesIO(files[name])).copy()
    changed = change(array)
    out = io.BytesIO()
    np.save(out, array if changed is None else changed)
    files[name] = out.getvalue()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"), ("builtins", "eval"), ("builtins", "exec"), ("subprocess", "Popen"), ("joblib", "load"),
        ("sklearn.datasets", "load_files"), ("sklearn.externals.array_api_compat", "np"), ("numpy", "load"),
        ("this", "s"), ("sklearn.utils", "all_estimators"), ("sklearn.base", "os"),
        ("pickle", "loads"), ("numpy.f2py", "compile"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "loader", ["FunctionNode", "TypeNode", "ObjectNode", "ConstructorFromReduceNode", "LossNode", "DictNode"]
)
def test_a_name_that_is_not_on_the_list_is_never_imported(memory: Memory, module: str, name: str, loader: str) -> None:
    """Code that a record names is neither imported nor called, under whatever kind of node it hides."""
    import sys

    before = set(sys.modules)

    def change(schema: dict[str, Any], _: dict[str, bytes]) -> None:
        content = nodes_of(schema, "TupleNode")
        evil = {"__class__": name, "__module__": module, "__loader__": loader, "content": {}, "key_types": {}}
        evil["content"] = content[0] if content else {}
        evil["__reduce__"] = {"args": content[0]} if content else {}
        schema["content"]["content"]["with_mean"] = evil

    with pytest.raises(Corrupted):
        forge(memory, fitted("scaler"), change)
    assert "this" not in set(sys.modules) - before
    assert module in before or module not in sys.modules


@pytest.mark.parametrize("loader", ["MethodNode", "OperatorFuncNode", "CachedNode", "Whatever"])
def test_kinds_of_nodes_that_we_never_write_are_refused(memory: Memory, loader: str) -> None:
    """Bound methods, operator functions and references are not part of the format."""

    def change(schema: dict[str, Any], _: dict[str, bytes]) -> None:
        schema["content"]["content"]["copy"] = {"__class__": "StandardScaler", "__module__": "x", "__loader__": loader}

    with pytest.raises(Corrupted, match="not known"):
        forge(memory, fitted("scaler"), change)


def test_two_parts_under_one_number_are_refused(memory: Memory) -> None:
    """skops takes the first of two parts with one number, so a harmless second must not vouch for it."""

    def change(schema: dict[str, Any], _: dict[str, bytes]) -> None:
        one, other = nodes_of(schema, "NdArrayNode")[:2]
        one["__id__"] = other["__id__"] = 5

    with pytest.raises(Corrupted, match="under one number"):
        forge(memory, fitted("scaler"), change)


@pytest.mark.parametrize("side", ["left_child", "right_child", "feature"])
@pytest.mark.parametrize("value", [-7, 10**6, 0])
@pytest.mark.parametrize("name", ["tree", "forest", "boosting", "bags", "isolation"])
def test_a_tree_that_points_outside_is_refused(memory: Memory, name: str, side: str, value: int) -> None:
    """scikit-learn follows these numbers without looking: outside of the tree or the row it would read any memory."""
    if side == "feature" and value == 0:
        value = 4 if name != "bags" else 2  # one beyond the last column

    def change(schema: dict[str, Any], files: dict[str, bytes]) -> None:
        node = nodes_of(schema, "TreeNode")[0]

        def point(array: Any) -> None:
            array[side][0] = value

        rewrite(files, node["content"]["content"]["nodes"]["file"], point)

    with pytest.raises(Corrupted, match="forged or damaged"):
        forge(memory, fitted(name), change)


def test_a_tree_for_wider_rows_than_its_forest_is_refused(memory: Memory) -> None:
    """The forest checks the width of the rows, its trees do not: all must agree."""
    wide = tree.DecisionTreeClassifier(random_state=0).fit(np.column_stack([np.zeros((150, 50)), ROWS]), LABELS)
    model = fitted("forest")
    model.estimators_[0] = wide
    document = memory.put(model)
    with pytest.raises(Corrupted, match="features"):
        memory.read(document)


@pytest.mark.parametrize(
    ("field", "value"), [("left", 10**6), ("right", 0), ("feature_idx", -1), ("feature_idx", 5), ("bitset_idx", 10**6)]
)
def test_histogram_trees_that_point_outside_are_refused(memory: Memory, field: str, value: int) -> None:
    """The same for histogram gradient boosting, and for its sets of categories."""

    def change(schema: dict[str, Any], files: dict[str, bytes]) -> None:
        for node in nodes_of(schema, "ObjectNode", "TreePredictor"):

            def point(array: Any) -> None:
                where = (array["is_leaf"] == 0) & ((array["is_categorical"] != 0) | (field != "bitset_idx"))
                array[field][where] = value

            rewrite(files, node["content"]["content"]["nodes"]["file"], point)

    with pytest.raises(Corrupted):
        forge(memory, fitted("histograms with categories"), change)


def test_categories_beyond_the_set_are_refused(memory: Memory) -> None:
    """A category of 300 would be written outside of a set of 256."""
    model = ensemble.HistGradientBoostingClassifier(max_iter=3, categorical_features=[4]).fit(KINDS, ODD)
    model._bin_mapper.bin_thresholds_[0][0] = 3000.0
    document = memory.put(model)
    with pytest.raises(Corrupted, match="categories"):
        memory.read(document)


def test_a_search_tree_that_points_outside_is_refused(memory: Memory) -> None:
    """The points of a k-d tree must exist."""

    def change(schema: dict[str, Any], files: dict[str, bytes]) -> None:
        node = nodes_of(schema, "ObjectNode", "KDTree")[0]

        def point(array: Any) -> None:
            array[0] = 10**6

        rewrite(files, node["content"]["content"][1]["file"], point)

    with pytest.raises(Corrupted, match="order of its points"):
        forge(memory, fitted("neighbours"), change)


def test_a_claim_of_many_bytes_allocates_none(memory: Memory) -> None:
    """An array whose header claims a terabyte is refused before anything is made of it."""

    def change(schema: dict[str, Any], files: dict[str, bytes]) -> None:
        name = nodes_of(schema, "NdArrayNode")[0]["file"]
        out = io.BytesIO()
        np.lib.format.write_array_header_1_0(out, {"descr": "<f8", "fortran_order": False, "shape": (10**11,)})
        files[name] = out.getvalue() + b"\0" * 8

    with pytest.raises(Corrupted, match="claims"):
        forge(memory, fitted("scaler"), change)


def test_an_array_of_pickled_objects_is_refused(memory: Memory) -> None:
    """The one place where NumPy would unpickle is closed."""

    def change(schema: dict[str, Any], files: dict[str, bytes]) -> None:
        out = io.BytesIO()
        np.save(out, np.array([print], dtype=object), allow_pickle=True)
        files[nodes_of(schema, "NdArrayNode")[0]["file"]] = out.getvalue()

    with pytest.raises(Corrupted, match="pickled"):
        forge(memory, fitted("scaler"), change)


def test_a_compressed_archive_is_not_unpacked(memory: Memory) -> None:
    """What we write is never compressed, so what is compressed is a bomb or a mistake."""
    document = memory.put(fitted("scaler"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b"0" * 50_000_000)
    document["body"]["skops"] = memory.blob(out.getvalue())
    with pytest.raises(Corrupted, match="compressed"):
        memory.read(document)


@pytest.mark.parametrize("name", ["../evil.npy", "/etc/passwd", "x.py", "schema.json/../1.npy"])
def test_files_that_do_not_belong_there_are_refused(memory: Memory, name: str) -> None:
    """Only numbered members and the schema may be in an archive."""

    def change(_: dict[str, Any], files: dict[str, bytes]) -> None:
        files[name] = b"x"

    with pytest.raises(Corrupted, match="does not belong"):
        forge(memory, fitted("scaler"), change)


def test_every_single_damaged_byte_is_an_error_or_harmless(memory: Memory) -> None:
    """Bytes that were changed at random (the store would notice) never end in anything but Corrupted or a model."""
    document = memory.put(fitted("tree"))
    data = memory.blobs[document["body"]["skops"]]
    random = np.random.default_rng(0)
    refused = 0
    for place in random.integers(0, len(data), 150):
        damaged = bytearray(data)
        damaged[place] ^= int(random.integers(1, 256))
        document["body"]["skops"] = memory.blob(bytes(damaged))
        try:
            made = memory.read(document)
        except Corrupted:
            refused += 1
        else:
            assert type(made) is type(fitted("tree"))
    assert refused > 0


def test_a_function_of_the_users_is_named(memory: Memory) -> None:
    """A FunctionTransformer around one's own function carries code, so it is refused, with name, place and way out."""
    model = pipeline.make_pipeline(preprocessing.FunctionTransformer(_double), linear_model.LogisticRegression())
    model.fit(ROWS, LABELS)
    with pytest.raises(NoFormat, match=r"Pipeline\.steps\[0\]\[1\]\.func holds the function .*_double.*dataclass"):
        memory.put(model)


def test_a_lambda_and_a_local_class_are_refused(memory: Memory) -> None:
    """The same for what has no name to find it by."""
    with pytest.raises(NoFormat, match="lambda"):
        memory.put(preprocessing.FunctionTransformer(lambda rows: rows).fit(ROWS))
    with pytest.raises(NoFormat, match="code"):
        memory.put(compose.ColumnTransformer([("mine", Mine(), [0])]).fit(ROWS))


def test_a_class_of_the_users_on_top_of_scikit_learn_is_told_the_way(memory: Memory) -> None:
    """A transformer of one's own becomes a dataclass, or writes itself."""
    with pytest.raises(NoFormat, match=r"Mine is a class of yours.*@dataclass.*to_artifact"):
        memory.put(Mine())


def test_keys_that_would_not_come_back_are_refused(memory: Memory) -> None:
    """1 and "1" are one key in JSON, and None is none: better no model than another one."""
    with pytest.raises(NoFormat, match="two keys"):
        memory.put(linear_model.LogisticRegression(class_weight={1: 2.0, "1": 3.0}))
    with pytest.raises(NoFormat, match="key of type"):
        memory.put(linear_model.LogisticRegression(class_weight={None: 2.0}))


def test_weights_by_truth_come_back_as_truth(memory: Memory) -> None:
    """skops alone would make True of both keys."""
    model = linear_model.LogisticRegression(class_weight={False: 1.0, True: 3.0, np.bool_(False): 1.0})
    assert memory.again(model).class_weight == {False: 1.0, True: 3.0}


def test_an_estimator_that_holds_itself_is_refused(memory: Memory) -> None:
    """A cycle ends in one sentence."""
    model = preprocessing.StandardScaler()
    model.copy = [model]
    with pytest.raises(NoFormat, match="refers to itself"):
        memory.put(model)


def test_what_was_shared_is_shared_again(memory: Memory) -> None:
    """Two places with one array have one array afterwards; equal arrays stay two."""
    model = preprocessing.StandardScaler().fit(ROWS)
    model.scale_ = model.var_
    model.mean_ = model.var_.copy()
    back = memory.again(model)
    assert back.scale_ is back.var_ and back.mean_ is not back.var_


def test_threads_are_this_machines(memory: Memory) -> None:
    """How many threads there were does not enter the digest, and is found anew where the model is read."""
    one, other = fitted("means"), fitted("means")
    other._n_threads = 77
    document = memory.put(other)
    assert document["digest"] == memory.put(one)["digest"]
    assert memory.read(document)._n_threads == one._n_threads


def test_seconds_of_a_search_do_not_make_another_model(memory: Memory) -> None:
    """Two equal searches take different times; the times are not kept, the scores are."""
    made = [
        model_selection.GridSearchCV(tree.DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2]}, cv=2).fit(
            ROWS, LABELS
        )
        for _ in range(2)
    ]
    assert made[0].refit_time_ != made[1].refit_time_
    documents = [memory.put(one) for one in made]
    assert documents[0]["digest"] == documents[1]["digest"]
    back = memory.read(documents[0])
    assert np.isnan(back.refit_time_) and np.isnan(back.cv_results_["mean_fit_time"]).all()
    assert np.array_equal(back.cv_results_["mean_test_score"], made[0].cv_results_["mean_test_score"])


def test_a_model_that_was_used_is_the_same_model(memory: Memory) -> None:
    """Predicting leaves counters in search trees; they are no part of the model."""
    model = neighbors.KNeighborsClassifier(algorithm="ball_tree").fit(ROWS, LABELS)
    before = memory.put(model)["digest"]
    model.predict(ROWS)
    assert memory.put(model)["digest"] == before


def test_the_archive_is_a_skops_file(memory: Memory) -> None:
    """Whoever has skops can read it without us."""
    import skops.io

    data = memory.blobs[memory.put(fitted("logistic"))["body"]["skops"]]
    assert np.array_equal(skops.io.loads(data, trusted=[]).predict(ROWS), fitted("logistic").predict(ROWS))


def test_another_version_of_a_class_is_another_identity(memory: Memory, tmp_path: Any) -> None:
    """The same state under another version of scikit-learn is another artifact: its methods may differ."""
    other = Memory(memory.formats, tmp_path, behaviour=lambda kind: "scikit-learn 99")
    assert memory.put(fitted("scaler"))["digest"] != other.put(fitted("scaler"))["digest"]


def _double(rows: Any) -> Any:
    return rows * 2


class Mine(TransformerMixin, BaseEstimator):
    """A transformer of a user's own."""

    def fit(self, rows: Any, target: Any = None) -> Mine:
        """Learn nothing."""
        return self

    def transform(self, rows: Any) -> Any:
        """Change nothing."""
        return rows
