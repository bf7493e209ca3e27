"""Trees of whatever library in one form, and that form written as ONNX with thresholds of double precision."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from solvent.delivery.runtime.graphs.writing import Block, Graph, tensor_of

__all__ = ["Ensemble", "Tree", "write_ensemble"]


@dataclass
class Tree:
    """One tree: a list for each property of its nodes, the root first.

    ``test`` is ``<=``, ``<`` or ``in``, or empty at a leaf. A row for which it holds goes to ``yes``; one without a
    value goes there if ``nulls`` says so. ``members`` are the values of an ``in``; ``leaf`` has a leaf's value for
    each target.
    """

    test: list[str] = field(default_factory=list)
    column: list[int] = field(default_factory=list)
    border: list[float] = field(default_factory=list)
    yes: list[int] = field(default_factory=list)
    no: list[int] = field(default_factory=list)
    nulls: list[bool] = field(default_factory=list)
    members: list[tuple[float, ...]] = field(default_factory=list)
    leaf: list[dict[int, float]] = field(default_factory=list)

    def add_leaf(self, values: dict[int, float]) -> int:
        """A leaf, by the value for each target; gives its number."""
        return self._add("", 0, 0.0, (), False, values)

    def add_split(self, test: str, column: int, border: float, nulls: bool, members: tuple[float, ...] = ()) -> int:
        """A node whose two ways are set once they are known; gives its number."""
        return self._add(test, column, border, members, nulls, {})

    def _add(
        self, test: str, column: int, border: float, members: tuple[float, ...], nulls: bool, leaf: dict[int, float]
    ) -> int:
        self.test.append(test)
        self.column.append(column)
        self.border.append(border)
        self.yes.append(0)
        self.no.append(0)
        self.nulls.append(nulls)
        self.members.append(members)
        self.leaf.append(leaf)
        return len(self.test) - 1


@dataclass(frozen=True)
class Ensemble:
    """Trees whose values are added up, for each target by itself."""

    trees: list[Tree]
    targets: int
    start: tuple[float, ...] = ()  # what is added to the sums, one for each target


def write_ensemble(graph: Graph, block: Block, ensemble: Ensemble) -> str:
    """The sums, double, ``[rows, targets]``."""
    import numpy as np

    made = graph.name()
    if any(test == "in" for tree in ensemble.trees for test in tree.test):
        graph.new_trees = True
    elif any(len(leaf) > 1 for tree in ensemble.trees for leaf in tree.leaf):
        graph.old_trees = True  # only the older form has leaves with more than one value
    graph.nodes.append(
        lambda version: _new(block.name, made, ensemble) if version >= 5 else _old(block.name, made, ensemble)
    )
    if any(ensemble.start):
        return graph.op("Add", made, np.array([ensemble.start], dtype=np.float64))
    return made


_COLUMNS = (
    "roots",
    "modes",
    "columns",
    "borders",
    "yes",
    "yes_leaf",
    "no",
    "no_leaf",
    "nulls",
    "targets",
    "weights",
    "members",
)
_MODES = {"<=": 0, "<": 1, "in": 6}


def _new(given: str, made: str, ensemble: Ensemble) -> list[Any]:
    """TreeEnsemble of ai.onnx.ml 5: nodes and leaves in lists of their own, one target for each leaf."""
    import numpy as np
    from onnx import helper

    parts = [(tree, target) for tree in ensemble.trees for target in sorted({t for one in tree.leaf for t in one})]
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for tree, target in parts:
        _add_tree(columns, tree, target)
    node = helper.make_node(
        "TreeEnsemble",
        [given],
        [made],
        domain="ai.onnx.ml",
        n_targets=ensemble.targets,
        aggregate_function=1,
        post_transform=0,
        tree_roots=columns["roots"],
        nodes_modes=tensor_of(np.array(columns["modes"], dtype=np.uint8)),
        nodes_featureids=columns["columns"],
        nodes_splits=tensor_of(np.array(columns["borders"], dtype=np.float64)),
        nodes_truenodeids=columns["yes"],
        nodes_trueleafs=columns["yes_leaf"],
        nodes_falsenodeids=columns["no"],
        nodes_falseleafs=columns["no_leaf"],
        nodes_missing_value_tracks_true=columns["nulls"],
        leaf_targetids=columns["targets"],
        leaf_weights=tensor_of(np.array(columns["weights"], dtype=np.float64)),
    )
    if columns["members"]:
        values = tensor_of(np.array(columns["members"], dtype=np.float64))
        node.attribute.append(helper.make_attribute("membership_values", values))
    return [node]


def _add_tree(columns: dict[str, list[Any]], tree: Tree, target: int) -> None:
    splits = [place for place, test in enumerate(tree.test) if test]
    leaves = [place for place, test in enumerate(tree.test) if not test]
    first, first_leaf = len(columns["modes"]), len(columns["weights"])
    number = {place: first + one for one, place in enumerate(splits)}
    number |= {place: first_leaf + one for one, place in enumerate(leaves)}
    columns["roots"].append(first)
    for place in leaves:
        columns["targets"].append(target)
        columns["weights"].append(tree.leaf[place].get(target, 0.0))
    if not splits:  # a tree of one leaf still needs a node
        only = _Split("<=", 0, 0.0, True, ())
        _add_split(columns, only, (first_leaf, 1), (first_leaf, 1))
    for place in splits:
        one = _Split(tree.test[place], tree.column[place], tree.border[place], tree.nulls[place], tree.members[place])
        yes, no = tree.yes[place], tree.no[place]
        _add_split(columns, one, (number[yes], int(not tree.test[yes])), (number[no], int(not tree.test[no])))


@dataclass(frozen=True)
class _Split:
    test: str
    column: int
    border: float
    nulls: bool
    members: tuple[float, ...]


def _add_split(columns: dict[str, list[Any]], one: _Split, yes: tuple[int, int], no: tuple[int, int]) -> None:
    columns["modes"].append(_MODES[one.test])
    columns["columns"].append(one.column)
    columns["borders"].append(one.border)
    columns["nulls"].append(int(one.nulls))
    columns["yes"].append(yes[0])
    columns["yes_leaf"].append(yes[1])
    columns["no"].append(no[0])
    columns["no_leaf"].append(no[1])
    if one.test == "in":
        columns["members"] += [*one.members, float("nan")]


def _old(given: str, made: str, ensemble: Ensemble) -> list[Any]:
    """TreeEnsembleRegressor of ai.onnx.ml 3: any number of targets for a leaf; sums are handed out as float32."""
    import numpy as np
    from onnx import TensorProto, helper

    modes = {"<=": "BRANCH_LEQ", "<": "BRANCH_LT", "": "LEAF"}
    flat = [(number, place) for number, tree in enumerate(ensemble.trees) for place in range(len(tree.test))]
    trees = ensemble.trees
    leaves = [
        (number, place, target, value)
        for number, place in flat
        if not trees[number].test[place]
        for target, value in sorted(trees[number].leaf[place].items())
    ]
    sums = f"{made}_sums"
    node = helper.make_node(
        "TreeEnsembleRegressor",
        [given],
        [sums],
        domain="ai.onnx.ml",
        n_targets=ensemble.targets,
        aggregate_function="SUM",
        post_transform="NONE",
        nodes_treeids=[number for number, _ in flat],
        nodes_nodeids=[place for _, place in flat],
        nodes_modes=[modes[trees[number].test[place]] for number, place in flat],
        nodes_featureids=[trees[number].column[place] for number, place in flat],
        nodes_values_as_tensor=tensor_of(np.array([trees[n].border[p] for n, p in flat], dtype=np.float64)),
        nodes_truenodeids=[trees[number].yes[place] for number, place in flat],
        nodes_falsenodeids=[trees[number].no[place] for number, place in flat],
        nodes_missing_value_tracks_true=[int(trees[number].nulls[place]) for number, place in flat],
        target_treeids=[one[0] for one in leaves],
        target_nodeids=[one[1] for one in leaves],
        target_ids=[one[2] for one in leaves],
        target_weights_as_tensor=tensor_of(np.array([one[3] for one in leaves], dtype=np.float64)),
    )
    return [node, helper.make_node("Cast", [sums], [made], to=int(TensorProto.DOUBLE))]
