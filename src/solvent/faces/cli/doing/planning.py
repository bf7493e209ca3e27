"""``solvent plan``: what a run would do, and where each setting comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from solvent.faces.cli.output import mermaid_text, safe, show_json, write
from solvent.names import reference_of

if TYPE_CHECKING:
    from solvent.engine.planning.plan import Plan

__all__ = ["plan"]


@click.command()
@click.argument("file", required=False, type=click.Path())
@click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="Override one setting.")
@click.option("--profile", help="Merge a profile of the settings file.")
@click.option("--to", metavar="STEP", help="Stop after this step.")
@click.option("--no-inputs", is_flag=True, help="Do not look for the data: for checks in CI.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.option("--as-python", is_flag=True, help="Print the graph that the settings declare as a Python function.")
@click.option("--mermaid", is_flag=True, help="Print the graph as Mermaid.")
@click.pass_obj
def plan(
    project: str | None, /, file: str | None, sets: tuple[str, ...], profile: str | None, to: str | None, **how: bool
) -> None:
    """Show what a run of FILE would do: steps, edges, every setting with its origin and what it beat."""
    from solvent.engine.planning.plan import make_plan
    from solvent.engine.project import find_project
    from solvent.faces.cli.doing.target import request_for

    opened = find_project(project)
    request = request_for(opened, file, sets=sets, profile=profile, to=to, look=not how["no_inputs"])
    made = make_plan(request, opened)
    if how["as_json"]:
        show_json({**made.to_json(), "digest": made.digest})
    elif how["as_python"]:
        from solvent.data import is_table_type
        from solvent.graph.declared.writing import write_python

        write(write_python(made.pipeline, file or "the settings file", is_table_type).rstrip())
    elif how["mermaid"]:
        _mermaid(made)
    else:
        _text(made)


def _edges(made: Plan) -> list[tuple[str, str, str]]:
    """Who feeds whom: producer, consumer, parameter or setting."""
    from solvent.graph.promise import node_of, promises_in

    found: list[tuple[str, str, str]] = []
    for path, one in made.nodes.items():
        for name, tree in one.wired.items():
            found.extend((source, path, name) for source in _sources(tree))
        fed = ((name, promise) for name, bound in one.node.settings.items() for promise in promises_in(bound.value))
        found.extend((node_of(promise)[0], path, name) for name, promise in fed)
    return found


def _sources(tree: Any) -> list[str]:
    kind, body = next(iter(tree.items()))
    if kind == "ref":
        return [] if body[0].startswith("\0") else [body[0]]
    if kind == "const":
        return []
    return [path for part in (body.values() if kind == "dict" else body) for path in _sources(part)]


def _mermaid(made: Plan) -> None:
    numbers = {path: f"s{place}" for place, path in enumerate(made.nodes)}
    write("flowchart LR")
    for path, one in made.nodes.items():
        left, right = {"input": ("[(", ")]"), "map": ("[[", "]]")}.get(one.node.kind, ("[", "]"))
        write(f'  {numbers[path]}{left}"{mermaid_text(path)}"{right}')
    for source, target, name in _edges(made):
        write(f"  {numbers[source]} -- {mermaid_text(name)} --> {numbers[target]}")


def _text(made: Plan) -> None:
    from solvent.faces.cli.doing.drawing import draw

    write(safe(f"{made.name}: {len(made.selected)} steps, seed {made.seed}"))
    feeding: dict[str, list[str]] = {}
    for source, target, _ in _edges(made):
        feeding.setdefault(target, []).append(source)
    marks = {path: {"input": "○", "map": "≡"}.get(one.node.kind, "●") for path, one in made.nodes.items()}
    for line in draw(list(made.nodes), feeding, marks):
        if line.node is None:
            write(f"  {line.lanes}")
            continue
        from_ = f"   ← {', '.join(dict.fromkeys(feeding[line.node]))}" if line.node in feeding else ""
        left_out = "" if line.node in made.selected else "   (left out)"
        write(safe(f"  {line.lanes} {line.node}{from_}{left_out}"))
        for fact in _facts(made, line.node):
            write(safe(f"  {line.below}    {fact}"))


def _facts(made: Plan, path: str) -> Iterator[str]:
    """What there is to say of a node: its source, its settings with origins, what is not reusable and why."""
    one = made.nodes[path]
    if one.node.kind == "input":
        kind, *rest = made.inputs[one.node.name].describe().items()
        said = [f"{name}: {_plain(value)}" for name, value in rest if value is not None]
        yield f"from {', '.join(said)}" if said else str(kind[1])
    for name, bound in one.node.settings.items():
        beaten = "".join(f", over {_short(value)} ({origin})" for value, origin in bound.beat)
        yield f"{name} = {_short(bound.value)}   ({bound.origin}{beaten})"
    for data in one.node.step.signature.data:
        if repr(data.default) != "UNSET" and not data.variadic:
            yield f"{data.name} is data, default {_short(data.default)}"
    for reason in one.uncached:
        yield f"not reusable: {reason}"


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else _short(value)


def _short(value: Any) -> str:
    from solvent.graph.promise import Promise, node_of

    if type(value) is Promise:
        node, output, _ = node_of(value)
        return f"what {node} gives" if output == "value" else f"what {node}.{output} gives"
    if isinstance(value, type) or callable(value):
        return reference_of(value) if hasattr(value, "__qualname__") else repr(value)
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
