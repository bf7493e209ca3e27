"""``solvent models card, export, sign, container``: what a version is, and how it leaves the project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from solvent.faces.cli.completing import complete_model
from solvent.faces.cli.looking.kept import find_kept
from solvent.faces.cli.output import safe, show_json, size, write

if TYPE_CHECKING:
    from solvent.delivery.shipping.parcel import Parcel

__all__ = ["card", "container", "export", "sign"]

_KEY = click.option(
    "--key", type=click.Path(path_type=Path), metavar="FILE", help="Sign with this ed25519 private key (PEM)."
)


@click.command()
@click.argument("reference", shell_complete=complete_model)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def card(project: str | None, reference: str, as_json: bool) -> None:
    """Print the card of a version, as Markdown: what it is, how good, on what it was trained, and its limits."""
    from solvent.delivery.provenance.registered import registered_card, word_registered
    from solvent.delivery.registry import find_model, load_bundle

    opened = find_kept(project)
    told = registered_card(opened, find_model(opened, reference), load_bundle(opened, reference))
    if as_json:
        show_json(told)
    else:
        write(safe(word_registered(told)).rstrip())


@click.command()
@click.argument("reference", shell_complete=complete_model)
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--format", "kind", type=click.Choice(["folder", "mlflow", "onnx"]), default="folder", show_default=True,
    help="A folder that serves by itself, a model of MLflow, or the graph alone.",
)  # fmt: skip
@_KEY
@click.pass_obj
def export(project: str | None, reference: str, out: Path, kind: str, key: Path | None) -> None:
    """Write a version to OUT, which must not be there yet: it needs neither the project nor an index with Solvent."""
    from solvent.delivery.shipping.folder import folder_files
    from solvent.delivery.shipping.graph import graph_of
    from solvent.delivery.shipping.parcel import from_elsewhere
    from solvent.delivery.shipping.placing import check_free, place_file, place_folder
    from solvent.delivery.shipping.pyfunc import pyfunc_files

    out = out.expanduser()
    if kind == "onnx":
        if key is not None:
            raise click.UsageError("a graph alone is no bundle, so there is nothing to sign: leave --key out")
        data = graph_of(_parcel(project, reference, None))
        place_file(data, out)
        write(safe(f"{out}: {size(len(data))}"))
        return
    check_free(out)
    parcel = _parcel(project, reference, key)
    files = folder_files(parcel) if kind == "folder" else pyfunc_files(parcel)
    place_folder(files, out)
    _tell(out, files, parcel)
    for name in from_elsewhere(parcel.bundle):
        write(safe(f"  {name} was not installed from an index here: bring it along yourself"))
    if kind == "folder":
        write("  README.md there says how to serve it")


@click.command()
@click.argument("reference", shell_complete=complete_model)
@click.option(
    "--key", required=True, type=click.Path(path_type=Path), metavar="FILE", help="An ed25519 private key (PEM)."
)
@click.pass_obj
def sign(project: str | None, reference: str, key: Path) -> None:
    """Vouch for a version with a key; the signature goes along with every export."""
    from solvent.delivery.registry import find_model, load_bundle
    from solvent.delivery.trust.keeping import sign_kept

    opened = find_kept(project)
    row, bundle = find_model(opened, reference), load_bundle(opened, reference)
    public = sign_kept(opened, bundle.digest, key.expanduser())
    write(safe(f"{row.model} v{row.version} is signed by the key {public.id}. Whoever trusts it names it so:"))
    write(str(public))


@click.command()
@click.argument("reference", shell_complete=complete_model)
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--base", metavar="IMAGE", help="The image to build on (default: python:X.Y-slim of the packing).")
@click.option(
    "--trust", type=click.Path(path_type=Path), metavar="FILE", help="Public keys, one of which has to have signed."
)
@_KEY
@click.pass_obj
def container(project: str | None, /, reference: str, out: Path, base: str | None, **more: Any) -> None:
    """Write the context of a container that serves a version to the folder OUT."""
    from solvent.delivery.shipping.container import container_files
    from solvent.delivery.shipping.placing import check_free, place_folder
    from solvent.delivery.trust.policy import make_trust

    out = out.expanduser()
    check_free(out)
    parcel = _parcel(project, reference, more["key"])
    keys = None
    if more["trust"] is not None:
        trust = make_trust(file=more["trust"].expanduser())
        trust.check(parcel.bundle.digest, parcel.signatures)
        keys = "".join(f"{one}\n" for one in trust.keys).encode()
    files = container_files(parcel, base, keys)
    place_folder(files, out)
    _tell(out, files, parcel)
    write("  README.md there says how to build and run it")


def _parcel(project: str | None, reference: str, key: Path | None) -> Parcel:
    from solvent.delivery.provenance.registered import registered_card, word_registered
    from solvent.delivery.registry import find_model, load_bundle
    from solvent.delivery.shipping.parcel import Parcel
    from solvent.delivery.trust.keeping import kept_signatures, sign_kept

    opened = find_kept(project)
    row, bundle = find_model(opened, reference), load_bundle(opened, reference)
    if key is not None:
        sign_kept(opened, bundle.digest, key.expanduser())
    text = word_registered(registered_card(opened, row, bundle))
    return Parcel(bundle, row.model, f"v{row.version}", text, kept_signatures(opened, bundle.digest))


def _tell(out: Path, files: dict[str, bytes], parcel: Parcel) -> None:
    vouched = ", ".join(one.key for one in parcel.signatures) or "nobody"
    held = size(sum(len(data) for data in files.values()))
    write(safe(f"{out}: {parcel.model} {parcel.version}, {len(files)} files, {held}, signed by {vouched}"))
