"""Signatures that a project keeps: beside its archive, one file for each bundle that somebody vouches for."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from solvent.delivery.trust.signing import PublicKey, Signature, read_signatures, sign_digest, write_signatures
from solvent.errors import Unwritable

if TYPE_CHECKING:
    from solvent.engine.home import Home

__all__ = ["kept_signatures", "sign_kept"]


def kept_signatures(project: Home, name: str) -> tuple[Signature, ...]:
    """The signatures under the bundle of this digest."""
    file = _file(project, name)
    return read_signatures(file.read_bytes())[1] if file.is_file() else ()


def sign_kept(project: Home, name: str, key: Path) -> PublicKey:
    """Sign the digest of a bundle with the private key in a file, and keep the signature; gives the public key."""
    public, made = sign_digest(name, key)
    others = [one for one in kept_signatures(project, name) if one.key != made.key]
    file = _file(project, name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=file.parent, prefix=".signature-")
        with os.fdopen(handle, "wb") as out:
            out.write(write_signatures(name, [*others, made]))
        os.replace(scratch, file)
    except OSError as error:
        raise Unwritable(f"the signature cannot be kept in {file.parent}: {error.strerror}") from None
    return public


def _file(project: Home, name: str) -> Path:
    return project.folder / "signatures" / f"{name}.json"
