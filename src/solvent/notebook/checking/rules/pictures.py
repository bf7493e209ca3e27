"""Whether two pictures show the same: by their pixels where both were drawn here, roughly where one was saved."""

from __future__ import annotations

import base64
import binascii
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["compare_pictures"]

_SEEN = 32
"""How far apart two pixels have to be, of 255, to count as different: edges are smoothed by a little more or less."""
_TWICE = 0.005
_SAVED = 0.25
"""The share of such pixels beyond which pictures differ: of two runs here, and of a run and what was saved."""


def compare_pictures(one: str, other: str, here: bool) -> tuple[str, str, bool] | None:
    """What differs between two pictures as notebooks hold them (base64): both in words, and if it may be a version's.

    ``here`` says that both were drawn by this environment. Of one that was saved elsewhere the resolution says nothing,
    so only another shape is told then. Without Pillow pictures of one size are compared by how many bytes they have.
    """
    if "".join(one.split()) == "".join(other.split()):
        return None
    try:
        left, right = base64.b64decode(one), base64.b64decode(other)
    except (binascii.Error, ValueError):
        return None
    size, size_now = _size(left), _size(right)
    if size and size_now and size != size_now:
        said = f"a picture of {size[0]} × {size[1]}", f"one of {size_now[0]} × {size_now[1]}"
        shape, shape_now = size[0] / size[1], size_now[0] / size_now[1]
        if here:
            return *said, False
        return (*said, True) if abs(shape - shape_now) > 0.1 * max(shape, shape_now) else None
    share = _apart(left, right)
    if share is not None and share > (_TWICE if here else _SAVED):
        return "a picture", f"one of which {share:.1%} is drawn otherwise", False
    if share is None and abs(len(left) - len(right)) > 0.5 * max(len(left), len(right)):
        return f"a picture of {len(left):,} bytes", f"one of {len(right):,}", False
    return None


def _apart(one: bytes, other: bytes) -> float | None:
    """The share of pixels that differ visibly; None for what cannot be looked at."""
    left, right = _pixels(one), _pixels(other)
    if left is None or right is None or left.size != right.size:
        return None
    from PIL import ImageChops

    red, green, blue = ImageChops.difference(left, right).split()
    counts = ImageChops.lighter(ImageChops.lighter(red, green), blue).histogram()
    return float(sum(counts[_SEEN + 1 :]) / sum(counts))


def _pixels(data: bytes) -> Image | None:
    """The picture in red, green and blue, on white where it lets that through."""
    try:
        from PIL import Image
    except ImportError:
        return None
    try:
        with Image.open(io.BytesIO(data)) as picture:
            clear = picture.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")


def _size(data: bytes) -> tuple[int, int] | None:
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        return max(1, int.from_bytes(data[16:20], "big")), max(1, int.from_bytes(data[20:24], "big"))
    return None
