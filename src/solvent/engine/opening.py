"""What users call: run a pipeline, open a project, load what a reference means."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, ParamSpec, TypeVar, overload

from solvent.config.typed.structured import load_reference
from solvent.engine.context import current
from solvent.engine.events import silent
from solvent.engine.project import Project, find_project
from solvent.engine.running import Config, carry_out_request, request_of
from solvent.engine.views.run import Run
from solvent.graph.steps import RECORDERS, Step

__all__ = ["MODEL_LOADER", "load", "open", "record_in_kernel", "run"]

P = ParamSpec("P")
R = TypeVar("R")

MODEL_LOADER = "solvent.delivery.registry:load_bundle"
"""Named cold: the engine lies below delivery, and imports this only for a reference that says ``model:``."""


@overload
def run(
    pipeline: Step[P, R],
    *,
    config: Config = ...,
    set: Mapping[str, Any] | Sequence[str] | None = ...,
    inputs: Mapping[str, Any] | None = ...,
    profile: str | None = ...,
    to: str | None = ...,
    rerun: str | Sequence[str] = ...,
    project: str | os.PathLike[str] | Project | None = ...,
    check: bool = ...,
) -> Run[R]: ...
@overload
def run(
    pipeline: str | os.PathLike[str],
    *,
    config: Config = ...,
    set: Mapping[str, Any] | Sequence[str] | None = ...,
    inputs: Mapping[str, Any] | None = ...,
    profile: str | None = ...,
    to: str | None = ...,
    rerun: str | Sequence[str] = ...,
    project: str | os.PathLike[str] | Project | None = ...,
    check: bool = ...,
) -> Run[Any]: ...
def run(
    pipeline: Any,
    *,
    config: Config = None,
    set: Mapping[str, Any] | Sequence[str] | None = None,
    inputs: Mapping[str, Any] | None = None,
    profile: str | None = None,
    to: str | None = None,
    rerun: str | Sequence[str] = (),
    project: str | os.PathLike[str] | Project | None = None,
    check: bool = True,
) -> Run[Any]:
    """Carry out a pipeline, or the one that a settings file names, and give its :class:`Run`.

    ``config`` is a settings file, a dict, or a list of them merged left to right; ``set`` overrides single
    settings by path; ``inputs`` may hold live values by parameter; ``to`` stops after a step; ``rerun`` names
    steps that are carried out whatever is known of them. Raises :class:`RunFailed` if a step fails or the run is
    cancelled (its ``__cause__`` is what the step raised), unless ``check`` is false; a run whose gates said no
    is ``rejected``, and does not raise.
    """
    request = request_of(
        pipeline, config, sets=set, inputs=inputs or {}, profile=profile, to=to,
        rerun=(rerun,) if isinstance(rerun, str) else tuple(rerun),
    )  # fmt: skip
    return carry_out_request(request, find_project(project), silent, check)


def open(path: str | os.PathLike[str] | Project | None = None) -> Project:
    """The project at ``path``, or the nearest one upward from here.

    As a context manager it switches recording and reuse on for steps called outside of pipelines, and ends
    that exploration with the block.
    """
    return find_project(path)


def load(reference: str, as_: Any = None, *, allow_deprecated: bool = False) -> Any:
    """The value behind a reference, in the nearest project.

    ``RUN/STEP[ITEM].OUTPUT`` (the run may be left out), ``#DIGEST``, ``data:NAME@VERSION`` for a dataset (``flights``,
    ``flights@v3`` and ``flights@prod`` will do), or ``model:NAME@ALIAS`` for a predictor. That a dataset is read is
    recorded; one whose time is over is read with ``allow_deprecated`` only.
    """
    kind, colon, rest = reference.partition(":")
    inside = current()  # a step that is running reads from its own project
    project = inside.project if inside is not None and isinstance(inside.project, Project) else find_project()
    if colon and kind == "model":
        return load_reference(MODEL_LOADER)(project, rest).predictor
    return project.load(reference, as_, allow_deprecated=allow_deprecated)


def record_in_kernel() -> None:
    """In an IPython kernel eager calls are recorded from the first step on; elsewhere this does nothing."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None and "ipykernel" in sys.modules and not RECORDERS:
        from solvent.engine.exploring import begin

        begin(find_project())
