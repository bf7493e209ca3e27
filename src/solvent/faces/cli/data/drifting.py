"""``solvent data drift``: whether two files or tables of a project hold the same, the strongest effect first."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from solvent.faces.cli.completing import complete_reference
from solvent.faces.cli.output import safe, show_json, write

if TYPE_CHECKING:
    from solvent.data.drift import TwoSample

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
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def drift(ctx: click.Context, /, before: str, after: str, columns: Sequence[str], **more: Any) -> None:
    """Say whether AFTER holds the same as BEFORE: each a file, folder or pattern, or RUN/STEP.OUTPUT or #DIGEST.

    Exit 0: no drift; 1: a column drifted. Files need no project.
    """
    from solvent.data.drift import DriftOptions, render_text
    from solvent.data.drift import drift as compare

    first, second = _Subject(ctx.obj, before), _Subject(ctx.obj, after)
    chosen = _chosen([*first.names, *second.names], columns) if columns else None
    options = DriftOptions(
        correction=more["correction"], compare_moving=more["compare_moving"], seed=more["seed"]
    )  # fmt: skip
    sides = [one.profile() if more["profiles"] else one.rows() for one in (first, second)]
    found = _read(lambda: compare(*sides, columns=chosen, alpha=more["alpha"], options=options), before, after)
    told = _told_apart(first, second, chosen, more["seed"]) if more["two_sample"] else None
    if more["as_json"]:
        apart = None if told is None else told.to_json()
        show_json({"before": before, "after": after, **found.to_json(), "two_sample": apart})
    else:
        write(safe(render_text(found, every=more["every"])))
        if told is not None:
            _show(told)
    if found.drifted or (told is not None and told.verdict == "drift"):
        ctx.exit(_DRIFTED)


class _Subject:
    """What one of the two words means: files, or a table of the project."""

    def __init__(self, project: str | None, word: str) -> None:
        import polars as pl

        self._word = word
        self._table = _files(word) if _names_files(word) else _kept(project, word)
        lazy = isinstance(self._table, pl.LazyFrame)
        self.names: list[str] = _read(
            lambda: self._table.collect_schema().names() if lazy else self._table.columns, word
        )

    def rows(self) -> Any:
        """The rows, lazily where that is possible."""
        return self._table

    def profile(self) -> Any:
        """The profile of the rows."""
        from solvent.data.profile import profile

        return _read(lambda: profile(self._table), self._word)


def _names_files(word: str) -> bool:
    """Whether a word names files rather than a result of a run."""
    if word.startswith("#"):
        return False
    there = "://" in word or os.path.exists(os.path.expanduser(word))
    return there or any(one in word for one in "*?[") or word.startswith(("/", "./", "../", "~")) or _has_suffix(word)


def _has_suffix(word: str) -> bool:
    from solvent.data.sources.files.recognising import holds_rows

    return holds_rows(word)


def _files(word: str) -> Any:
    import polars as pl

    from solvent.data.sources import open_source

    # A file whose name has signs of a pattern in it is that file, as a shell hands it over.
    plain = "://" not in word and os.path.exists(os.path.expanduser(word))
    source = open_source({"files": glob.escape(word)} if plain else word, Path.cwd())
    return _read(lambda: source.read(pl.LazyFrame), word)


def _kept(project: str | None, reference: str) -> Any:
    import polars as pl

    from solvent.errors import NotFound
    from solvent.faces.cli.looking.kept import find_kept

    try:
        opened = find_kept(project)
        artifact = opened.artifact(reference)
    except NotFound as error:
        raise NotFound(f"{reference!r} is no file or pattern that is there from here, and no table: {error}") from error
    if not artifact.format.startswith("table."):
        raise NotFound(f"{reference} is no table; its format is {artifact.format}")
    return opened.archive.get(artifact.digest, pl.LazyFrame)


def _read(work: Callable[[], Any], *words: str) -> Any:
    """Do what reads files; where one of them cannot be read, say so in a line."""
    import polars as pl

    from solvent.errors import InputError

    try:
        return work()
    except pl.exceptions.PolarsError as error:
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise InputError(f"{' or '.join(words)} cannot be read: {said:.300}") from error


def _chosen(names: Sequence[str], patterns: Sequence[str]) -> list[str]:
    from solvent.errors import NotFound, did_you_mean

    for one in patterns:
        if not any(name == one or fnmatchcase(name, one) for name in names):
            raise NotFound(f"--columns: no column is called {one!r} or fits it.{did_you_mean(one, names)}")
    fitting = [name for name in names if any(name == one or fnmatchcase(name, one) for one in patterns)]
    return list(dict.fromkeys(fitting))


def _told_apart(first: _Subject, second: _Subject, chosen: Sequence[str] | None, seed: int) -> TwoSample:
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
