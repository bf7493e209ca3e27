"""What a statement is for: loading, preparing, splitting, fitting, judging, exporting, or only looking."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Literal

from solvent.notebook.flow.program import Statement

__all__ = ["Role", "called_names", "draws", "role_of"]

Role = Literal["import", "definition", "load", "clean", "feature", "split", "fit", "evaluate", "export", "view"]

_LOADS = re.compile(
    r"^(read_\w+|load_\w+|fetch_\w+|make_(classification|regression|blobs|moons|circles)|loadtxt|genfromtxt|open|scan_\w+"
    r"|imread|get_dataset|urlopen|connect|fromfile)$"
)
_EXPORTS = re.compile(
    r"^(to_(csv|parquet|pickle|excel|json|feather|hdf|sql|html|file)|dump|save|savez|savetxt|savefig|save_model|"
    r"write_\w+|save_weights|export_(?!text\b)\w+|imwrite)$"
)
_SPLITS = re.compile(
    r"^(train_test_split|random_split|\w*(KFold|ShuffleSplit|GroupKFold|TimeSeriesSplit|LeaveOneOut))$"
)
_FITS = re.compile(
    r"^(fit|fit_predict|partial_fit|train|fit_generator|compile|cross_val_score|cross_validate|minimize)$"
)
_JUDGES = re.compile(
    r"^(score|predict|predict_proba|evaluate|decision_function|cross_val_\w+|classification_report|confusion_matrix|"
    r"\w+_score|\w+_error|\w*roc_curve|auc|log_loss|\w+_report|precision_recall_\w+|permutation_importance|"
    r"silhouette_\w+|mean_\w+_error)$"
)
_CLEANS = re.compile(
    r"^(dropna|fillna|drop_duplicates|drop|rename|astype|replace|to_numeric|to_datetime|isna|isnull|notna|notnull|strip|"
    r"reset_index|interpolate|clip|duplicated|set_index|query|drop_nulls|fill_null|cast)$"
)
_DRAWS = re.compile(
    r"^(plot|scatter|hist|bar|barh|boxplot|imshow|pie|countplot|heatmap|pairplot|distplot|histplot|kdeplot|lmplot|regplot|"
    r"catplot|barplot|scatterplot|lineplot|violinplot|jointplot|displot|stripplot|swarmplot|pcolormesh|contourf?|errorbar|"
    r"fill_between|plot_\w+|from_estimator|from_predictions|scatter_matrix|hexbin|stem|step|matshow|hist2d|clustermap|"
    r"pointplot|residplot|relplot|boxenplot|axvline|axhline|subplots|figure)$"
)


def draws(statement: Statement) -> bool:
    """Whether a statement draws a picture, as far as the names of what it calls tell."""
    return any(map(_DRAWS.match, called_names(statement.node)))


def called_names(node: ast.AST) -> Iterator[str]:
    """The last names of everything that is called in a node: ``read_csv`` of ``pd.read_csv(…)``."""
    for one in ast.walk(node):
        if isinstance(one, ast.Call):
            if isinstance(one.func, ast.Attribute):
                yield one.func.attr
            elif isinstance(one.func, ast.Name):
                yield one.func.id


def role_of(statement: Statement, models: frozenset[str], reads: frozenset[str]) -> Role:
    """The role of a statement; ``models`` are the names that hold something fitted or to be fitted there."""
    node = statement.node
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return "import"
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return "definition"
    called = list(called_names(node))
    event = statement.event
    writes = event is not None and any(set(mode) & set("wax+") for _, mode in event.files)
    if writes or any(map(_EXPORTS.match, called)):
        return "export"
    if any(map(_SPLITS.match, called)):
        return "split"
    fitted = bool(statement.altered & models)
    if fitted or any(map(_FITS.match, called)) or (statement.bound & models):
        return "fit"
    if any(map(_JUDGES.match, called)) and (reads & models or any(one not in ("score", "predict") for one in called)):
        return "evaluate"
    if any(map(_LOADS.match, called)) or (event is not None and event.files):
        return "load"
    if not statement.bound and not statement.altered:
        return "view"
    return "clean" if any(map(_CLEANS.match, called)) else "feature"
