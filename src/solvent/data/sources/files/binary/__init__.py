"""Binary files: Parquet, Arrow and workbooks, which say their types themselves."""

from __future__ import annotations

from solvent.data.sources.files.binary.opening import Binary, open_binary, reason

__all__ = ["Binary", "open_binary", "reason"]
