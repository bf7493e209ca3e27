"""``solvent data check``: a file or table against a contract, or a contract inferred from it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from solvent.faces.cli.completing import complete_reference
from solvent.faces.cli.data.subjects import names_files, read_options, reading, told_subject
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
    table = _open(ctx.obj, subject, read_options(more["options"]), agreed)
    now = _moment(more["now"])
    found = reading(lambda: judge(table, agreed, now=now, sample=max(0, more["sample"])), subject)
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
    table = _open(project, subject, read_options(more["options"]), None)
    made = reading(lambda: infer(profile(table), slack=more["slack"], table=table, names=[Path(subject).name]), subject)
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


def _open(project: str | None, word: str, options: Mapping[str, Any], contract: Contract | None) -> Any:
    """The table that a word names. A file without types of its own is read as the contract types it."""
    frame = told_subject(project, word, options)
    if not options and not names_files(word):
        return frame
    suffixes = [one.lower() for one in Path(word).suffixes]
    if contract is None or not any(one in suffixes for one in _UNTYPED):
        return frame
    import polars as pl

    from solvent.data.contract import read_texts

    schema = reading(frame.collect_schema, word)
    types = {
        one.name: "text"
        for one in contract.columns
        if (typed := one.demand("type")) is not None and typed.value == "text"
        if one.name in schema and not isinstance(schema[one.name], pl.String)
    }
    types |= options.get("types") or {}
    frame = told_subject(project, word, {**options, "types": types}) if types else frame
    return reading(lambda: read_texts(frame, contract), word)
