"""Plain Python data: numbers, text, times, and containers of them and of anything that has a format."""

from __future__ import annotations

from solvent.archive.formats.plain.decoding import decode
from solvent.archive.formats.plain.encoding import Encoder
from solvent.archive.formats.plain.whole import PlainFormat

__all__ = ["Encoder", "PlainFormat", "decode"]
