"""Steps as text: a typed function for each group of statements, and the record of what it hands on."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from solvent.notebook.converting.grouping import StepDraft, unkept
from solvent.notebook.converting.lifting import Lifted
from solvent.notebook.converting.writing.declaring import declared
from solvent.notebook.converting.writing.modules import Library, names_in
from solvent.notebook.flow.chains import DICE, FILE, hidden, said_name
from solvent.notebook.flow.kinds import Annotation, annotation_of
from solvent.notebook.flow.program import Program, Statement
from solvent.notebook.reading.code import annotated, awaits, indented, nested, waited

__all__ = ["StepText", "field_name", "restoring", "write_step"]

_STATES = {
    "numpy": ("np.random.set_state({0})", "{0} = np.random.get_state(legacy=False)", "import numpy as np"),
    "random": ("random.setstate({0})", "{0} = random.getstate()", "import random"),
    "torch": ("torch.set_rng_state({0})", "{0} = torch.get_rng_state()", "import torch"),
}
_SEEDS = {"numpy": "np.random.seed({0})", "random": "random.seed({0})", "torch": "torch.manual_seed({0})"}


@dataclass
class StepText:
    """A step as it is written: its code, the lines that it needs imported, and how its outputs are called.

    ``data`` are its positional parameters, ``files`` those of them that are files. ``record`` is the class of its
    outputs, if they are several.
    """

    name: str
    code: str
    needs: set[str]
    data: list[str]
    files: list[str]
    outputs: list[str]
    record: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)


def write_step(
    lifted: Lifted, program: Program, library: Library, kinds: Mapping[str, str], seeds: Sequence[str]
) -> StepText:
    """One step. ``kinds`` are the classes of what it makes; ``seeds`` generators that nobody seeded."""
    draft = lifted.draft
    needs = {"from typing import Any", "import solvent as sv"}
    body: list[str] = []
    parameters: list[str] = []
    for name in draft.inputs:
        said = _said(name, draft.given)
        needs.add(said.needs)
        parameters.append(f"{said_name(name)}: {said.text}")
    for name in lifted.files:
        needs.add("from pathlib import Path")
        parameters.append(f"{name}: Path")
    settings = dict(lifted.settings)
    for one in seeds:
        settings["seed"] = 0
        body.append(_SEEDS[one].format("seed"))
        needs.add(_STATES[one][2])
    body += _body(lifted, program, library, needs)
    used = names_in("\n".join(body))
    needs |= set(library.lines_for(used - set(draft.inputs)))
    called = _record_name(draft.name, {*library.imports, *library.shared, *library.local, "Any", "NamedTuple", "Path"})
    result, record, give = _result((draft.name, called), draft.outputs, kinds, needs, _forms(draft, settings))
    named = ", ".join([*parameters, *(["*"] if settings else []), *(f"{name}: {_type(value)} = sv.required"
                                                                    for name, value in settings.items())])  # fmt: skip
    heading = draft.heading or _SAID[draft.role]
    cells = ", ".join(map(str, draft.cells))
    doc = f'"""{_sentence(heading)}\n\n    Cell{"s" if len(draft.cells) > 1 else ""} {cells} of the notebook.'
    doc += f" They are one step since {draft.reason}." if draft.reason else ""
    doc += '\n    """'
    alone = draft.outputs[0] if len(draft.outputs) == 1 and give == f"return {said_name(draft.outputs[0])}" else None
    taken = {*map(said_name, draft.inputs), *lifted.files, *settings}
    inside = declared("\n".join(body), taken, (said_name(alone), result) if alone is not None else None)
    text = "\n".join([doc, *([inside] if inside else []), *([give] if give else [])])
    unseen = draft.role == "export" and not any(name.startswith(FILE) for name in draft.outputs)
    option = "(reuse=False)" if unseen else ""
    code = f"@sv.step{option}\ndef {draft.name}({named}) -> {result}:\n{indented(text)}\n"
    if record is not None:
        code = f"{record}\n\n\n{code}"
    return StepText(
        draft.name, code, {one for one in needs if one}, [*draft.inputs, *lifted.files], list(lifted.files),
        list(draft.outputs), called if record else None, settings, used & set(library.shared),
    )  # fmt: skip


def restoring(dice: str) -> tuple[str, str]:
    """The line that puts a shared generator into the state that it is given, and the import that it needs."""
    restore, _, line = _STATES[dice.removeprefix(DICE)]
    return restore.format(said_name(dice)), line


