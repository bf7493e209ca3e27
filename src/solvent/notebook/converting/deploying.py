"""From the notebook's model to an endpoint: which transforms come before it, and which rows it is judged by."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from solvent.notebook.converting.keeping import Sorted
from solvent.notebook.flow.program import Statement

__all__ = ["Serving", "deploying_lines", "find_serving", "judged_step"]

_TABLES = ("pandas.DataFrame", "pandas.core.frame.DataFrame")
_COLUMNS = ("pandas.Series", "pandas.core.series.Series", "numpy.ndarray")


@dataclass(frozen=True)
class Serving:
    """What can be deployed: fitted parts in order, the model last, by their names in the notebook.

    ``train`` are the rows that the first part was given, ``test`` and ``truth`` rows that it was not fitted on, with
    their answers; ``target`` is how the answers are called.
    """

    parts: tuple[str, ...]
    train: str
    test: str
    truth: str
    target: str


def find_serving(sorted_: Sorted, kinds: Mapping[str, str]) -> Serving | str:
    """What of a notebook can be deployed, or why nothing can.

    The last model that was fitted on a table, or on what transforms made of one, and that was asked about others.
    """
    statements = list(sorted_.steps)
    calls = [(one, call) for one in statements for call in ast.walk(one.node) if isinstance(call, ast.Call)]
    fits = [
        (name, arguments)
        for one, call in calls
        if (name := _fitted(one.node, call)) and len(arguments := _names(call)) >= 2
    ]
    if not fits:
        return "no model is fitted on rows and answers by their names: model.fit(X_train, y_train)"
    model, (rows, answers, *_) = fits[-1]
    made = _transformed(statements)
    parts = [model]
    train = rows
    while train in made:
        part, train = made[train]
        parts.insert(0, part)
    if kinds.get(train) not in _TABLES:
        kind = kinds.get(train, "unknown")
        return f"{train}, which {parts[0]} is fitted on, is {kind}, and a request needs names of columns"
    asked = [
        _names(call)[0]
        for _, call in calls
        if _object(call, "predict", "score", "predict_proba") == model and _names(call)
    ]
    tests = [one for one in asked if one != rows] or [_twin(rows)]
    test = tests[-1]
    for part in reversed(parts[:-1]):
        if test in made and made[test][0] == part:
            test = made[test][1]
    truth = next(
        (names[1] for _, call in calls if _object(call, "score") == model and len(names := _names(call)) > 1),
        _twin(answers),
    )
    for name, wanted in ((test, _TABLES), (truth, _COLUMNS)):
        if kinds.get(name) not in wanted:
            kind = kinds.get(name, "not there")
            return f"there are no rows with answers that {model} was not fitted on: {name} is {kind}"
    return Serving(tuple(parts), train, test, truth, answers.removesuffix("_train").strip("_") or "target")


def judged_step(serving: Serving, kinds: Mapping[str, str]) -> str:
    """The step that puts answers to rows, as a report asks for them."""
    answers = "pd.Series" if "Series" in kinds.get(serving.truth, "") else "np.ndarray[Any, Any]"
    return (
        f"@sv.step\ndef judged_rows({serving.test}: pd.DataFrame, {serving.truth}: {answers}) -> pd.DataFrame:\n"
        f'    """Rows that the model was not fitted on, with their answers as the column {serving.target}."""\n'
        f"    return {serving.test}.assign(**{{{serving.target!r}: {serving.truth}}})\n"
    )


def deploying_lines(serving: Serving, current: Mapping[str, str]) -> list[str]:
    """The lines of the pipeline that put the parts together, judge them, and deploy."""
    parts = ", ".join(current[name] for name in serving.parts)
    return [
        f"    judged_rows = steps.judged_rows({current[serving.test]}, {current[serving.truth]})",
        f'    predictor = learn.assemble.named("predictor")({current[serving.train]}, {parts})',
        '    report = learn.evaluate.named("report")(predictor, judged_rows)',
        "    return delivery.deploy(predictor, report, judged_rows)",
    ]


def _fitted(node: ast.stmt, call: ast.Call) -> str | None:
    """The name of what is fitted: ``model.fit(…)``, or ``model = Model(…).fit(…)``."""
    if isinstance(node, ast.Assign) and node.value is call and isinstance(node.targets[0], ast.Name):
        made = isinstance(call.func, ast.Attribute) and call.func.attr == "fit"
        if made and isinstance(call.func.value, ast.Call):  # type: ignore[attr-defined]
            return node.targets[0].id
    return _object(call, "fit")


def _object(call: ast.Call, *methods: str) -> str | None:
    """The name whose method is called."""
    called = call.func
    if isinstance(called, ast.Attribute) and called.attr in methods and isinstance(called.value, ast.Name):
        return called.value.id
    return None


def _names(call: ast.Call) -> list[str]:
    """The arguments that are names; an array of a column of answers counts as the column."""
    found = []
    for one in call.args:
        while (
            isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in ("ravel", "values")
        ):
            one = one.func.value
        if isinstance(one, ast.Attribute) and one.attr == "values":
            one = one.value
        if not isinstance(one, ast.Name):
            break
        found.append(one.id)
    return found


def _transformed(statements: Sequence[Statement]) -> dict[str, tuple[str, str]]:
    """Names that are what a transform made: by which transform, and of which rows."""
    found: dict[str, tuple[str, str]] = {}
    for one in statements:
        node = one.node
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
            continue
        if isinstance(node.value, ast.Call) and (part := _object(node.value, "transform", "fit_transform")):
            names = _names(node.value)
            if names and names[0] != node.targets[0].id:
                found[node.targets[0].id] = (part, names[0])
    return found


def _twin(name: str) -> str:
    """How the test part of something is usually called."""
    return name.replace("train", "test") if "train" in name else f"{name}_test"
