"""Writing a declared graph as the Python function that wires the same steps, with the same keys."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from solvent.errors import PlanError
from solvent.graph.declared.parts import Declared, Ref, StepRef
from solvent.graph.pipelines import Pipeline
from solvent.graph.steps import Step
from solvent.names import reference_of

__all__ = ["write_python"]


def write_python(pipeline: Pipeline[Any, Any], settings: str, family: Callable[[Any], bool]) -> str:
    """The module that wires what ``pipeline`` declares; ``settings`` is the name of the file that declared it.

    ``family`` says which annotations are tables.

    Raises :class:`PlanError` for a pipeline that is Python already.
    """
    if not isinstance(pipeline, Declared):
        raise PlanError(f"{pipeline.name!r} is a function already: {reference_of(pipeline)}")
    writer = _Writer(family)
    writer.write(pipeline)
    name = _word(pipeline.name)
    imports = [f"import {one}" for one in sorted(writer.modules)]
    own = f"\nfrom solvent import {', '.join(sorted(writer.rooms))}" if writer.rooms else ""
    return (
        f'"""The graph of {settings}, as a function.\n\n'
        f"The settings that go with it: in {settings} write pipeline: MODULE:{name} in the place of name:, and take\n"
        f'away every of:, and every use: that names a step.\n"""\n\n'
        + "\n".join(["from typing import Any", "", *imports, *[""][: len(imports)], f"import solvent as sv{own}"])
        + "\n\n\n"
        + "\n\n\n".join(writer.bodies)
        + "\n"
    )


@dataclass(slots=True)
class _Writer:
    """Collects the functions, those of inner graphs before those that use them, and what they import."""

    family: Callable[[Any], bool]
    bodies: list[str] = field(default_factory=list)
    modules: set[str] = field(default_factory=set)
    rooms: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    steps: dict[str, str] = field(default_factory=dict)

    def write(self, pipeline: Declared) -> str:
        """Add the function of a graph; gives its name."""
        function = _free(_word(pipeline.name), self.functions)
        taken = {"sv", "Any", function}
        names = {one.name: _free(_word(one.name), taken) for one in pipeline.signature.data}
        lines: list[str] = []
        for part in pipeline.parts:
            called = self.called(part.step)
            taken.add(called.partition(".")[0])
            places = [self.said(one, names) for one in part.places]
            named = [f"{name}={self.said(one, names)}" for name, one in part.named.items()]
            names[part.name] = _free(_word(part.name), taken)
            own = "" if (part.step.label or part.step.name) == part.name else f'.named("{part.name}")'
            self.steps[part.name] = f"{called}{own}"
            way = ".map" if part.mapped else ""
            lines.append(f"    {names[part.name]} = {called}{own}{way}({', '.join([*places, *named])})")
        kinds = {one.name: "sv.Table" if self.family(one.annotation) else "Any" for one in pipeline.signature.data}
        data = ", ".join(f"{names[name]}: {kind}" for name, kind in kinds.items())
        lines.append(f"    return {self.said(pipeline.result, names)}")
        self.bodies.append(f"@sv.pipeline\ndef {function}({data}) -> Any:\n" + "\n".join(lines))
        return function

    def called(self, step: Step[Any, Any]) -> str:
        """How a step is called in the module, where what it needs is imported."""
        if isinstance(step, Declared):
            return self.write(step)
        module, _, name = reference_of(step).partition(":")
        for room in ("learn", "delivery"):
            if module.startswith(f"solvent.{room}."):
                self.rooms.add(room)
                return f"{room}.{name}"
        self.modules.add(module)
        return f"{module}.{name}"

    def said(self, value: Any, names: Mapping[str, str]) -> str:
        """What is handed over, as an expression."""
        if isinstance(value, Step):
            return self.called(value)
        if isinstance(value, StepRef):
            return self.steps[value.node]
        if isinstance(value, Ref):
            return names[value.node] + (f".{value.output}" if value.output else "")
        if isinstance(value, dict):
            return "{" + ", ".join(f"{name!r}: {self.said(item, names)}" for name, item in value.items()) + "}"
        return f"[{', '.join(self.said(item, names) for item in value)}]"


def _word(name: str) -> str:
    made = name.replace("-", "_")
    return f"{made}_" if keyword.iskeyword(made) or keyword.issoftkeyword(made) else made


def _free(name: str, taken: set[str]) -> str:
    """The name, with underscores behind it until it is free; it is taken then."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name
