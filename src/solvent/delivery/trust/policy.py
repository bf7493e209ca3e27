"""The policy for bundles from elsewhere: signed by a trusted key, or allowed by its own digest; else refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from solvent.delivery.bundles import Bundle
from solvent.delivery.trust.signing import FILE, PublicKey, Signature, read_keys, read_signatures
from solvent.errors import UsageError

__all__ = ["Trust", "Untrusted", "make_trust", "open_foreign"]

_SHORTEST = 32


class Untrusted(UsageError):
    """A bundle from elsewhere that nobody who is trusted vouches for; none of its code was run."""


@dataclass(frozen=True)
class Trust:
    """Whose signature counts, and which bundles may go without one, by their digests (32 characters or more)."""

    keys: tuple[PublicKey, ...] = ()
    unsigned: frozenset[str] = frozenset()

    def check(self, name: str, signatures: Iterable[Signature]) -> PublicKey | None:
        """The key that vouches for the bundle of this digest; None for one that is allowed without.

        Raises :class:`Untrusted`, which says what to do, for any other.
        """
        given = list(signatures)
        for key in self.keys:
            if any(one.key == key.id and one.holds(key, name) for one in given):
                return key
        if any(name.startswith(one) for one in self.unsigned if len(one) >= _SHORTEST):
            return None
        raise Untrusted(f"{self._reason(given)}. {self._way_out(name)}")

    def _reason(self, given: list[Signature]) -> str:
        if not given:
            return "the bundle is not signed"
        known = {key.id for key in self.keys}
        forged = [one.key for one in given if one.key in known]
        if forged:
            return f"the signature of key {forged[0]} is not for this bundle"
        return f"the bundle is signed by {', '.join(one.key[:16] for one in given[:5])}, and none of these is trusted"

    def _way_out(self, name: str) -> str:
        return (
            "A bundle is code, and it was not loaded. Name the public keys that you trust with --trust FILE, or under "
            f"[trust] keys in solvent.toml; or, if you know where it comes from: --allow-unsigned {name}"
        )


def make_trust(keys: Iterable[str] = (), file: Path | None = None, unsigned: Iterable[str] = ()) -> Trust:
    """The policy of these public keys as text, those in a file, and these digests.

    Raises :class:`UsageError` for a digest so short that another bundle could be made to fit it.
    """
    allowed = frozenset(one.strip().lower() for one in unsigned)
    for one in allowed:
        if len(one) < _SHORTEST or set(one) - set("0123456789abcdef"):
            raise UsageError(
                f"--allow-unsigned takes the digest of a bundle, {_SHORTEST} characters or more, not {one!r}"
            )
    more = () if file is None else read_keys(file)
    return Trust((*(PublicKey.read(one) for one in keys), *more), allowed)


def open_foreign(folder: Path, trust: Trust) -> Bundle:
    """Open the bundle in a folder that comes from elsewhere; its signatures stand beside the folder.

    Raises :class:`Corrupted` for one that is not as it was packed, and :class:`Untrusted` for one that nobody who is
    trusted vouches for.
    """
    bundle = Bundle.from_artifact(folder)
    beside = folder.resolve().parent / FILE
    signatures: tuple[Signature, ...] = ()
    if beside.is_file():
        signatures = read_signatures(beside.read_bytes())[1]
    trust.check(bundle.digest, signatures)
    return bundle
