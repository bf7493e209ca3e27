"""Writing the project: steps, views, the pipeline, its settings, a test, and a page that leads from cells to steps."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from solvent.notebook.converting.grouping import StepDraft
from solvent.notebook.converting.keeping import Sorted
from solvent.notebook.converting.modules import Library
from solvent.notebook.converting.steps import StepText, field_name
from solvent.notebook.flow.chains import said_name

__all__ = ["Project", "write_project"]


@dataclass(frozen=True)
class Project:
    """The files of a converted notebook by their paths, and where each surviving value is found: (step, output).

    ``unkept`` are values that no step hands on, and why.
    """

    name: str
    files: Mapping[str, str]
    values: Mapping[str, tuple[str, str | None]]
    unkept: Mapping[str, str] = field(default_factory=dict)


def write_project(
    name: str, title: str, drafts: Sequence[StepDraft], steps: Sequence[StepText], sorted_: Sorted, library: Library,
    data: Mapping[str, str],
) -> Project:  # fmt: skip
    """The project; ``data`` maps the names of input files to their paths as the settings say them."""
    package = name
    files = {
        f"{package}/__init__.py": f'"""{_line(title)}"""\n',
        f"{package}/steps.py": _steps(title, steps, library, package),
        f"{package}/pipeline.py": _pipeline(package, title, drafts, steps),
        f"{name}.yaml": _settings(package, steps, data),
        f"tests/test_{name}.py": _test(name, steps),
        "pyproject.toml": _pyproject(name),
        "solvent.toml": 'code = ["."]\n',
    }
    shared = library.module(f"Functions and classes of the notebook: {_line(title)}")
    if shared is not None:
        files[f"{package}/functions.py"] = shared
    return Project(name, files, _values(steps, sorted_), sorted_.unkept)


def _steps(title: str, steps: Sequence[StepText], library: Library, package: str) -> str:
    needs = sorted(set().union(*(one.needs for one in steps)))
    used = sorted(set().union(*(one.shared for one in steps)))
    own = [f"from {package}.functions import {', '.join(used)}"] if used else []
    head = "\n".join(["from __future__ import annotations", "", *needs, *own])
    return f'"""The steps of the notebook: {_line(title)}"""\n\n{head}\n\n\n' + "\n\n".join(one.code for one in steps)


def _pipeline(package: str, title: str, drafts: Sequence[StepDraft], steps: Sequence[StepText]) -> str:
    files = list(dict.fromkeys(name for one in steps for name in one.files))
    lines, variable = _calls(steps, files)
    parameters = ", ".join(f"{name}: Path" for name in files)
    result = "Any" if variable is not None else "None"
    if variable is not None:
        lines.append(f"    return {variable}")
    imports = (["from pathlib import Path"] if files else []) + (
        ["from typing import Any"] if variable is not None else []
    )
    return (
        f'"""The pipeline of the notebook: {_line(title)}"""\n\nfrom __future__ import annotations\n\n'
        + "\n".join([*imports, "", "import solvent as sv", "", f"from {package} import steps"])
        + f'\n\n\n@sv.pipeline\ndef {_word(package)}({parameters}) -> {result}:\n    """{_line(title)}"""\n'
        + "\n".join(lines)
        + "\n"
    )


def _calls(steps: Sequence[StepText], files: Sequence[str]) -> tuple[list[str], str | None]:
    """The lines that call the steps, and what the pipeline gives: what the last of them made that makes anything."""
    current: dict[str, str] = {name: name for name in files}
    used: set[str] = set()
    calls: list[tuple[str | None, str]] = []
    for one in steps:
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
    last = next((variable for variable, _ in reversed(calls) if variable is not None), None)
    used |= {last} if last is not None else set()
    return [f"    {variable} = {call}" if variable in used else f"    {call}" for variable, call in calls], last


def _settings(package: str, steps: Sequence[StepText], data: Mapping[str, str]) -> str:
    lines = [f"pipeline: {package}.pipeline:{_word(package)}", "seed: 0"]
    files = list(dict.fromkeys(name for one in steps for name in one.files))
    if files:
        lines += ["", "inputs:", *(f"  {name}: {json.dumps(data[name])}" for name in files)]
    if any(one.settings for one in steps):
        lines += ["", "steps:"]
        for one in steps:
            if one.settings:
                lines.append(f"  {one.name}:")
                lines += [f"    {name}: {_yaml(value)}" for name, value in one.settings.items()]
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
        f'"""The pipeline runs, and runs again without doing anything twice."""\n\nfrom __future__ import annotations\n\n'
        "from pathlib import Path\n\nimport solvent as sv\n\nROOT = Path(__file__).parents[1]\n\n\n"
        "def test_the_pipeline_runs_and_is_reused() -> None:\n"
        '    """A second run finds every step done."""\n'
        f'    assert sv.run(ROOT / "{name}.yaml", project=ROOT).status == "succeeded"\n'
        f'    again = sv.run(ROOT / "{name}.yaml", project=ROOT)\n'
        f'    assert again["{first}"].status == "reused"\n'
    )


def _pyproject(name: str) -> str:
    return (
        f'[project]\nname = "{name.replace("_", "-")}"\nversion = "0.1.0"\nrequires-python = ">=3.11"\n'
        'dependencies = ["solvent"]\n\n[tool.ruff]\nline-length = 120\n\n[tool.mypy]\nstrict = true\n'
        "allow_redefinition = true\nignore_missing_imports = true\nfollow_untyped_imports = false\n"
    )


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
