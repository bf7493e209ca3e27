"""Values that a step makes and no format keeps, caught where its function returns, so that they can be proven too."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import CodeType, FrameType
from typing import Any

from solvent.engine.project import find_project
from solvent.engine.views.call import find_call

__all__ = ["catch_values"]


def catch_values(run: str, steps: Mapping[str, str]) -> dict[str, Any]:
    """The values of local names, each mapped to the step of the run that makes it.

    The function of each of these steps is called once more, with the data and settings of the run. Names that it does
    not have when it returns are left out.
    """
    project = find_project()
    project.put_on_path()
    found: dict[str, Any] = {}
    for step in dict.fromkeys(steps.values()):
        call = find_call(project, f"{run}/{step}")
        names = [name for name, maker in steps.items() if maker == step]
        found |= _locals(call.step.raw, {**call.data, **call.settings}, names)
        pyplot: Any = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None:  # what the next one draws must not come into this one's picture
            pyplot.close("all")
    return found


def _locals(function: Any, given: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """Call a function, and give what these names stand for in it when it returns."""
    found: dict[str, Any] = {}
    code: CodeType = function.__code__

    def on_call(frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code is not code:
            return None
        frame.f_trace_lines = False
        return on_return

    def on_return(frame: FrameType, event: str, arg: Any) -> Any:
        if event == "return":
            found.update({name: frame.f_locals[name] for name in names if name in frame.f_locals})
        return on_return

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        function(**given)
    finally:
        sys.settrace(before)
    return found
