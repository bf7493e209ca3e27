"""``solvent debug``: Python with a step run's inputs loaded, to try today's code on yesterday's data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from solvent.faces.cli.completing import complete_reference
from solvent.faces.cli.looking.kept import find_kept

if TYPE_CHECKING:
    from solvent.engine.project import Project

__all__ = ["debug"]


@click.command()
@click.argument("reference", shell_complete=complete_reference)
@click.pass_obj
def debug(project: str | None, reference: str) -> None:
    """Start Python with the inputs of RUN/STEP under their parameter names, and again() to call it anew."""
    import code

    opened = find_kept(project)
    names = scene(opened, reference)
    shown = ", ".join(name for name in names if not name.startswith("_"))
    code.interact(banner=f"{reference}: {shown}", local=names, exitmsg="")


def scene(project: Project, reference: str) -> dict[str, Any]:
    """What stands ready: inputs by parameter, settings by name, ``step``, and ``again(**settings)``."""
    import importlib
    import sys

    from solvent.archive.catalog import query
    from solvent.config.typed.structured import load_reference
    from solvent.engine.references import find_step

    project.put_on_path()
    run, found, _ = find_step(project, reference)
    step = load_reference(found.step)
    data: dict[str, Any] = {}
    wanted = {one.name: one.annotation for one in step.signature.data}
    gathered: dict[str, dict[str, Any]] = {}
    for name, place, digest, _ in query.step_inputs(project.catalog, found.id):
        if place:
            gathered.setdefault(name, {})[place] = project.archive.get(digest)
        else:
            data[name] = project.archive.get(digest, wanted.get(name, Any))
    for name, parts in gathered.items():
        data[name] = list(parts.values()) if all(place.isdigit() for place in parts) else parts
    names = {one.name for one in step.signature.settings}
    settings = {name: one["value"] for name, one in found.settings.items() if name in names}

    def again(**changes: Any) -> Any:
        """Call the step with today's code, these inputs and settings; ``changes`` go over both."""
        fresh = load_reference(found.step) if not changes.pop("reload", True) else _reloaded(sys, importlib, found.step)
        known = {one.name for one in fresh.signature.data}
        given = {**data, **{name: value for name, value in changes.items() if name in known}}
        told = {**settings, **{name: value for name, value in changes.items() if name not in known}}
        places = [given[one.name] for one in fresh.signature.data if one.name in given]
        return fresh.plain(tuple(places), told)

    return {**data, **settings, "run": run, "step": step, "again": again}


def _reloaded(system: Any, importlib: Any, reference: str) -> Any:
    from solvent.config.typed.structured import load_reference

    module = system.modules.get(reference.partition(":")[0])
    if module is not None and getattr(module, "__spec__", None) is not None:
        importlib.reload(module)
    return load_reference(reference)
