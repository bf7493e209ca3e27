"""Publishing by settings: what ``options: {publish: flights}`` asks for is checked before a run and done after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from solvent.data import is_table_type
from solvent.errors import Problem, did_you_mean
from solvent.graph.annotation import describe

if TYPE_CHECKING:
    from solvent.engine.home import Home
    from solvent.graph.node import Graph, Node

__all__ = ["check_declared", "publish_declared"]


def check_declared(graph: Graph) -> list[Problem]:
    """What is wrong with the datasets that a graph's steps are to become: no such output, no table, a name twice."""
    problems: list[Problem] = []
    names: dict[str, str] = {}
    for node in graph.nodes.values():
        if node.template is not None:
            problems.extend(
                Problem(inner.where, f"{_label(inner)}: a step of a mapped pipeline makes one table for each item")
                for inner in node.template.nodes.values()
                if inner.options.publish
            )
        for output, name in node.options.publish:
            said = _fault(node, output) or (f"{names[name]} becomes {name!r} already" if name in names else None)
            if said is not None:
                problems.append(Problem(node.where, f"{_label(node)}: {said}"))
            names.setdefault(name, node.path)
    return problems


def publish_declared(
    graph: Graph, project: Home, run: str, outputs: Callable[[str], Mapping[str, str]]
) -> tuple[str, ...]:
    """Publish what the options of a graph's nodes ask for, in one transaction; ``outputs`` gives those of a step.

    Gives the new versions, as ``flights@v3``; the latest that came out again are only noted. Raises what
    :func:`solvent.engine.datasets.publishing.publish` raises; then nothing is published.
    """
    wanted = [
        (made, path, output, name)
        for path, node in graph.nodes.items()
        if node.options.publish and (made := outputs(path))  # what was left out or skipped made nothing
        for output, name in node.options.publish
    ]
    if not wanted:
        return ()
    from solvent.engine.datasets.publishing import Publication, actor, prepare

    commits = []
    for made, path, output, name in wanted:
        digest = made[output or next(iter(made))]
        commits.append(prepare(project, digest, name, Publication(), actor(project, run, path)))
    with project.catalog.write() as tx:
        return tuple(one.label for one in [commit(tx) for commit in commits] if one.new)


def _fault(node: Node, output: str) -> str | None:
    if node.kind == "map":
        return "a mapped step makes one table for each item; publish what a step makes of them all"
    if output and output not in node.outputs:
        return (
            f"it makes no output {output!r}.{did_you_mean(output, node.outputs)} There are: {', '.join(node.outputs)}"
        )
    if not output and len(node.outputs) != 1:
        return f"it makes {', '.join(node.outputs)}: say which, as in {{{next(iter(node.outputs), 'x')}: NAME}}"
    kind = node.outputs[output or next(iter(node.outputs))]
    if kind is Any or is_table_type(kind):
        return None
    return f"datasets are tables, and it makes {describe(kind)}"


def _label(node: Node) -> str:
    return f"steps.{'.steps.'.join(node.path.split('/'))}.options.publish"
