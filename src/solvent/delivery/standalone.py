"""Serving a bundle that lies in a folder, without a project: ``python -m solvent.delivery.standalone FOLDER``.

The bundle is opened only if it is signed by a key that is trusted, or named by its digest; and it serves only if it
answers its golden rows as it did when it was packed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from solvent.config import load_project_file
from solvent.delivery.proving.opening import open_bundle
from solvent.delivery.server.opening import Shipped, check_shipped
from solvent.delivery.trust.policy import make_trust, open_foreign
from solvent.errors import Corrupted, SolventError

__all__ = ["main"]


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line says; gives the exit code: 2 for wrong use or no trust, 1 for an unsound bundle."""
    asked = _parser().parse_args(words)
    try:
        keys = () if asked.project is None else load_project_file(asked.project).trust
        trust = make_trust(keys, asked.trust, asked.allow_unsigned)
        if asked.check:
            bundle = open_foreign(asked.folder, trust)
            open_bundle(bundle, "the bundle")
            _say(f"{len(bundle.golden)} golden rows are answered as when {bundle.digest} was packed")
        else:
            _serve(check_shipped(asked.folder, trust), asked)
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
    made.add_argument("--workers", type=int, default=1, metavar="N", help="processes that answer")
    made.add_argument("--check", action="store_true", help="answer the golden rows, and serve nothing")
    return made


def _serve(shipped: Shipped, asked: argparse.Namespace) -> None:
    """Listen, and answer until told to stop."""
    from solvent.delivery.server.serving import Endpoint, serve_shipped

    name = f"{shipped.model} {shipped.version}"
    endpoint = Endpoint(asked.host, asked.port, asked.token, tuple(asked.allow_host), workers=asked.workers)
    serve_shipped(shipped, endpoint, lambda address: _say(f"{name} at {address}"))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
