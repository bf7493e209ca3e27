"""References: ``RUN/STEP[ITEM].OUTPUT`` and ``#DIGEST`` to artifacts, ``module:name`` to code."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

from solvent.errors import NotFound, NoValue, UsageError, did_you_mean

if TYPE_CHECKING:
    from solvent.engine.project import Project
    from solvent.engine.views.run import Run, StepRun

__all__ = ["artifact_of", "find_step", "load_reference", "name_of"]

_SHAPE = re.compile(r"(?P<path>[^\[\].#]+?)(?:\[(?P<item>.+)\])?(?:\.(?P<output>\w+))?$")


def load_reference(text: str) -> Any:
    """The object that ``module:name`` names; raises ``ValueError`` that says what could not be found."""
    module, colon, name = text.partition(":")
    if not colon or not module or not name:
        raise ValueError(f"{text!r} names no code; write it as module:name")
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and (module == error.name or module.startswith(error.name + ".")):
            raise ValueError(
                f"{text!r}: there is no module {error.name!r} on the import path (the project's folders are)"
            ) from None
        raise
    for part in name.split("."):
        if not hasattr(found, part):
            known = [one for one in dir(found) if not one.startswith("_")]
            raise ValueError(f"{text!r}: {module!r} has no {part!r}.{did_you_mean(part, known)}")
        found = getattr(found, part)
    return found


def name_of(thing: Any) -> str:
    """``module:name`` of a function, class or step."""
    return f"{thing.__module__}:{thing.__qualname__}"


def find_step(project: Project, reference: str) -> tuple[Run[Any], StepRun, str | None]:
    """The step run behind ``RUN/STEP[ITEM].OUTPUT`` (``RUN`` may be left out), and the output that it names."""
    from solvent.archive.catalog import query

    shape = _SHAPE.fullmatch(reference)
    if shape is None:
        raise UsageError(f"{reference!r} is no reference. Write RUN/STEP, RUN/STEP[ITEM] or RUN/STEP.OUTPUT.")
    path, item, output = shape["path"], shape["item"], shape["output"]
    first, slash, rest = path.partition("/")
    wanted = rest if slash else path
    run = None
    if slash and query.find_run(project.catalog, first) is not None:
        run = project.run(first)
    else:
        wanted = path
        found = query.find_step_run(project.catalog, wanted)
        if found is not None:
            run = project.run(query.run_by_id(project.catalog, found[0]).name)
    if run is None:
        raise NotFound(f"no run in {project.root} has a step {wanted!r}. 'solvent runs' lists them.")
    return run, run[f"{wanted}[{item}]" if item else wanted], output


def artifact_of(project: Project, reference: str) -> str:
    """The digest of the artifact that a reference means."""
    if reference.startswith("#"):
        if len(reference) < 7:
            raise UsageError(f"{reference!r} is too short: give at least six characters of the digest")
        return project.archive.find(reference[1:]).digest
    run, step, output = find_step(project, reference)
    outputs = step.outputs
    if not outputs:
        raise NoValue(f"{run.id}/{step.name} has no value: its status is {step.status}")
    if output is None:
        if len(outputs) > 1:
            raise UsageError(f"{run.id}/{step.name} made {', '.join(outputs)}: add '.{next(iter(outputs))}'")
        output = next(iter(outputs))
    if output not in outputs:
        raise NotFound(f"{run.id}/{step.name} made no {output!r}.{did_you_mean(output, outputs)}")
    return outputs[output]
