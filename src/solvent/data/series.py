"""A single column of pandas: kept as a table of one column, with its name, which need not be text."""

from __future__ import annotations

from typing import Any

from solvent.errors import NoFormat

__all__ = ["SeriesFormat"]

_COLUMN = "value"


class SeriesFormat:
    """``pandas.Series`` and ``pandas.Index``, as any frame of pandas is kept: index, types and missing values."""

    name = "series.1"

    def accepts(self, value: Any) -> bool:
        """Whether the value is a column of pandas."""
        return type(value).__module__.partition(".")[0] == "pandas" and _kind(value) is not None

    def write(self, value: Any, sink: Any) -> Any:
        """Settle the column's identity: its name, and the table of it."""
        from dataclasses import replace

        kind, label = _kind(value), value.name
        if not isinstance(label, (str, int, float, type(None))):
            raise NoFormat(f"the column of pandas is called {label!r}; a name is text, a number or None to be kept")
        frame = value.to_frame(name=_COLUMN) if kind == "series" else value.to_frame(index=False, name=_COLUMN)
        inner = sink.write(frame)
        keep = inner.keep
        return replace(
            inner,
            identity=["series", kind, label, sink.digest(frame, inner)],
            body=None,
            finish=lambda into: {"kind": kind, "name": label, "table": into.document(frame, inner)},
            keep=None if keep is None else lambda wanted: _made(keep(type(frame)), kind, label),
        )

    def read(self, body: Any, source: Any, wanted: Any) -> Any:
        """The column, as it was."""
        import pandas as pd

        return _made(source.read(body["table"], pd.DataFrame), body["kind"], body["name"])


def _kind(value: Any) -> str | None:
    import pandas as pd

    if isinstance(value, pd.MultiIndex):
        return None
    return "series" if isinstance(value, pd.Series) else "index" if isinstance(value, pd.Index) else None


def _made(frame: Any, kind: str | None, label: Any) -> Any:
    import pandas as pd

    column = frame[_COLUMN].rename(label)
    return column if kind == "series" else pd.Index(column, name=label)
