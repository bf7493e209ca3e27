"""Writing the project: steps, views, the pipeline, its settings, a test, and a page that leads from cells to steps."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from solvent.notebook.converting.deploying import Serving, deploying_lines, judged_step
from solvent.notebook.converting.keeping import Sorted
from solvent.notebook.converting.writing.locking import imported_packages, lock_project
from solvent.notebook.converting.writing.modules import Library
from solvent.notebook.converting.writing.steps import StepText, field_name
from solvent.notebook.converting.writing.views import View
from solvent.notebook.flow.chains import said_name

__all__ = ["Blueprint", "Project", "write_project"]


@dataclass(frozen=True)
class Project:
    """The files of a converted notebook by their paths, and where each surviving value is found: (step, output).

    ``unkept`` are values that no step hands on, and why; ``inside`` are the steps that make them.
    """

    name: str
    files: Mapping[str, str]
    values: Mapping[str, tuple[str, str | None]]
    unkept: Mapping[str, str] = field(default_factory=dict)
    inside: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Blueprint:
    """What a project is written from.

    ``data`` maps the names of input files to their paths as the settings say them; ``views`` are the views, and
    ``drawn`` their module; ``inside`` are the steps of values that none hands on; ``modules`` are the notebook's own,
    which are taken along as they are. With ``serving`` (what is deployed, the classes of its values, and under which
    name) the pipeline ends in a deployment.
    """

    name: str
    title: str
    steps: Sequence[StepText]
    sorted: Sorted
    library: Library
    data: Mapping[str, str]
    views: Sequence[View] = ()
    drawn: str = ""
    python: str = sys.executable
    serving: tuple[Serving, Mapping[str, str], str] | None = None
    inside: Mapping[str, str] = field(default_factory=dict)
    modules: Sequence[str] = ()


def write_project(plan: Blueprint) -> Project:
    """The project, file by file."""
    name, title, steps = plan.name, plan.title, plan.steps
    files = {
        f"{name}/__init__.py": f'"""{_line(title)}"""\n',
        f"{name}/steps.py": _steps(plan),
        f"{name}/pipeline.py": _pipeline(plan),
        f"{name}.yaml": _settings(plan),
        f"tests/test_{name}.py": _test(name, steps),
        "solvent.toml": 'code = ["."]\n',
    }
    shared = plan.library.module(f"Functions and classes of the notebook: {_line(title)}")
    if shared is not None:
        files[f"{name}/functions.py"] = shared
    if plan.views:
        files[f"{name}/views.py"] = plan.drawn
    sources = [text for path, text in files.items() if path.endswith(".py")]
    packages = [one for one in imported_packages(sources) if one not in (name, "tests")]
    roots, files["requirements.txt"] = lock_project(packages, plan.python)
    files["pyproject.toml"] = _pyproject(name, roots, plan.modules)
    return Project(name, files, _values(steps, plan.sorted), plan.sorted.unkept, plan.inside)


def _steps(plan: Blueprint) -> str:
    needs = set().union(*(one.needs for one in plan.steps))
    used = sorted(set().union(*(one.shared for one in plan.steps)))
    own = [f"from {plan.name}.functions import {', '.join(used)}"] if used else []
    codes = [one.code for one in plan.steps]
    if plan.serving is not None:
        codes.append(judged_step(*plan.serving[:2]))
        needs |= {"import numpy as np", "import pandas as pd"}
    head = "\n".join(["from __future__ import annotations", "", *sorted(needs), *own])
    return f'"""The steps of the notebook: {_line(plan.title)}"""\n\n{head}\n\n\n' + "\n\n".join(codes)


def _pipeline(plan: Blueprint) -> str:
    files = list(dict.fromkeys(name for one in plan.steps for name in one.files))
    lines, variable, current = _calls(plan, files)
    parameters = ", ".join(f"{name}: Path" for name in files)
    imports = ["from pathlib import Path"] if files else []
    own = ["import solvent as sv"]
    result = "None"
    if plan.serving is not None:
        result = "delivery.Deployment"
        lines += deploying_lines(plan.serving[0], current)
        own.append("from solvent import delivery, learn")
    elif variable is not None:
        result = "Any"
        imports.append("from typing import Any")
        lines.append(f"    return {variable}")
    own += ["", f"from {plan.name} import steps{', views' if plan.views else ''}"]
    return (
        f'"""The pipeline of the notebook: {_line(plan.title)}"""\n\nfrom __future__ import annotations\n\n'
        + "\n".join([*imports, "", *own])
        + f'\n\n\n@sv.pipeline\ndef {_word(plan.name)}({parameters}) -> {result}:\n    """{_line(plan.title)}"""\n'
        + "\n".join(lines)
        + "\n"
    )


def _calls(plan: Blueprint, files: Sequence[str]) -> tuple[list[str], str | None, dict[str, str]]:
    """The lines that call the steps, what the last of them made that makes anything, and where each name is."""
    current: dict[str, str] = {name: name for name in files}
    used: set[str] = set()
    calls: list[tuple[str | None, str]] = []
    for number, one in enumerate(plan.steps):
        given = [current.get(name, said_name(name)) for name in one.data]
        used |= {name.partition(".")[0] for name in given}
        variable = None
        if one.record is not None:
            variable = one.name if one.name not in files else f"{one.name}_made"
            current.update({name: f"{variable}.{field_name(name)}" for name in one.outputs})
        elif one.outputs:
            (output,) = one.outputs
            variable = current[output] = said_name(output)
        calls.append((variable, f"steps.{one.name}({', '.join(given)})"))
        for view in plan.views:
            if view.after == number:
                shown = [current[name] for name in view.inputs]
                used |= {name.partition(".")[0] for name in shown}
                calls.append((None, f"views.{view.name}({', '.join(shown)})"))
    last = next((variable for variable, _ in reversed(calls) if variable is not None), None)
    used |= {last} if last is not None and plan.serving is None else set()
    if plan.serving is not None:
        serving = plan.serving[0]
        names = (*serving.parts, serving.train, serving.test, serving.truth)
        used |= {current[name].partition(".")[0] for name in names}
    lines = [f"    {variable} = {call}" if variable in used else f"    {call}" for variable, call in calls]
    return lines, last, current


def _settings(plan: Blueprint) -> str:
    lines = [f"pipeline: {plan.name}.pipeline:{_word(plan.name)}", "seed: 0"]
    files = list(dict.fromkeys(name for one in plan.steps for name in one.files))
    if files:
        lines += ["", "inputs:", *(f"  {name}: {json.dumps(plan.data[name])}" for name in files)]
    blocks = {one.name: one.settings for one in plan.steps if one.settings}
    if plan.serving is not None:
        serving, _, model = plan.serving
        target = {"target": serving.target}
        blocks |= {"report": target, "deploy": {"model": model}}
    if blocks:
        lines += ["", "steps:"]
        for name, settings in blocks.items():
            lines.append(f"  {name}:")
            lines += [f"    {key}: {_yaml(value)}" for key, value in settings.items()]
    return "\n".join(lines) + "\n"


def _yaml(value: Any) -> str:
    """A value as YAML has it in one line; JSON is YAML too."""
    if isinstance(value, float):
        text = repr(value)
        return text if "." in text or "inf" in text or "nan" in text else re.sub(r"e", ".0e", text, count=1)
    return json.dumps(value, ensure_ascii=False)


def _test(name: str, steps: Sequence[StepText]) -> str:
    first = steps[0].name if steps else ""
    return (
        '"""The pipeline runs, and runs again without doing anything twice."""\n\n'
        "from __future__ import annotations\n\n"
        "from pathlib import Path\n\nimport solvent as sv\n\nROOT = Path(__file__).parents[1]\n\n\n"
        "def test_the_pipeline_runs_and_is_reused() -> None:\n"
        '    """A second run finds every step done."""\n'
        f'    assert sv.run(ROOT / "{name}.yaml", project=ROOT).status == "succeeded"\n'
        f'    again = sv.run(ROOT / "{name}.yaml", project=ROOT)\n'
        f'    assert again["{first}"].status == "reused"\n'
    )


def _pyproject(name: str, roots: Sequence[str], modules: Sequence[str]) -> str:
    needs = ", ".join(json.dumps(one) for one in sorted({"solvent", *(one.lower() for one in roots)}))
    lines = [
        "[project]", f'name = "{name.replace("_", "-")}"', 'version = "0.1.0"', 'requires-python = ">=3.11"',
        f"dependencies = [{needs}]", "", "[tool.ruff]", "line-length = 120",
    ]  # fmt: skip
    if modules:  # the notebook's own, as they are
        lines.append(f"extend-exclude = {json.dumps([path for one in modules for path in (one, f'{one}.py')])}")
    lines += ["", "[tool.mypy]", "strict = true", "allow_redefinition = true", "ignore_missing_imports = true"]
    lines.append("follow_untyped_imports = false")
    if modules:
        lines.append(f"exclude = {json.dumps([f'^{one}(/|.py$)' for one in modules])}")
        names = json.dumps([name for one in modules for name in (one, f"{one}.*")])
        lines += ["", "[[tool.mypy.overrides]]  # modules of the notebook's own, as they are", f"module = {names}"]
        lines.append('follow_imports = "skip"')
    return "\n".join([*lines, ""])


def _values(steps: Sequence[StepText], sorted_: Sorted) -> dict[str, tuple[str, str | None]]:
    """Where the last value of each surviving name is."""
    found: dict[str, tuple[str, str | None]] = {}
    for one in steps:
        for name in one.outputs:
            if name in sorted_.survivors:
                found[name] = (one.name, field_name(name) if one.record else None)
    return found


def _line(text: str) -> str:
    plain = " ".join(text.replace('"', "'").replace("\\", "").split())[:100]
    return plain if plain.endswith((".", "!", "?")) else f"{plain}."


def _word(name: str) -> str:
    return re.sub(r"\W", "_", name)
