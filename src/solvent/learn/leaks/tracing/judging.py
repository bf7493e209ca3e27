"""Judging a lineage: steps that led to a predictor, and were given rows that it is tested on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solvent.engine import watch
from solvent.engine.context import Context, current
from solvent.errors import SolventError
from solvent.learn.leaks.record import Finding, NotChecked
from solvent.learn.leaks.tracing.graph import Graph, Line, is_table

if TYPE_CHECKING:
    import polars as pl

    from solvent.archive.keeping import Archive

__all__ = ["Suspect", "find_fitted", "trace_suspects"]

_ASSEMBLE = "solvent.learn.assembly:assemble"
_HELD = 0.9


@dataclass(frozen=True)
class Suspect:
    """A step that was given test rows: its name, the function, and what it was given of them."""

    step: str
    function: str
    given: str
    parameter: str


@dataclass(frozen=True)
class _Lines:
    """Where the rows of both parts come from, and what led to those of the test.

    ``tested`` are the test rows themselves, and the tables that only they come from.
    """

    train: Line
    test: Line
    above_test: frozenset[int]
    tested: frozenset[str]


def trace_suspects(context: Context, inputs: Mapping[str, Any], target: str) -> list[Suspect]:
    """The steps that led to the predictor (or fitted what the parts were made with) and were given test rows.

    Steps that only handed rows on to one of the parts are none. Raises :class:`NotChecked` where nothing is recorded.
    """
    names = [inputs.get(name) for name in ("train", "test", "predictor")]
    if not all(isinstance(one, str) for one in names):
        raise NotChecked("the parts or the predictor came from nowhere that was recorded")
    train, test, predictor = map(str, names)
    with watch.exempt():
        graph = Graph(context.project.catalog, context.run)
        above = [graph.above(one) for one in (train, test, predictor)]
        if not any(graph.works(number) for number in above[2]):
            raise NotChecked("no step made this predictor: it was handed in from outside")
        ours, theirs = graph.line(train), graph.line(test)
        tested = frozenset({test}) | (theirs.artifacts - ours.artifacts)
        all_lines = _Lines(ours, theirs, above[1], tested)
        rows = _Rows(context.project.archive, test, tested, target)
        found_ = [_suspect(graph, all_lines, number, rows) for number in sorted(above[0] | above[1] | above[2])]
    return [one for one in found_ if one is not None]


def _suspect(graph: Graph, lines: _Lines, number: int, rows: _Rows) -> Suspect | None:
    """What is wrong with a step run, if something is."""
    if number in lines.test.makers or (number in lines.above_test and not graph.fits(number)):
        return None
    for edge in graph.inputs.get(number, ()):
        if edge.name.startswith("when:"):
            continue
        if edge.digest in lines.tested:
            given = "the test rows"
        elif edge.digest in lines.test.artifacts and not graph.hands_on(number, edge.digest, lines.train.artifacts):
            if not rows.are_in(edge.digest):
                continue
            given = "a table that the test rows are part of"
        else:
            continue
        name, function = graph.name(number)
        return Suspect(name, function, given, edge.name)
    return None


class _Rows:
    """The test rows, asked whether they are part of a table that other steps were given."""

    def __init__(self, archive: Archive, test: str, tested: frozenset[str], target: str) -> None:
        self._archive, self._target = archive, target
        self._tested = [test, *sorted(tested - {test})]

    def are_in(self, artifact: str) -> bool:
        """Whether nine in ten of the test rows are in a table, by the columns that both have.

        These have to be at least half of the test's columns, or hold the target: a table that was joined to the
        rows holds a few of their columns too, and is none that they are part of.
        """
        table = self._frame(artifact)
        if table is None:
            return False
        for name in self._tested:
            test = self._frame(name)
            if test is None or not test.height:
                continue
            schema = table.schema
            common = [one for one, dtype in test.schema.items() if schema.get(one) == dtype]
            told = self._target in common
            if not common or (not told and len(common) < 0.5 * test.width) or table.height < test.height:
                continue
            held = test.select(common).hash_rows().is_in(table.select(common).hash_rows().unique().implode()).mean()
            if isinstance(held, float) and held >= _HELD:
                return True
        return False

    def _frame(self, artifact: str) -> pl.DataFrame | None:
        import polars as pl

        if not is_table(self._archive.catalog, artifact):
            return None
        try:
            frame = self._archive.get(artifact, pl.DataFrame)
        except SolventError:  # what is gone or damaged can't be looked at; the rows themselves are audited elsewhere
            return None
        return frame if isinstance(frame, pl.DataFrame) else None


def find_fitted(target: str, predictor: bool) -> list[Finding]:
    """Steps that led to the predictor and were given test rows, as this run recorded them."""
    context = current()
    if not predictor:
        raise NotChecked("no predictor was given: audit_leaks(parts.train, parts.test, predictor)")
    if context is None:
        raise NotChecked("nothing was recorded of what led to the predictor: run the pipeline with solvent run")
    suspects = trace_suspects(context, context.inputs, target)
    made = []
    for exact in (True, False):
        some = [one for one in suspects if (one.function == _ASSEMBLE) is not exact]
        if some:
            made.append(_finding(some, fitted=exact))
    return made


def _finding(suspects: Sequence[Suspect], fitted: bool) -> Finding:
    named = ", ".join(f"{one.step} ({one.given}, as {one.parameter})" for one in suspects[:3])
    more = f" and {len(suspects) - 3} more" if len(suspects) > 3 else ""
    if fitted:
        evidence = f"What led to the predictor was given rows that it is tested on: {named}{more}."
    else:
        evidence = f"The predictor was given test rows as an example, and knows their ranges: {named}{more}."
    return Finding(
        "fitted_on_test", (), 0, evidence,
        "Split first, and give every step that learns, chooses or counts parts.train only.",
        figures={"steps": len(suspects)}, severity="leak" if fitted else "hint",
    )  # fmt: skip
