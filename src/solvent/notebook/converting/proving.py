"""The proof: the pipeline is run in a process of its own, and its last values are compared with the notebook's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from solvent.errors import UsageError
from solvent.notebook.converting.writing.project import Project
from solvent.notebook.observing.kernel import no_interpreter
from solvent.notebook.observing.likening import Likeness, liken
from solvent.notebook.observing.sources import portray

__all__ = ["Proof", "compared", "prove", "require_solvent"]

_SCRIPT = """
import sys
sys.path.insert(0, {root!r})
import solvent as sv
{portray}
run = sv.run({settings!r}, project={root!r}, check=False)
values = {{}}
if run.status == "succeeded":
    for name, (step, output) in {values!r}.items():
        values[name] = run[step].value(output) if output else run[step].value()
    from solvent.notebook.converting.catching import catch_values
    values |= catch_values(run.id, {inside!r})
    sys.modules["_solvent_portray"].portray(values, {folder!r})
failed = [(one.name, str(one.error)) for one in run.steps if one.status == "failed"]
again = sv.run({settings!r}, project={root!r}, check=False) if run.status == "succeeded" else run
import json
print("\\n" + json.dumps({{"status": run.status, "failed": failed,
    "again": sorted(one.name for one in again.steps if one.status == "ran" and not one.name.startswith("inputs/"))}}))
"""


@dataclass(frozen=True)
class Proof:
    """Whether the pipeline ran, what each value is to the notebook's, and which steps were done again the second time.

    ``error`` says at which step and why it did not run, ``failed`` is the step.
    """

    ran: bool
    values: Mapping[str, Likeness]
    again: tuple[str, ...] = ()
    error: str = ""
    failed: str = ""

    @property
    def proven(self) -> bool:
        """Whether every surviving value is equal or close."""
        return self.ran and all(one.verdict in ("equal", "close") for one in self.values.values())


def require_solvent(python: str) -> None:
    """Raise :class:`UsageError` where Solvent does not run in an interpreter: the pipeline has to, in that one."""
    if python == sys.executable:
        return
    asked = "import numpy, polars, pyarrow, solvent; solvent.step"
    try:
        done = subprocess.run([python, "-c", asked], capture_output=True, timeout=120, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        raise no_interpreter(python, error) from None
    if done.returncode:
        last = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it ended without a word"])[-1]
        raise UsageError(
            f"{python}: Solvent does not run in this environment, where the pipeline is to run ({last[:300]}). "
            f"Install it there: {python} -m pip install solvent"
        )


def prove(
    project: Project, root: Path, portraits: Path, scratch: Path, python: str = sys.executable, seconds: float = 3600
) -> Proof:
    """Run the project at ``root`` and compare its values with the portraits of the notebook's."""
    folder = scratch / "pipeline"
    script = scratch / "prove.py"
    script.write_text(
        _SCRIPT.format(
            root=str(root), settings=str(root / f"{project.name}.yaml"), portray=portray(),
            values=dict(project.values), inside=dict(project.inside), folder=str(folder),
        ),
        encoding="utf-8",
    )  # fmt: skip
    try:
        done = subprocess.run(
            [python, "-X", "utf8", str(script)], capture_output=True, timeout=seconds, cwd=root, check=False
        )
    except subprocess.TimeoutExpired:
        return Proof(False, {}, error=f"it was not done within {seconds:g} s")
    try:
        told = json.loads(done.stdout.decode("utf-8", "replace").splitlines()[-1])
    except (ValueError, IndexError):
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it ended without a word"]
        return Proof(False, {}, error=last[0][:1000])
    if told["status"] != "succeeded":
        said = "; ".join(f"{name}: {why}" for name, why in told["failed"])[:2000]
        return Proof(False, {}, error=said, failed=told["failed"][0][0] if told["failed"] else "")
    found = compared(portraits, folder)
    for name, why in project.unkept.items():
        one = found.get(name)
        said = f"inside of the step: {why}{f'; {one.why}' if one and one.why else ''}"
        found[name] = Likeness("not compared", why) if one is None else Likeness(one.verdict, said)
    return Proof(True, found, tuple(told["again"]))


def compared(portraits: Path, others: Path) -> dict[str, Likeness]:
    """The values that were portrayed in one folder beside those of another one."""
    theirs = json.loads((portraits / "portraits.json").read_text(encoding="utf-8"))
    ours = json.loads((others / "portraits.json").read_text(encoding="utf-8"))
    missing = Likeness("not compared", "the notebook has no such value at its end")
    return {
        name: liken(theirs[name], one, (portraits, others)) if name in theirs else missing for name, one in ours.items()
    }
