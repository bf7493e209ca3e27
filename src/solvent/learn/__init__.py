"""Learning: splits, transforms, training, evaluation, and the predictor that takes its preparation along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from solvent.learn.assembly import Answers, Predictor, assemble
    from solvent.learn.carried import Lookup, RowFunction, lookup
    from solvent.learn.evaluation import Report, evaluate
    from solvent.learn.leaks import Audit, Finding, audit_leaks
    from solvent.learn.measures.intervals import Figure
    from solvent.learn.networks import TorchClassifier, TorchRegressor
    from solvent.learn.searching import Trial, search
    from solvent.learn.splits import (
        Split,
        Split3,
        group_folds,
        group_split,
        group_split3,
        hash_split,
        hash_split3,
        partition,
        predefined_split,
        predefined_split3,
        random_folds,
        random_split,
        random_split3,
        stratified_folds,
        stratified_split,
        stratified_split3,
        time_folds,
        time_split,
        time_split3,
    )
    from solvent.learn.tables.checking import Passed, check_table
    from solvent.learn.tables.schema import Column
    from solvent.learn.tabular import TabularFeatures
    from solvent.learn.training import Baseline, Model, train
    from solvent.learn.transforms import Fitted, Transform, fit, transform
    from solvent.learn.validation import CrossValidation, Tested, cross_validate, gather_folds

__all__ = [
    "Answers",
    "Audit",
    "Baseline",
    "Column",
    "CrossValidation",
    "Figure",
    "Finding",
    "Fitted",
    "Lookup",
    "Model",
    "Passed",
    "Predictor",
    "Report",
    "RowFunction",
    "Split",
    "Split3",
    "TabularFeatures",
    "Tested",
    "TorchClassifier",
    "TorchRegressor",
    "Transform",
    "Trial",
    "assemble",
    "audit_leaks",
    "check_table",
    "cross_validate",
    "evaluate",
    "fit",
    "gather_folds",
    "group_folds",
    "group_split",
    "group_split3",
    "hash_split",
    "hash_split3",
    "lookup",
    "partition",
    "predefined_split",
    "predefined_split3",
    "random_folds",
    "random_split",
    "random_split3",
    "search",
    "stratified_folds",
    "stratified_split",
    "stratified_split3",
    "time_folds",
    "time_split",
    "time_split3",
    "train",
    "transform",
]

_PLACES = {
    "assembly": ("Answers", "Predictor", "assemble"),
    "carried": ("Lookup", "RowFunction", "lookup"),
    "tables.checking": ("Passed", "check_table"),
    "evaluation": ("Report", "evaluate"),
    "leaks": ("Audit", "Finding", "audit_leaks"),
    "measures.intervals": ("Figure",),
    "tables.schema": ("Column",),
    "networks": ("TorchClassifier", "TorchRegressor"),
    "searching": ("Trial", "search"),
    "splits": (
        "Split",
        "Split3",
        "group_folds",
        "group_split",
        "group_split3",
        "hash_split",
        "hash_split3",
        "partition",
        "predefined_split",
        "predefined_split3",
        "random_folds",
        "random_split",
        "random_split3",
        "stratified_folds",
        "stratified_split",
        "stratified_split3",
        "time_folds",
        "time_split",
        "time_split3",
    ),
    "tabular": ("TabularFeatures",),
    "training": ("Baseline", "Model", "train"),
    "transforms": ("Fitted", "Transform", "fit", "transform"),
    "validation": ("CrossValidation", "Tested", "cross_validate", "gather_folds"),
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    for place, names in _PLACES.items():
        if name in names:
            value = getattr(import_module(f"{__name__}.{place}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
