"""A notebook run from its top and watched: what each cell showed and did, and portraits of what it left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from solvent.notebook.flow.naming import source_of
from solvent.notebook.flow.program import Program, Unit
from solvent.notebook.observing.kernel import Event, Kernel, Ran, Running, open_kernel
from solvent.notebook.observing.sources import portray

__all__ = ["Watched", "watch", "watching"]


@dataclass(frozen=True)
class Watched:
    """The program with what was seen of its statements, and how its cells ran, in the order of the file."""

    program: Program
    cells: tuple[Ran, ...] = ()

    @property
    def failed(self) -> Ran | None:
        """The first cell that broke off; None if all ran."""
        return next((one for one in self.cells if one.status != "ok"), None)


def watch(program: Program, running: Running, portraits: tuple[Sequence[str], Path] | None = None) -> Watched:
    """Run all cells from the top; names in ``portraits`` are portrayed into its folder at the end."""
    with watching(program, running) as (watched, kernel):
        if portraits is not None and kernel.alive:
            take_portraits(kernel, *portraits)
        return watched


@contextmanager
def watching(program: Program, running: Running, judging: bool = False) -> Iterator[tuple[Watched, Kernel]]:
    """The same with the kernel still open.

    For a judgement cells are run as they are written, so that lines are those of the cell, and go on after one that
    failed.
    """
    cells: list[Ran] = []
    events: list[Event] = []
    with open_kernel(running) as kernel:
        for unit in program.units:
            if cells and cells[-1].status != "ok" and not judging:
                cells.append(Ran(unit.cell.number, "skipped"))
                continue
            made = _run(unit, program, kernel, _as_written(unit) if judging else source_of(unit))
            cells.append(made)
            events += made.events
        yield Watched(program.watched(events), tuple(cells)), kernel


def _as_written(unit: Unit) -> str:
    """The cell with a sign on the empty lines at its top, which IPython would drop, and with them count lines anew."""
    source = unit.plain.source
    empty = source[: len(source) - len(source.lstrip("\n"))]
    return "#\n" * len(empty) + source[len(empty) :]


def _run(unit: Unit, program: Program, kernel: Kernel, source: str) -> Ran:
    if unit.fault is not None:
        return Ran(unit.cell.number, "error", (), ("SyntaxError", *unit.fault))
    if not unit.statements:
        return Ran(unit.cell.number, "ok")
    touched = [sorted(program.reads[one.place] | one.flow.alters | one.flow.makes) for one in unit.statements]
    return kernel.run(unit.cell.number, source, touched)


def take_portraits(kernel: Kernel, names: Sequence[str], folder: Path) -> None:
    """Portray names of a kernel into a folder."""
    kernel.silently(portray())
    kernel.silently(
        f"__import__('_solvent_portray').portray({{n: get_ipython().user_ns[n] for n in {list(names)!r} "
        f"if n in get_ipython().user_ns}}, {str(folder)!r})"
    )
