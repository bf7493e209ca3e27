"""References: ``RUN/STEP[ITEM].OUTPUT``, ``data:NAME@VERSION``, ``#DIGEST`` to artifacts, ``module:name`` to code."""

from __future__ import annotations

import re
from typing import Any

from solvent.archive.catalog import query
from solvent.engine.home import Home
from solvent.engine.views.run import Run, StepRun
from solvent.errors import NotFound, NoValue, UsageError, did_you_mean

__all__ = ["artifact_of", "find_run", "find_step", "path_of"]

NOTEBOOK = "notebook"
"""Before a slash: an exploration, whatever its notebook is called."""
_SHAPE = re.compile(r"(?P<path>[^\[\].#]+?)(?:\[(?P<item>.+)\])?(?:\.(?P<output>\w+))?$")


def path_of(reference: str) -> str:
    """What a reference to a step says before the item and the output: ``RUN/STEP``, or ``STEP``."""
    shape = _SHAPE.fullmatch(reference)
    return shape["path"] if shape else reference


def find_run(project: Home, name: str = "last") -> Run[Any]:
    """A run by its id, the last of a pipeline by the pipeline's name, or the ``last`` of all."""
    project.catch_up()
    project.settle()
    row = query.find_run(project.catalog, name)
    if row is None:
        known = [one.name for one in query.list_runs(project.catalog, limit=20)]
        hint = did_you_mean(name, known) or (f" The last is {known[0]}." if known else " Nothing ran here yet.")
        raise NotFound(f"there is no run {name!r} in {project.root}.{hint}")
    return Run(project, row)


def find_step(project: Home, reference: str) -> tuple[Run[Any], StepRun, str | None]:
    """The step run behind ``RUN/STEP[ITEM].OUTPUT`` (``RUN`` may be left out), and the output that it names.

    In an exploration, where a step may be carried out again and again, a name means the last time.
    """
    shape = _SHAPE.fullmatch(reference)
    if shape is None:
        raise UsageError(f"{reference!r} is no reference. Write RUN/STEP, RUN/STEP[ITEM] or RUN/STEP.OUTPUT.")
    path, item, output = shape["path"], shape["item"], shape["output"]
    first, slash, rest = path.partition("/")
    wanted = rest if slash else path
    project.catch_up()
    run = None
    row = query.find_run(project.catalog, first) if slash else None
    if row is not None and (row.name == first or row.kind != "exploration"):
        run = find_run(project, first)
    elif slash and (row is not None or first == NOTEBOOK):
        # An exploration goes on from session to session: its name means the last one that has such a step.
        found = query.find_step_run(project.catalog, rest, explored=first)
        if found is None and first == NOTEBOOK:
            found = query.find_step_run(project.catalog, rest, explored="")
        if found is not None:
            run = find_run(project, query.run_by_id(project.catalog, found[0]).name)
    if run is None:
        wanted = path
        found = query.find_step_run(project.catalog, wanted, item=item) if item else None
        found = found or query.find_step_run(project.catalog, wanted)  # which says what items there are
        if found is not None:
            run = find_run(project, query.run_by_id(project.catalog, found[0]).name)
    if run is None:
        from solvent.archive.catalog.datasets import list_datasets

        near = did_you_mean(wanted, [one.name for one in list_datasets(project.catalog)])
        hint = f"{near} (a dataset)" if near else " 'solvent runs' lists them."
        raise NotFound(f"no run in {project.root} has a step {wanted!r}.{hint}")
    if run.kind == "exploration" and not item:
        return run, run.last(wanted), output
    return run, run[f"{wanted}[{item}]" if item else wanted], output


def artifact_of(project: Home, reference: str) -> str:
    """The digest of the artifact that a reference means."""
    from solvent.engine.datasets.resolving import find_dataset_version, is_dataset, names_dataset

    if reference.startswith("#"):
        if len(reference) < 7:
            raise UsageError(f"{reference!r} is too short: give at least six characters of the digest")
        return project.archive.find(reference[1:]).digest
    if names_dataset(reference):
        return find_dataset_version(project, reference).artifact
    if is_dataset(project, reference):
        if query.find_step_run(project.catalog, reference, inputs=False) is not None:
            raise UsageError(
                f"{reference!r} is a dataset and a step of a run: write data:{reference}, or last/{reference}"
            )
        return find_dataset_version(project, reference).artifact
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
