"""Serving a bundle that lies in a folder, without a project: ``python -m solvent.delivery.standalone FOLDER``.

The bundle is opened only if it is signed by a key that is trusted, or named by its digest; and it serves only if it
answers its golden rows as it did when it was packed.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from solvent.config import load_project_file
from solvent.delivery.probe import compare_golden
from solvent.delivery.shipping.parcel import LABEL
from solvent.delivery.trust.policy import make_trust, open_foreign
from solvent.errors import Corrupted, SolventError, UsageError
from solvent.names import is_name

if TYPE_CHECKING:
    from solvent.delivery.bundles import Bundle

__all__ = ["main"]


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line says; gives the exit code: 2 for wrong use or no trust, 1 for an unsound bundle."""
    asked = _parser().parse_args(words)
    try:
        keys = () if asked.project is None else load_project_file(asked.project).trust
        trust = make_trust(keys, asked.trust, asked.allow_unsigned)
        bundle = open_foreign(asked.folder, trust)
        _prove(bundle)
        if asked.check:
            _say(f"{len(bundle.golden)} golden rows are answered as when {bundle.digest} was packed")
        else:
            _serve(bundle, asked)
    except SolventError as error:
        sys.stderr.write(f"solvent: {error}\n")
        return 1 if isinstance(error, Corrupted) else 2
    return 0


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="serve", description="Serve the model in a folder.")
    made.add_argument("folder", type=Path, help="the folder of the bundle")
    made.add_argument("--host", default="127.0.0.1", help="another interface than loopback needs a token")
    made.add_argument("--port", type=int, default=8080, help="0 takes a free one")
    made.add_argument("--token", default=os.environ.get("SOLVENT_TOKEN") or None, help="or SOLVENT_TOKEN")
    made.add_argument("--allow-host", action="append", default=[], metavar="NAME", help="a name it is asked by")
    made.add_argument("--trust", type=Path, metavar="FILE", help="the public keys that you trust")
    made.add_argument("--project", type=Path, metavar="FOLDER", help="whose solvent.toml names keys that you trust")
    made.add_argument("--allow-unsigned", action="append", default=[], metavar="DIGEST", help="a bundle by its digest")
    made.add_argument("--check", action="store_true", help="answer the golden rows, and serve nothing")
    return made


def _prove(bundle: Bundle) -> None:
    different = compare_golden(bundle.predictor, bundle.golden, alone=20)
    if different:
        raise Corrupted(
            f"{len(different)} of {len(bundle.golden)} golden rows are answered otherwise than when the bundle was "
            f"packed, so it does not serve. Install the versions of its requirements.txt, with Python "
            f"{bundle.manifest['python']}."
        )


def _label(folder: Path) -> tuple[str, str]:
    """The model and version that the folder says it is; it is a name to show, and nothing hangs on it."""
    try:
        told = json.loads((folder.resolve().parent / LABEL).read_bytes())
        model, version = str(told["model"]), str(told["version"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        model, version = folder.resolve().name, "v1"
    return (model if is_name(model) else "model"), (version if is_name(version) else "v1")


def _serve(bundle: Bundle, asked: argparse.Namespace) -> None:
    """Listen, and answer until told to stop."""
    import uvicorn

    from solvent.delivery.server.application import Access, Served, make_app
    from solvent.delivery.server.guard import is_loopback

    if not is_loopback(asked.host) and not asked.token:
        raise UsageError(
            f"{asked.host} can be reached from elsewhere, and nothing would ask who is there. Serve on 127.0.0.1, or "
            f"give a token: --token TEXT, or SOLVENT_TOKEN in the environment."
        )
    model, version = _label(asked.folder)
    served = Served(model, version, bundle.digest, bundle.predictor)
    access = Access(frozenset({asked.host, *asked.allow_host}), asked.token)
    listening = _listen(asked.host, asked.port)
    host, port = listening.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    app = make_app(served, access, lambda: _say(f"{model} {version} at {address}"))
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        lifespan="on",
    )
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        listening.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024
        )
    except OSError as error:
        raise UsageError(f"{host}:{port} cannot be listened on: {error.strerror or error}") from None


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
