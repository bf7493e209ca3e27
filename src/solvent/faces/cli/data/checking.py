"""``solvent data check``: a file or table against a contract, or a contract inferred from it."""

from __future__ import annotations

import datetime
import glob
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from solvent.faces.cli.completing import complete_reference
from solvent.faces.cli.output import safe, show_json, write

if TYPE_CHECKING:
    from solvent.data.contract import Contract

__all__ = ["check"]

_BROKEN = 1
_UNTYPED = (".csv", ".tsv", ".txt")


@click.command()
@click.argument("subject", metavar="FILE_OR_REF", shell_complete=complete_reference)
@click.option("--contract", "contract", metavar="FILE", help="The contract, in YAML or TOML.")
@click.option("--infer", "out", metavar="OUT.yaml", help="Write a contract that the table keeps, to be reviewed.")
@click.option("--slack", default=0.1, show_default=True, help="With --infer: how far beyond what was seen bounds lie.")
@click.option("--force", is_flag=True, help="With --infer: overwrite the file.")
@click.option("--now", metavar="TIME", help="The moment for freshness, as in 2024-03-01T12:00Z (default: the clock).")
@click.option("--sample", "-n", default=10, show_default=True, help="How many rows are named for each violation.")
@click.option("--open-options", "options", multiple=True, metavar="KEY=VALUE", help="How a file is read: delimiter=';'")
@click.option("--all", "every", is_flag=True, help="Show what passed too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(ctx: click.Context, /, subject: str, contract: str | None, out: str | None, **more: Any) -> None:
    """Check FILE_OR_REF against a contract: a file, folder or pattern, or RUN/STEP.OUTPUT or #DIGEST.

    Exit 0: it is kept; 1: it is broken by something of the severity fail. Files need no project.
    """
    if (contract is None) == (out is None):
        raise click.UsageError("say --contract FILE to check, or --infer OUT.yaml to write one")
    if out is not None:
        _infer(ctx.obj, subject, out, more)
        return
    from solvent.data.contract import Contract
    from solvent.data.contract import check as judge

    agreed = Contract.load(Path(str(contract)).expanduser())
    table = _open(ctx.obj, subject, _options(more["options"]), agreed)
    now = _moment(more["now"])
    found = _read(lambda: judge(table, agreed, now=now, sample=max(0, more["sample"])), subject)
    if more["as_json"]:
        told = {"source": subject, "contract": str(contract), "digest": agreed.digest, "now": now.isoformat()}
        show_json({**told, **found.to_json()})
    else:
        write(safe(found.render_text(every=more["every"])))
    if not found.ok:
        ctx.exit(_BROKEN)


def _infer(project: str | None, subject: str, out: str, more: Mapping[str, Any]) -> None:
    from solvent.data.contract import infer
    from solvent.data.profile import profile
    from solvent.errors import UsageError

    path = Path(out).expanduser()
    if path.suffix.lower() not in (".yaml", ".yml"):
        raise UsageError(f"--infer: a contract is written to a file that ends in .yaml, and this is {out!r}")
    if path.exists() and not more["force"]:
        raise UsageError(f"--infer: {out} is there already. Name another file, or overwrite it with --force")
    table = _open(project, subject, _options(more["options"]), None)
    made = _read(lambda: infer(profile(table), slack=more["slack"], table=table, names=[Path(subject).name]), subject)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made.to_yaml(), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--infer: {out}: {error.strerror}") from error
    if more["as_json"]:
        show_json({"source": subject, "written": str(out), "digest": made.digest, "contract": made.to_json()})
        return
    demands = len(made.demands) + sum(len(one.demands) for one in made.columns)
    write(f"{safe(out)}: {demands:,} demands on {len(made.columns):,} columns; review them before you rely on them")


def _moment(text: str | None) -> datetime.datetime:
    """The moment that freshness is measured against; without a zone: UTC."""
    from solvent.config import validate

    if text is None:
        return datetime.datetime.now(datetime.UTC)
    try:
        found: datetime.datetime = validate(text, datetime.datetime, from_file=True)
    except ValueError as error:
        raise click.UsageError(f"--now: {error}") from None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def _options(given: Sequence[str]) -> dict[str, Any]:
    """``key=value`` words as the options of a source; a value is JSON where it reads as such, else text."""
    made: dict[str, Any] = {}
    for one in given:
        name, equals, text = one.partition("=")
        first, dot, second = name.strip().partition(".")
        if not equals or not first or (dot and not isinstance(made.setdefault(first, {}), dict)):
            raise click.UsageError(f"--open-options: expected KEY=VALUE, such as delimiter=';', got {one!r}")
        if dot:
            made[first][second] = text
            continue
        try:
            made[first] = json.loads(text)
        except ValueError:
            made[first] = text
    return made


def _open(project: str | None, word: str, options: Mapping[str, Any], contract: Contract | None) -> Any:
    """The table that a word names. A file without types of its own is read as the contract types it."""
    if not options and not _names_files(word):
        return _kept(project, word)
    frame = _files(word, options)
    suffixes = [one.lower() for one in Path(word).suffixes]
    if contract is None or not any(one in suffixes for one in _UNTYPED):
        return frame
    import polars as pl

    from solvent.data.contract import read_texts

    schema = _read(frame.collect_schema, word)
    types = {
        one.name: "text"
        for one in contract.columns
        if (typed := one.demand("type")) is not None and typed.value == "text"
        if one.name in schema and not isinstance(schema[one.name], pl.String)
    }
    types |= options.get("types") or {}
    frame = _files(word, {**options, "types": types}) if types else frame
    return _read(lambda: read_texts(frame, contract), word)


def _names_files(word: str) -> bool:
    """Whether a word names files rather than a result of a run."""
    from solvent.data.sources.files.recognising import holds_rows

    if word.startswith("#"):
        return False
    there = "://" in word or os.path.exists(os.path.expanduser(word))
    return there or any(one in word for one in "*?[") or word.startswith(("/", "./", "../", "~")) or holds_rows(word)


def _files(word: str, options: Mapping[str, Any]) -> Any:
    import polars as pl

    from solvent.data.sources import open_source

    # A file whose name has signs of a pattern in it is that file, as a shell hands it over.
    plain = "://" not in word and os.path.exists(os.path.expanduser(word))
    named = glob.escape(word) if plain else word
    spec: Any = {"files": named, **options} if options or plain else named
    source = open_source(spec, Path.cwd())
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


def _read(work: Callable[[], Any], word: str) -> Any:
    """Do what reads files; where one of them cannot be read, say so in a line."""
    import polars as pl

    from solvent.errors import InputError

    try:
        return work()
    except pl.exceptions.PolarsError as error:
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise InputError(f"{word} cannot be read: {said:.300}") from error
