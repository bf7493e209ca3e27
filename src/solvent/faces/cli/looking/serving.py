"""``solvent serve`` and ``explain``: models that answer, and what led to an answer."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from solvent.errors import NotFound, UsageError
from solvent.faces.cli.completing import complete_model
from solvent.faces.cli.looking.kept import find_kept
from solvent.faces.cli.output import safe, show_json, write

__all__ = ["explain", "serve"]


@click.command()
@click.argument("references", nargs=-1, required=True, shell_complete=complete_model)
@click.option("--host", default="127.0.0.1", show_default=True, help="Another interface than loopback needs a token.")
@click.option("--port", default=8080, type=click.IntRange(0, 65535), show_default=True, help="0 takes a free one.")
@click.option("--token", envvar="SOLVENT_TOKEN", help="What callers must send as a bearer token.")
@click.option("--name", "hosts", multiple=True, metavar="HOST", help="A host name by which callers know this server.")
@click.option("--canary", multiple=True, metavar="REF=SHARE", help="A version that answers a share: delays@new=5%.")
@click.option("--shadow", multiple=True, metavar="REF=SHARE", help="A version that is asked too, and not heard.")
@click.option("--follow", default=1.0, show_default=True, help="Seconds between looks at the aliases; 0 never looks.")
@click.option("--deadline", default=30.0, show_default=True, help="Seconds that a request may take.")
@click.option("--concurrency", default=512, show_default=True, help="Requests at a time in a worker; more get a 429.")
@click.option("--largest", default=16_000_000, show_default=True, help="Bytes of a body; more get a 413.")
@click.option("--rows", default=100_000, show_default=True, help="Rows of a request; more get a 413.")
@click.option("--log", "share", metavar="SHARE", help="Log this share of the requests, such as 100% or 0.1.")
@click.option("--log-column", "kept", multiple=True, metavar="NAME=HOW", help="Of a column: value, hash or none.")
@click.option("--workers", default=1, show_default=True, help="Processes that answer, all on one port.")
@click.option("--drain", default=0.0, show_default=True, help="Seconds between not being ready and stopping.")
@click.option("--trust", type=click.Path(path_type=Path), metavar="FILE", help="Public keys to trust, for a folder.")
@click.option("--allow-unsigned", multiple=True, metavar="DIGEST", help="A bundle in a folder that needs no signature.")
@click.pass_context
def serve(context: click.Context, /, references: tuple[str, ...], **how: Any) -> None:
    """Serve models on this machine: NAME, NAME@ALIAS or NAME@v3, several if you like, or one ./FOLDER of an export."""
    from solvent.delivery.server.serving import Endpoint
    from solvent.delivery.server.serving import serve as carry_on

    trusted, unsigned = how.pop("trust"), how.pop("allow_unsigned")
    if any(map(_is_folder, references)):
        _serve_folder(context, references, (trusted, unsigned), how)
        return
    if trusted is not None or unsigned:
        raise UsageError("--trust and --allow-unsigned are for a folder; what the project has packed is its own")
    asides = [_aside(one, place) for place in ("canary", "shadow") for one in how.pop(place)]
    hosts = tuple(how.pop("hosts"))
    policy = _policy(how.pop("share"), how.pop("kept"))

    def announce(address: str) -> None:
        click.echo(f"{safe(', '.join(references))} at {address} (Ctrl-C stops it)")

    endpoint = Endpoint(hosts=hosts, asides=tuple(asides), log=policy, **how)
    try:
        carry_on(find_kept(context.obj), references, endpoint, announce)
    except NotFound as error:
        folder = next((one for one in references if Path(one).is_dir()), None)
        if folder is None:
            raise
        raise NotFound(f"{error} To serve the folder {folder}, write ./{folder}") from None


def _is_folder(reference: str) -> bool:
    """Whether a reference is a path: no name of a model has a slash in it."""
    return "/" in reference or os.sep in reference or reference in (".", "..")


_ONLY_MODELS = {
    "canary": "there is one version in a folder",
    "shadow": "there is one version in a folder",
    "follow": "a folder has no aliases",
    "share": "the log lies in a project's archive",
    "kept": "the log lies in a project's archive",
}


def _serve_folder(
    context: click.Context, references: tuple[str, ...], trust: tuple[Path | None, tuple[str, ...]], how: dict[str, Any]
) -> None:
    """Serve the one folder that was named, if nothing was asked that a folder cannot do."""
    from solvent.config import load_project_file
    from solvent.delivery.server.opening import check_shipped
    from solvent.delivery.server.serving import Endpoint, serve_shipped
    from solvent.delivery.trust.policy import make_trust

    if len(references) > 1:
        raise UsageError("a folder is served alone: start a server for each, or register the models in one project")
    options = {one.name: one.opts[0] for one in context.command.params}
    for name, why in _ONLY_MODELS.items():
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            raise UsageError(f"{options[name]} is for models of a project: {why}")
        del how[name]
    keys = load_project_file(Path(context.obj or ".")).trust
    shipped = check_shipped(Path(references[0]), make_trust(keys, *trust))

    def announce(address: str) -> None:
        click.echo(f"{safe(shipped.model)} {safe(shipped.version)} at {address} (Ctrl-C stops it)")

    serve_shipped(shipped, Endpoint(hosts=tuple(how.pop("hosts")), **how), announce)


def _aside(said: str, place: str) -> Any:
    """``delays@new=5%``, ``delays@new=0.05``: a version that takes part beside the one that serves."""
    from solvent.delivery.server.serving import Aside

    reference, sign, share = said.rpartition("=")
    number = _share(share)
    if not sign or number is None:
        raise UsageError(f"--{place} {said!r}: write a version and its share, such as delays@challenger=5%")
    return Aside(reference, place, number)


def _share(said: str) -> float | None:
    """``5%`` or ``0.05`` as a number from 0 to 1; None for what is neither."""
    try:
        number = float(said.removesuffix("%")) / (100 if said.endswith("%") else 1)
    except ValueError:
        return None
    return number if 0 <= number <= 1 else None


def _policy(share: str | None, kept: tuple[str, ...]) -> Any:
    """What is logged, if anything is."""
    from solvent.delivery.server.running.recording import Policy

    number = 1.0 if share is None and kept else _share(share or "0")
    if number is None:
        raise UsageError(f"--log {share!r}: write a share of the requests, such as 100% or 0.1")
    columns: dict[str, Any] = {}
    for said in kept:
        name, sign, how = said.rpartition("=")
        if not sign or how not in ("none", "hash", "value"):
            raise UsageError(f"--log-column {said!r}: write a column and how it is kept, such as email=hash")
        columns[name] = how
    return Policy(number, columns) if number else None


@click.command()
@click.argument("prediction")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def explain(project: str | None, prediction: str, as_json: bool) -> None:
    """Say what led to a prediction, by the prediction_id that its answer had (ID, or ID/3 for one of its rows)."""
    from solvent.delivery.explaining import explain_prediction

    found = explain_prediction(find_kept(project), prediction)
    if as_json:
        show_json(asdict(found))
        return
    write(safe(f"{found.model} v{found.version}   {found.status}   asked {found.at:%Y-%m-%d %H:%M:%S} UTC"))
    write(safe(f"bundle #{found.bundle[:12]}   run {found.run}"))
    for row in found.rows:
        asked = ", ".join(f"{name[6:]}={value!r}" for name, value in row.items() if name.startswith("input_"))
        write(safe(f"  asked ({row['place']}): {asked}"))
        answered = {name: value for name, value in row.items() if name.startswith("pr") and name != "prediction_id"}
        write(safe("  answered: " + ", ".join(f"{name}={value}" for name, value in answered.items())))
    if not found.rows:
        write("  the request is not in the log: it was not logged (solvent serve --log 100%), or is not written yet")
    for one in found.route:
        settings = ", ".join(f"{name}={value}" for name, value in one.settings.items())
        write(safe(f"  {one.run}/{one.name}   {one.step}{f'   {settings}' if settings else ''}"[:300]))
        for name, digest in one.inputs.items():
            write(safe(f"      {name}: #{str(digest)[:12]}"))
    for name, value in found.code.items():
        write(safe(f"  {name}: {value}"))
