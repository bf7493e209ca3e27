"""``solvent run``: a pipeline is carried out, and one sees how."""

from __future__ import annotations

from typing import Any

import click

__all__ = ["run"]


@click.command()
@click.argument("file", required=False, type=click.Path())
@click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="Override one setting.")
@click.option("--profile", help="Merge a profile of the settings file.")
@click.option("--to", metavar="STEP", help="Stop after this step.")
@click.option("--rerun", multiple=True, metavar="STEP", help="Carry this step out whatever is known of it.")
@click.option("--no-reuse", is_flag=True, help="Carry every step out.")
@click.option("--pdb", "debugger", is_flag=True, help="Where a step fails, open the debugger in its frame.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing unless something goes wrong.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON when it has ended.")
@click.pass_obj
def run(
    project: str | None,
    /,
    file: str | None,
    sets: tuple[str, ...],
    to: str | None,
    rerun: tuple[str, ...],
    debugger: bool,
    **how: Any,
) -> int:
    """Run the pipeline that FILE names (a settings file, or module:pipeline), or the project's default."""
    from solvent.engine.project import find_project
    from solvent.engine.running import carry_out_request
    from solvent.errors import RunFailed
    from solvent.faces.cli.doing.progress import observe
    from solvent.faces.cli.doing.target import request_for

    opened = find_project(project)
    request = request_for(
        opened, file, sets=sets, profile=how["profile"], to=to, rerun=rerun, reuse=not how["no_reuse"]
    )
    try:
        with observe(quiet=how["quiet"] or how["as_json"]) as observer:
            made = carry_out_request(request, opened, observer, check=True)
    except RunFailed as error:
        if debugger and error.__cause__ is not None:
            _look_at(error.__cause__, tuple(str(folder) for folder in opened.code_folders))
        if how["as_json"] and error.run is not None:
            _show(error.run)
        raise
    if how["as_json"]:
        _show(made)
    return 1 if made.status == "rejected" else 0


def _show(made: Any) -> None:
    from solvent.faces.cli.looking.facts import run_facts
    from solvent.faces.cli.output import show_json

    show_json(run_facts(made, steps=True))


def _look_at(error: BaseException, folders: tuple[str, ...]) -> None:
    """Open the debugger in the last frame that is the user's own; ``down`` goes on to where it was raised."""
    import pdb
    import traceback

    frames = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    users = [place for place, file in enumerate(frames) if file.startswith(folders)]
    debugger = pdb.Pdb()
    debugger.rcLines.extend(["up"] * (len(frames) - 1 - users[-1]) if users else [])
    debugger.reset()
    debugger.interaction(None, error.__traceback__)
