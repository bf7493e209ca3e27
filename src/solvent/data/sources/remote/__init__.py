"""Files that lie elsewhere: in buckets, or behind HTTP, found like local ones and read from a copy that is kept."""

from __future__ import annotations

from solvent.data.sources.remote.cache import Cache
from solvent.data.sources.remote.finding import RemoteFiles
from solvent.data.sources.remote.options import RemoteOptions, split_options

__all__ = ["Cache", "RemoteFiles", "RemoteOptions", "split_options"]
