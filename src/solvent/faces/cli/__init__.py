"""The command line: a guest on the top floor. Each command is imported when it is called."""

from __future__ import annotations

import importlib
import io
import os
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["main"]

# Name: (module, what it does). The help is shown from here, so that asking for it imports no command.
COMMANDS = {
    "init": ("starting", "Make a small project that runs."),
    "run": ("running", "Run a pipeline, and reuse what is known."),
    "plan": ("planning", "Show what a run would do, and where each setting comes from."),
    "runs": ("asking", "List runs, the newest first."),
    "show": ("asking", "Show a run or one of its steps."),
    "why": ("asking", "Say why a step ran, or why it did not."),
    "lineage": ("tracing", "Show what led to a result, or what it led to."),
    "log": ("tracing", "Print what a step wrote."),
    "debug": ("debugging", "Start Python with a step run's inputs loaded."),
    "data": ("tables", "Look at tables: list, show."),
    "models": ("registry", "Look at models, and move their aliases."),
    "serve": ("registry", "Serve a model on this machine."),
    "verify": ("upkeep", "Check that the archive is whole."),
    "doctor": ("upkeep", "Check this machine and this project."),
}

# Packages that an extra brings, and which.
EXTRAS = {
    **dict.fromkeys(("httptools", "msgspec", "starlette", "uvicorn"), "serve"),
    **dict.fromkeys(("sklearn", "skops"), "learn"),
    **{"duckdb": "duckdb", "matplotlib": "figures", "pandas": "pandas"},
}


class _Late(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        folder = {"starting", "running", "planning", "debugging"}
        room = "doing" if COMMANDS[name][0] in folder else "looking"
        found: click.Command = getattr(importlib.import_module(f"solvent.faces.cli.{room}.{COMMANDS[name][0]}"), name)
        _give_project(found)
        return found

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        names = [CompletionItem(name, help=text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from solvent.errors import did_you_mean

            ctx.fail(f"there is no command {args[0]!r}.{did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _give_project(command: click.Command) -> None:
    """Let ``--project`` stand behind every command too, where people write it."""
    if isinstance(command, click.Group):
        for one in command.commands.values():
            _give_project(one)
    elif command.name != "init" and not any(one.name == "project" for one in command.params):
        command.params.append(
            click.Option(
                ["--project"], type=click.Path(), expose_value=False, callback=_choose, help="The project's folder."
            )
        )


def _choose(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    ctx.obj = value or ctx.obj


@click.group(cls=_Late, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--project", type=click.Path(), help="The project's folder (default: the nearest upward from here).")
@click.version_option(package_name="solvent", prog_name="solvent")
@click.pass_context
def solvent(ctx: click.Context, project: str | None) -> None:
    """Pipelines that remember: every result with its data, code, settings and seed."""
    ctx.obj = project


def main() -> None:
    """The command ``solvent``. Exit 0: done; 1: the work failed or a gate said no; 2: wrong use or settings."""
    from solvent.errors import SolventError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a sign that the terminal lacks must not end the command
            stream.reconfigure(errors="backslashreplace")
    try:
        sys.exit(solvent.main(standalone_mode=False) or 0)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except SolventError as error:
        if os.environ.get("SOLVENT_DEBUG"):
            raise
        from solvent.faces.cli.output import complain

        sys.exit(complain(error))
    except ModuleNotFoundError as error:
        extra = EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None or os.environ.get("SOLVENT_DEBUG"):
            raise
        print(f"solvent: this needs {error.name}: pip install 'solvent[{extra}]' brings it", file=sys.stderr)
        sys.exit(2)
