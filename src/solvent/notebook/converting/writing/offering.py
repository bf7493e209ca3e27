"""What of a notebook Solvent has a step of its own for: which, with the notebook's settings, and what that adds."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from solvent.notebook.converting.keeping import Sorted
from solvent.notebook.flow.program import Statement

__all__ = ["Offer", "find_offers"]

_SEARCHES = frozenset({"GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV"})
_FOLDS = frozenset({"cross_val_score", "cross_validate", "cross_val_predict"})
_SAVES = frozenset({"dump", "save_model"})
_JUDGES = frozenset({
    "accuracy_score", "average_precision_score", "balanced_accuracy_score", "brier_score_loss", "classification_report",
    "confusion_matrix", "explained_variance_score", "f1_score", "log_loss", "mean_absolute_error",
    "mean_absolute_percentage_error", "mean_squared_error", "precision_score", "r2_score", "recall_score",
    "roc_auc_score", "root_mean_squared_error",
})  # fmt: skip
_MODELS = ("sklearn.", "lightgbm.", "xgboost.")


@dataclass(frozen=True)
class Offer:
    """A statement that a step of Solvent's own could take the place of: the step as YAML, and what it adds."""

    statement: Statement
    found: str
    yaml: str
    adds: str


def find_offers(sorted_: Sorted) -> list[Offer]:
    """The offers for the statements that became steps, in their order; each only once."""
    made: dict[tuple[str, str], Offer] = {}
    sources = {name: path for one in sorted_.imports for name, path in _imported(one.node)}
    values = {name: _literal(one.node) for name, one in sorted_.constants.items()}
    for one in (*sorted_.steps, *(left.statement for left in sorted_.left_out)):
        for call in ast.walk(one.node):
            if isinstance(call, ast.Call):
                for offer in _offers(one, call, sources, values):
                    made.setdefault((offer.found, offer.yaml), offer)
    return sorted(made.values(), key=lambda offer: offer.statement.place)


def _offers(
    statement: Statement, call: ast.Call, sources: Mapping[str, str], values: Mapping[str, Any]
) -> Iterator[Offer]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    given = {one.arg: _value(one.value, values) for one in call.keywords if one.arg}
    source = sources.get(name, "")
    if name == "train_test_split":
        yield Offer(statement, name, _split(given, call), "its seed, counts and class balance are recorded, and leaks "
                    "are looked for; it draws other rows than scikit-learn does of the same seed: to keep these, mark "
                    "them in a column and take predefined_split")  # fmt: skip
    elif name in _FOLDS and source.startswith("sklearn."):
        folds = given.get("cv", 5) if isinstance(given.get("cv", 5), int) else 5
        yield Offer(statement, name, f"cross_validate: {{folds: {folds}}}", "preparation is fitted in each fold anew, "
                    "answers out of fold are kept, intervals say how sure the mean is")  # fmt: skip
    elif name in _SEARCHES:
        yield Offer(
            statement, name, "search", "every trial is a step with a key of its own: a wider search repeats none"
        )
    elif (name in _JUDGES and source.startswith("sklearn.")) or (name == "score" and len(call.args) > 1):
        yield Offer(statement, "figures of merit", "evaluate", "all figures with intervals, slices, calibration, "
                    "and a comparison with a baseline, in one report that gates can read")  # fmt: skip
    elif name in _SAVES and (source or isinstance(call.func, ast.Attribute)):
        yield Offer(statement, name, "deploy: {model: NAME}", "a version with its preparation, golden rows, card and "
                    "gates instead of a file (solvent notebook convert --deploy NAME adds it)")  # fmt: skip
    elif source.startswith(_MODELS) and name[:1].isupper() and _is_trained(source):
        made = {key: one for key, one in given.items() if one is not None}
        chosen = f"{source.rpartition('.')[0]}:{source.rpartition('.')[2]}"
        more = f", with: {_flow(made)}" if made else ""
        yield Offer(statement, name, f'train: {{use: "{chosen}"{more}}}', "another model is another setting; arguments "
                    "are checked before anything runs")  # fmt: skip


def _is_trained(source: str) -> bool:
    """Whether a class is one that learns answers, by the module that it is public in, or by its name."""
    package, _, name = source.rpartition(".")
    if package.startswith(("lightgbm", "xgboost")):
        return name.endswith(("Classifier", "Regressor"))
    rooms = ("linear_model", "ensemble", "tree", "svm", "neighbors", "naive_bayes", "neural_network")
    return package.removeprefix("sklearn.") in rooms


def _split(given: Mapping[str, Any], call: ast.Call) -> str:
    said: dict[str, Any] = {"test": given.get("test_size") or 0.25}
    stratify = next((one.value for one in call.keywords if one.arg == "stratify"), None)
    if stratify is not None and not (isinstance(stratify, ast.Constant) and stratify.value is None):
        column = stratify.id if isinstance(stratify, ast.Name) else ast.unparse(stratify)
        if isinstance(stratify, ast.Subscript) and isinstance(stratify.slice, ast.Constant):
            column = str(stratify.slice.value)
        said = {"by": column, **said}
    if isinstance(given.get("random_state"), int):
        said["seed"] = given["random_state"]
    return f"{'stratified' if 'by' in said else 'random'}_split: {_flow(said)}"


def _imported(node: ast.stmt) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for alias in node.names:
            yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _literal(node: ast.stmt) -> Any:
    return ast.literal_eval(node.value) if isinstance(node, ast.Assign) else None


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    """What an argument is, where the code says it; None where it is computed."""
    if isinstance(node, ast.Name):
        return values.get(node.id)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _flow(said: Mapping[str, Any]) -> str:
    """A mapping as YAML has it in one line; JSON's values are YAML's too."""
    return "{" + ", ".join(f"{key}: {_word(value)}" for key, value in said.items()) + "}"


def _word(value: Any) -> str:
    if isinstance(value, str) and value.isidentifier():
        return value
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_word, value)) + "]"
    return json.dumps(value, ensure_ascii=False, default=str)
