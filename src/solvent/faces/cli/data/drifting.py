"""``solvent data drift``: whether two files or tables of a project hold the same, the strongest effect first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from solvent.faces.cli.completing import complete_reference
from solvent.faces.cli.data.pages import write_comparison
from solvent.faces.cli.data.subjects import choose, reading, told_subject
from solvent.faces.cli.output import safe, show_json, write

if TYPE_CHECKING:
    from solvent.data.drift import Drift, TwoSample

__all__ = ["drift"]

_DRIFTED = 1
_COLUMNS = 10


@click.command()
@click.argument("before", shell_complete=complete_reference)
@click.argument("after", shell_complete=complete_reference)
@click.option("--columns", multiple=True, metavar="GLOB", help="Only columns of such names. Repeatable.")
@click.option("--alpha", default=0.01, show_default=True, help="Probability of finding anything if nothing changed.")
@click.option(
    "--correction", type=click.Choice(["bh", "holm"]), default="bh", show_default=True, help="For many tests."
)
@click.option("--profiles", is_flag=True, help="Compare profiles alone: faster, and coarser for numbers.")
@click.option("--compare-moving", is_flag=True, help="Judge times and running numbers too that move on by design.")
@click.option("--two-sample", is_flag=True, help="Also fit a classifier that is to tell the sides apart.")
@click.option("--seed", default=0, show_default=True, help="Of samples and of the classifier.")
@click.option("--all", "every", is_flag=True, help="Show every column without drift too.")
@click.option("--html", "page", metavar="OUT", type=click.Path(dir_okay=False), help="Write one HTML page.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def drift(ctx: click.Context, /, before: str, after: str, columns: Sequence[str], **more: Any) -> None:
    """Say whether AFTER holds the same as BEFORE: each a file, folder or pattern, or RUN/STEP.OUTPUT or #DIGEST.

    BEFORE may be model:NAME@ALIAS too: the rows that this version was trained on, as its bundle remembers them.

    Exit 0: no drift; 1: a column drifted. Files need no project.
    """
    from solvent.data.drift import DriftOptions, render_text
    from solvent.data.drift import drift as compare
    from solvent.data.pictures.specs import tell_apart

    learnt = _Learnt(ctx.obj, before) if before.startswith("model:") else None
    first, second = learnt or _Subject(ctx.obj, before), _Subject(ctx.obj, after)
    chosen = None if learnt is None else learnt.names
    if columns:
        chosen = choose([*first.names, *second.names], columns)
    if learnt and more["two_sample"]:
        raise click.UsageError("--two-sample needs the rows of both sides, and a model remembers their profile only")
    options = DriftOptions(
        correction=more["correction"], compare_moving=more["compare_moving"], seed=more["seed"]
    )  # fmt: skip
    sides = [one.profile() if more["profiles"] else one.rows() for one in (first, second)]
    found = reading(lambda: compare(*sides, columns=chosen, alpha=more["alpha"], options=options), before, after)
    if more["page"]:
        _write(more["page"], tell_apart([before, after]), (first, second), found)
    told = _told_apart(first, second, chosen, more["seed"]) if more["two_sample"] else None
    if more["as_json"]:
        apart = None if told is None else told.to_json()
        show_json({"before": before, "after": after, **found.to_json(), "two_sample": apart})
    else:
        if more["page"]:
            write(f"{safe(more['page'])}: {len(found.drifted):,} of {len(found.columns):,} columns drifted")
        else:
            write(safe(render_text(found, every=more["every"])))
        if told is not None:
            _show(told)
    if found.drifted or (told is not None and told.verdict == "drift"):
        ctx.exit(_DRIFTED)


def _write(page: str, names: list[str], sides: tuple[_Subject | _Learnt, _Subject], found: Drift) -> None:
    """The page: all columns in the order of their effect."""
    from solvent.data.drift import render_text

    profiles = found.profiles or [one.profile() for one in sides]
    told = {one.name: f"{one.verdict}: {one.reason}" for one in found.columns}
    write_comparison(page, dict(zip(names, profiles, strict=True)), render_text(found, every=True), list(told), told)


class _Subject:
    """What one of the two words means: files, or a table of the project."""

    def __init__(self, project: str | None, word: str) -> None:
        import polars as pl

        self._word = word
        self._table = told_subject(project, word, {})
        lazy = isinstance(self._table, pl.LazyFrame)
        self.names: list[str] = reading(
            lambda: self._table.collect_schema().names() if lazy else self._table.columns, word
        )

    def rows(self) -> Any:
        """The rows, lazily where that is possible."""
        return self._table

    def profile(self) -> Any:
        """The profile of the rows."""
        from solvent.data.profile import profile

        return reading(lambda: profile(self._table), self._word)


class _Learnt:
    """The rows that a version of a model was trained on: their profile, of the columns that a request brings."""

    def __init__(self, project: str | None, word: str) -> None:
        from solvent.delivery.provenance.training import find_reference
        from solvent.delivery.registry import find_model, load_bundle
        from solvent.faces.cli.looking.kept import find_kept

        opened = find_kept(project)
        self._profile = find_reference(opened, find_model(opened, word), load_bundle(opened, word)).columns
        self.names: list[str] = [one["name"] for one in self._profile.columns]

    def rows(self) -> Any:
        """The profile, since there are no rows."""
        return self._profile

    def profile(self) -> Any:
        """The profile."""
        return self._profile


def _told_apart(first: _Subject | _Learnt, second: _Subject, chosen: Sequence[str] | None, seed: int) -> TwoSample:
    from solvent.data.drift import two_sample

    sides = [
        one.rows() if chosen is None else one.rows().select([name for name in chosen if name in one.names])
        for one in (first, second)
    ]
    return two_sample(*sides, seed=seed)


def _show(told: TwoSample) -> None:
    write()
    write(
        f"told apart by a classifier: {told.verdict}, AUC {told.auc:.3f} ({told.low:.3f} to {told.high:.3f}, "
        f"0.5 is chance), p {told.p:.2g}, from {told.rows[0]:,} and {told.rows[1]:,} rows (seed {told.seed})"
    )
    for name, lost in told.columns[:_COLUMNS]:
        if lost > 0:
            write(safe(f"  {lost:.3f}  {name}"))
    if told.left_out:
        write(safe("  left out: " + ", ".join(f"{name} ({why})" for name, why in told.left_out[:_COLUMNS])))
