"""Secrets that a step takes: a missing one is told before work is begun that it would make useless."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from solvent.archive.catalog import query
from solvent.config.secret import secrets_in
from solvent.engine import watch
from solvent.errors import Problem, SettingsError, SolventError

if TYPE_CHECKING:
    from solvent.engine.home import Home
    from solvent.engine.planning.plan import Plan, Request
    from solvent.graph.node import Node

__all__ = ["check_secrets", "demand_secrets"]


def check_secrets(plan: Plan, request: Request, project: Home) -> None:
    """Raise :class:`SettingsError` for every secret that is missing for a step which will have to run.

    A step that may be reused needs its secrets only if it is not: whoever shares an archive need not have them all.
    """
    from solvent.engine.execute.session import forced_paths

    problems: list[Problem] = []
    forced = forced_paths(plan, request)
    for path in plan.graph.nodes:
        one = plan.nodes[path]
        if path not in plan.selected or one.node.guards:
            continue
        found = _missing(one.node, {name: bound.value for name, bound in one.node.settings.items()})
        code = one.fingerprint.digest if one.fingerprint is not None else ""
        may = request.reuse and one.reusable and path not in forced
        if found and not (may and query.done_before(project.catalog, path, code)):
            problems.extend(found)
    if problems:
        raise SettingsError(problems)


def demand_secrets(node: Node, values: Mapping[str, Any]) -> None:
    """Raise :class:`SettingsError` for every secret that is missing for a step which is about to be called."""
    problems = _missing(node, values)
    if problems:
        raise SettingsError(problems)


def _missing(node: Node, values: Mapping[str, Any]) -> list[Problem]:
    problems = []
    for name, value in values.items():
        for secret in secrets_in(value):
            try:
                with watch.exempt():
                    secret.reveal()
            except (SolventError, OSError) as error:
                problems.append(Problem(str(node.settings[name].origin), f"{node.path}.{name}: {error}"))
    return problems