def _body(lifted: Lifted, program: Program, library: Library, needs: set[str]) -> list[str]:
    """The code of a step but for its end: what it needs imported is added to ``needs``."""
    draft = lifted.draft
    body: list[str] = []
    for name in draft.inputs:
        if name.startswith(DICE):
            restore, line = restoring(name)
            body.append(restore)
            needs.add(line)
    for folder in sorted(
        {str(PurePath(name.removeprefix(FILE)).parent) for name in draft.outputs if name.startswith(FILE)}
    ):
        if folder != ".":
            body.append(f"Path({json.dumps(folder, ensure_ascii=False)}).mkdir(parents=True, exist_ok=True)")
    defined: set[int] = set()
    for statement, text in zip(draft.statements, lifted.texts, strict=True):
        # A function that is defined again later is, for each statement, the one that stood above it.
        for one in library.locals_for(set(program.reads[statement.place]), statement.place):
            if one.place not in defined:
                defined.add(one.place)
                body.append(nested(annotated(one.text)))
        waits = awaits(statement.node)
        needs |= {"import asyncio"} if waits else set()
        body.append(waited(text, _names_of(statement)) if waits else annotated(text))
    for name in draft.outputs:
        if name.startswith(DICE):
            _, take, line = _STATES[name.removeprefix(DICE)]
            body.append(take.format(said_name(name)))
            needs.add(line)
    return body


_SAID = {
    "load": "Load the data", "prepare": "Prepare the data", "split": "Split the data", "fit": "Fit the model",
    "evaluate": "Judge the model", "export": "Write what was made",
}  # fmt: skip


def _result(
    called: tuple[str, str], outputs: Sequence[str], kinds: Mapping[str, str], needs: set[str], forms: Mapping[str, str]
) -> tuple[str, str | None, str]:
    """The return annotation, the class of a record, and the line that returns; ``called`` are step and class."""
    name, record = called
    said = {one: _said(one, kinds) for one in outputs}
    needs |= {one.needs for one in said.values()}
    if not outputs:
        return "None", None, ""
    if len(outputs) == 1:
        (one,) = outputs
        return said[one].text, None, f"return {_given(one, said[one], forms)}"
    needs.add("from typing import NamedTuple")
    fields = "\n".join(f"    {field_name(one)}: {said[one].text}" for one in outputs)
    text = f'class {record}(NamedTuple):\n    """What {name} hands on."""\n\n{fields}'
    # A record's fields take what has no type; only NumPy's numbers have to become plain ones.
    plain = {
        one: said[one] if kinds.get(one, "").startswith("numpy.") else Annotation(said[one].text) for one in outputs
    }
    given = ", ".join(f"{field_name(one)}={_given(one, plain[one], forms)}" for one in outputs)
    return record, text, f"return {record}({given})"


def field_name(name: str) -> str:
    """The name of an output: records have no fields that begin with an underscore."""
    plain = said_name(name)
    return f"{plain.lstrip('_')}_" if plain.startswith("_") else plain


def _said(name: str, kinds: Mapping[str, str]) -> Annotation:
    if name.startswith(FILE):
        return Annotation("Path", "from pathlib import Path")
    return Annotation("Any") if hidden(name) else annotation_of(kinds.get(name, ""))


def _names_of(statement: Statement) -> list[str]:
    return sorted(name for name in statement.bound if not hidden(name))


def _forms(draft: StepDraft, settings: Mapping[str, Any]) -> dict[str, str]:
    """Outputs that are not handed on by their names alone, as code: files, and tables whose columns get names."""
    paths = {value: name for name, value in settings.items() if isinstance(value, str)}
    found = {name: _plain_form(name, unkept(draft.statements, name)) for name in draft.renamed}
    for name in draft.outputs:
        if name.startswith(FILE):
            path = name.removeprefix(FILE)
            found[name] = f"Path({paths.get(path) or json.dumps(path, ensure_ascii=False)})"
    return found


def _plain_form(name: str, why: str) -> str:
    """The code that makes a table one that can be kept: cells that hold lists or mappings, or names, become text."""
    nested = re.match(r"its nested columns (\[.*?\]):", why)
    if nested is None:
        return f"{name}.set_axis({name}.columns.map(str), axis=1)"
    columns = ast.literal_eval(nested[1])
    made = ", ".join(f'{json.dumps(one)}: {name}[{json.dumps(one)}].map(str, na_action="ignore")' for one in columns)
    return f"{name}.assign(**{{{made}}})"


def _given(name: str, said: Annotation, forms: Mapping[str, str]) -> str:
    if name in forms:
        return forms[name]
    return f"{said.cast}({said_name(name)})" if said.cast else said_name(name)


def _record_name(name: str, taken: Collection[str]) -> str:
    """The name of a step's record, which no class or function of the module has."""
    made = "".join(part.capitalize() for part in name.split("_")) or "Made"
    return f"{made}Made" if made in taken else made


def _type(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        inner = {_type(one) for one in value}
        element = inner.pop() if len(inner) == 1 else "Any"
        return f"list[{element}]" if isinstance(value, list) else f"tuple[{element}, ...]"
    return "dict[str, Any]" if isinstance(value, dict) else type(value).__name__


def _sentence(text: str) -> str:
    plain = " ".join(text.replace('"', "'").replace("\\", "").split())[:90]
    return plain if plain.endswith((".", "!", "?")) else f"{plain}."
