"""``solvent debug``: Python with a step run's inputs loaded, to try today's code on yesterday's data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from solvent.errors import NoValue
from solvent.faces.cli.completing import complete_reference
from solvent.faces.cli.looking.kept import find_kept

if TYPE_CHECKING:
    from solvent.engine.project import Project

__all__ = ["debug"]


@click.command()
@click.argument("reference", shell_complete=complete_reference)
@click.pass_obj
def debug(project: str | None, reference: str) -> None:
    """Start Python with the inputs of RUN/STEP under their parameter names, and again() to call it anew.

    What comes through a pipe is run as a script; if it fails, the exit code is 1.
    """
    import code
    import sys

    from solvent.engine.execute.behind.writing import describe_error

    class Console(code.InteractiveConsole):
        def showtraceback(self) -> None:
            error = sys.exc_info()[1]
            assert error is not None
            self.write(describe_error(error)["traceback"])

    opened = find_kept(project)
    names = scene(opened, reference)
    if sys.stdin.isatty():
        shown = ", ".join(name for name in names if not name.startswith("_"))
        Console(names).interact(banner=f"{reference}: {shown}", exitmsg="")
        return
    try:
        exec(compile(sys.stdin.read(), "<stdin>", "exec"), names)
    except Exception as error:
        click.echo(describe_error(error)["traceback"], err=True, nl=False)
        raise SystemExit(1) from None


def scene(project: Project, reference: str) -> dict[str, Any]:
    """What stands ready: inputs by parameter, settings by name, ``step``, and ``again(**settings)``."""
    import importlib
    import sys

    from solvent.engine.context import Context, entered
    from solvent.engine.views.call import find_call

    project.put_on_path()
    call = find_call(project, reference)

    def again(**changes: Any) -> Any:
        """Call the step with today's code, these inputs and settings; ``changes`` go over both.

        A setting that the step does not have any more is left out; one that is new has its default.
        """
        fresh = call.step if not changes.pop("reload", True) else _reloaded(sys, importlib, call.found.step)
        signature = fresh.signature
        given = {**call.data, **changes}
        names = {one.name for one in signature.settings}
        lost = [name for name in call.lost if name in names and name not in changes]
        if lost:
            raise NoValue(f"give {lost[0]!r} yourself, as in again({lost[0]}=…): {call.lost[lost[0]]}")
        places: list[Any] = []
        for one in signature.data:
            if one.variadic:
                places.extend(given.get(one.name, ()))
            elif one.name in given:
                places.append(given[one.name])
        told = {name: value for name, value in call.settings.items() if name in names}
        data = {one.name for one in signature.data}
        told.update((name, value) for name, value in changes.items() if name not in data)
        path, _, item = call.found.name.removesuffix("]").partition("[")
        context = Context(project, call.run.id, path, item, call.found.inputs)
        try:
            with entered(context):
                return fresh.plain(tuple(places), told)
        finally:
            context.clean()

    return {**call.data, **call.settings, "run": call.run, "step": call.step, "again": again}


def _reloaded(system: Any, importlib: Any, reference: str) -> Any:
    from solvent.config.typed.structured import load_reference

    module = system.modules.get(reference.partition(":")[0])
    if module is not None and getattr(module, "__spec__", None) is not None:
        importlib.reload(module)
    return load_reference(reference)
