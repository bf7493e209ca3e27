"""What the shell may complete: references to runs and steps, and models, from the records that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

    from solvent.engine.project import Project

__all__ = ["complete_dataset", "complete_model", "complete_reference"]


def complete_reference(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Run ids, and steps of the run that stands before the slash, else of the last one."""
    project = _kept(ctx)
    if project is None:
        return []
    run, slash, _ = incomplete.partition("/")
    if slash and any(one.id == run for one in project.runs()):
        known = [f"{run}/{step.name}" for step in project.run(run).steps]
    else:
        known = [one.id for one in project.runs()]
        known += [step.name for step in project.run().steps] if known else []
    return [name for name in known if name.startswith(incomplete)]


def complete_dataset(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The names of datasets, and behind an ``@`` the tags and versions of one."""
    from solvent.archive.catalog import datasets

    project = _kept(ctx)
    if project is None:
        return []
    name, sign, _ = incomplete.partition("@")
    known = {one.name: one.latest for one in datasets.list_datasets(project.catalog)}
    places = list(known)
    if sign and name in known:
        words = [*datasets.list_tags(project.catalog, name), datasets.LATEST]
        places = [f"{name}@{one}" for one in (*words, *(f"v{n}" for n in range(known[name], 0, -1)))]
    return [one for one in places if one.startswith(incomplete)]


def complete_model(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The names of models, and behind an ``@`` the aliases of one."""
    from solvent.archive.catalog import models

    project = _kept(ctx)
    if project is None:
        return []
    name, sign, _ = incomplete.partition("@")
    known = models.list_models(project.catalog)
    if sign and name in known:
        known = [f"{name}@{one.alias}" for one in models.list_aliases(project.catalog, name)]
    return [one for one in known if one.startswith(incomplete)]


def _kept(ctx: click.Context) -> Project | None:
    from solvent.engine.project import find_project
    from solvent.errors import SolventError

    try:
        project = find_project(ctx.find_root().params.get("project") or ctx.obj)
    except SolventError:
        return None
    return project if project.begun else None
