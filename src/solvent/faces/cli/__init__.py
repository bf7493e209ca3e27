"""The command line: a guest on the top floor. Each command is imported when it is called."""

from __future__ import annotations

import io
import os
import sys
import warnings
from typing import Any

import click

from solvent.faces.cli.late import Late

__all__ = ["main"]

# Name: (module, what it does). The help is shown from here, so that asking for it imports no command.
COMMANDS = {
    "init": ("doing.starting", "Make a small project that runs."),
    "run": ("doing.running", "Run a pipeline, and reuse what is known."),
    "plan": ("doing.planning", "Show what a run would do, and where each setting comes from."),
    "runs": ("looking.asking", "List runs, the newest first."),
    "show": ("looking.asking", "Show a run or one of its steps."),
    "why": ("looking.asking", "Say why a step ran, or why it did not."),
    "lineage": ("looking.tracing", "Show what led to a result, or what it led to."),
    "log": ("looking.tracing", "Print what a step wrote."),
    "debug": ("doing.debugging", "Start Python with a step run's inputs loaded."),
    "data": ("data", "Look at tables and keep them well: profile, check, diff, drift, publish."),
    "models": ("looking.registry", "Look at models, and move their aliases."),
    "serve": ("looking.serving", "Serve models on this machine."),
    "explain": ("looking.serving", "Say what led to a prediction: model, rows, code, settings."),
    "notebook": ("notebook", "Check notebooks, and make pipelines of them."),
    "verify": ("looking.upkeep", "Check that the archive is whole."),
    "doctor": ("looking.upkeep", "Check this machine and this project."),
}

# Packages that an extra brings, and which.
EXTRAS = {
    **dict.fromkeys(("httptools", "msgspec", "prometheus_client", "starlette", "uvicorn"), "serve"),
    **dict.fromkeys(("sklearn", "skops"), "learn"),
    **dict.fromkeys(("IPython", "ipykernel", "jupyter_client", "nbclient", "nbformat"), "notebook"),
    **{
        "adbc_driver_postgresql": "databases",
        "duckdb": "duckdb",
        "matplotlib": "figures",
        "obstore": "remote",
        "pandas": "pandas",
        "pandera": "contracts",
    },
    **{"cryptography": "sign", "scipy": "drift", "vl_convert": "pictures"},
}


@click.group(
    cls=Late, table=COMMANDS, room="solvent.faces.cli", context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option("--project", type=click.Path(), help="The project's folder (default: the nearest upward from here).")
@click.version_option(package_name="solvent", prog_name="solvent")
@click.pass_context
def solvent(ctx: click.Context, project: str | None) -> None:
    """Pipelines that remember: every result with its data, code, settings and seed."""
    ctx.obj = project


_format = warnings.formatwarning


def _format_warning(message: Any, category: Any, filename: str, lineno: int, line: str | None = None) -> str:
    """A warning that no line of the user's caused is a word of Solvent's own."""
    own = issubclass(category, FutureWarning) and f"{os.sep}click{os.sep}" in filename
    return f"solvent: {message}\n" if own else _format(message, category, filename, lineno, line)


def main() -> None:
    """The command ``solvent``. Exit 0: done; 1: the work failed or a gate said no; 2: wrong use or settings."""
    from solvent.errors import SolventError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a sign that the terminal lacks must not end the command
            stream.reconfigure(errors="backslashreplace")
    warnings.formatwarning = _format_warning
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
