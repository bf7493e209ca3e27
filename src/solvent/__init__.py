"""Solvent: from a scratch notebook to a model that serves, watches itself and retrains, without debt.

    import solvent as sv

Everything here is imported when it is first asked for, so that the door itself costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from solvent import errors as errors
    from solvent.config import REQUIRED as required
    from solvent.config import Secret as Secret
    from solvent.data import Table as Table
    from solvent.engine.context import context as context
    from solvent.engine.context import log as log
    from solvent.engine.opening import load as load
    from solvent.engine.opening import open as open
    from solvent.engine.opening import run as run
    from solvent.engine.project import Project as Project
    from solvent.engine.views.run import Run as Run
    from solvent.engine.views.run import StepRun as StepRun
    from solvent.errors import RunFailed as RunFailed
    from solvent.errors import SolventError as SolventError
    from solvent.graph.pipelines import pipeline as pipeline
    from solvent.graph.pipelines import when as when
    from solvent.graph.steps import Step as Step
    from solvent.graph.steps import step as step
    from solvent.learn.assembly import Predictor as Predictor

__all__ = [
    "Predictor",
    "Project",
    "Run",
    "RunFailed",
    "Secret",
    "SolventError",
    "Step",
    "StepRun",
    "Table",
    "context",
    "errors",
    "load",
    "log",
    "open",
    "pipeline",
    "required",
    "run",
    "step",
    "when",
]

__version__ = "0.1.0"

_WHERE = {
    "Predictor": "learn.assembly",
    "Project": "engine.project",
    "Run": "engine.views.run",
    "RunFailed": "errors",
    "Secret": "config",
    "SolventError": "errors",
    "Step": "graph.steps",
    "StepRun": "engine.views.run",
    "Table": "data",
    "context": "engine.context",
    "load": "engine.opening",
    "log": "engine.context",
    "open": "engine.opening",
    "pipeline": "graph.pipelines",
    "required": "config:REQUIRED",
    "run": "engine.opening",
    "step": "graph.steps",
    "when": "graph.pipelines",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "errors":
        return import_module("solvent.errors")
    if name not in _WHERE:
        from difflib import get_close_matches

        close = get_close_matches(name, __all__, n=1)
        raise AttributeError(f"solvent has no {name!r}." + (f" Did you mean {close[0]!r}?" if close else ""))
    module, _, attribute = _WHERE[name].partition(":")
    found = getattr(import_module(f"solvent.{module}"), attribute or name)
    globals()[name] = found
    if name in ("step", "pipeline"):
        _record_in_kernels()
    return found


def _record_in_kernels() -> None:
    import sys

    if "ipykernel" in sys.modules:
        from solvent.engine.opening import record_in_kernel

        record_in_kernel()


def load_ipython_extension(shell: Any) -> None:
    """Track this session, for ``%load_ext solvent``."""
    from solvent.notebook.magic import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Track this session no more, for ``%unload_ext solvent``."""
    from solvent.notebook.magic import unload

    unload(shell)


def __dir__() -> list[str]:
    return __all__
