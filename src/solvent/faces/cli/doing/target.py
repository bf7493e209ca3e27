"""What a command line means by FILE: a settings file, ``module:pipeline``, or the project's default."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.errors import NotFound, UsageError, did_you_mean

if TYPE_CHECKING:
    from solvent.engine.planning.plan import Request
    from solvent.engine.project import Project

__all__ = ["request_for"]


def request_for(project: Project, file: str | None, **how: Any) -> Request:
    """The request behind a command line; raises :class:`UsageError` where nothing says what to run."""
    from solvent.config.typed.faults import Invalid
    from solvent.config.typed.structured import load_reference
    from solvent.engine.running import request_of

    if file is None:
        if project.file.default is None:
            known = ", ".join(sorted(one.name for one in project.root.glob("*.y*ml"))) or "none here"
            raise UsageError(
                f'nothing says what to run: give a settings file ({known}), or say default = "FILE" in '
                f"{project.root.name}/solvent.toml"
            )
        file = str(project.root / project.file.default)
    if ":" in file and not Path(file).exists():
        project.put_on_path()
        try:
            return request_of(load_reference(file), None, **how)
        except Invalid as error:
            raise UsageError(str(error)) from error.__cause__
    if not Path(file).is_file():
        near = did_you_mean(Path(file).name, [one.name for one in Path(file).absolute().parent.glob("*")])
        raise NotFound(f"there is no settings file {file}.{near}")
    return request_of(file, None, **how)
