"""Fingerprints: the identity of a piece of code with all that it reaches in the user's own code."""

from __future__ import annotations

from solvent.archive.fingerprint.closure import Code, behaviour, fingerprint
from solvent.archive.fingerprint.record import Definition, Fingerprint, Hidden

__all__ = ["Code", "Definition", "Fingerprint", "Hidden", "behaviour", "fingerprint"]
