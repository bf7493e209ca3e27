"""Signing: a key vouches for a bundle's digest, which covers every byte of it; ed25519 as RFC 8032 has it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.errors import Corrupted, InputError, MissingExtra

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["FILE", "PublicKey", "Signature", "read_keys", "read_signatures", "sign_digest", "write_signatures"]

FILE = "signature.json"
_ALGORITHM = "ed25519"
_LARGEST = 1_000_000
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.S)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are checked with: 32 bytes, written ``ed25519:BASE64``."""

    raw: bytes

    @property
    def id(self) -> str:
        """Sixteen hexadecimal digits that name the key."""
        return digest.of_bytes("key.1", self.raw)[:16]

    def __str__(self) -> str:
        return f"{_ALGORITHM}:{base64.b64encode(self.raw).decode()}"

    @classmethod
    def read(cls, text: str) -> PublicKey:
        """The key that ``ed25519:BASE64`` or a PEM block says; raises :class:`InputError` for anything else."""
        text = text.strip()
        if text.startswith("-----BEGIN"):
            return cls(_raw_of_pem(text))
        kind, _, body = text.partition(":")
        try:
            raw = base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if kind != _ALGORITHM or len(raw) != 32:
            raise InputError(f"{text[:60]!r} is no public key: it is written ed25519:BASE64, or as a PEM block")
        return cls(raw)


@dataclass(frozen=True, slots=True)
class Signature:
    """One key's word for a digest."""

    key: str
    signature: bytes

    def holds(self, key: PublicKey, name: str) -> bool:
        """Whether this is the key's word for the bundle of this digest."""
        _check_extra()
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(key.raw).verify(self.signature, _message(name))
        except (InvalidSignature, ValueError):
            return False
        return True


def sign_digest(name: str, file: Path) -> tuple[PublicKey, Signature]:
    """Sign the digest of a bundle with the private key in a file: PEM, as ``openssl genpkey -algorithm ed25519`` makes.

    Raises :class:`InputError` for a file that holds no such key.
    """
    private = _read_private(file)
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = PublicKey(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    return public, Signature(public.id, private.sign(_message(name)))


def write_signatures(name: str, signatures: Iterable[Signature]) -> bytes:
    """The file that stands beside a bundle: its digest, and who vouches for it."""
    told = [
        {"key": one.key, "algorithm": _ALGORITHM, "signature": base64.b64encode(one.signature).decode()}
        for one in sorted(signatures, key=lambda one: one.key)
    ]
    return json.dumps({"bundle": name, "signatures": told}, indent=1).encode() + b"\n"


def read_signatures(data: bytes) -> tuple[str, tuple[Signature, ...]]:
    """The digest that a file of signatures speaks of, and the signatures; raises :class:`Corrupted` for another."""
    try:
        if len(data) > _LARGEST:
            raise ValueError("it is too large")
        body: Any = json.loads(data)
        found = [
            Signature(str(one["key"]), base64.b64decode(one["signature"], validate=True))
            for one in body["signatures"]
            if one["algorithm"] == _ALGORITHM
        ]
        return str(body["bundle"]), tuple(found)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Corrupted(f"{FILE} is no file of signatures: {error}") from None


def read_keys(file: Path) -> tuple[PublicKey, ...]:
    """The public keys in a file: PEM blocks, or one ``ed25519:BASE64`` a line; what follows a ``#`` is a remark."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the trusted keys in {file} cannot be read: {error}") from None
    found: Sequence[str] = _PEM.findall(text)
    if not found:
        found = [line for line in (one.partition("#")[0].strip() for one in text.splitlines()) if line]
    if not found:
        raise InputError(f"{file} names no public key: a line is written ed25519:BASE64, or it holds PEM blocks")
    return tuple(PublicKey.read(one) for one in found)


def _message(name: str) -> bytes:
    """What is signed says what it is, so that no signature made for another purpose fits."""
    return b"solvent.bundle.1\n" + name.encode()


def _read_private(file: Path) -> Ed25519PrivateKey:
    _check_extra()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except OSError as error:
        raise InputError(f"the key in {file} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError):
        key = None  # what is wrong with it may tell of the key
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(
            f"{file} holds no ed25519 private key without a passphrase, as PEM. One is made by: openssl genpkey "
            f"-algorithm ed25519 -out key.pem"
        )
    return key


def _raw_of_pem(text: str) -> bytes:
    _check_extra()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

    try:
        key = load_pem_public_key(text.encode())
    except ValueError:
        raise InputError("a PEM block among the trusted keys is no public key") from None
    if not isinstance(key, Ed25519PublicKey):
        raise InputError("a PEM block among the trusted keys is a key of another kind than ed25519")
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _check_extra() -> None:
    from importlib.util import find_spec

    if find_spec("cryptography") is None:
        raise MissingExtra("signatures need cryptography: pip install 'solvent[sign]'")
