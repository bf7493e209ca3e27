"""A single column of pandas or Polars: kept as a table of one column, with its name."""

from __future__ import annotations

from typing import Any

from solvent.data.family import asking_for
from solvent.errors import NoFormat

__all__ = ["SeriesFormat"]

_COLUMN = "value"


class SeriesFormat:
    """``pandas.Series``, ``pandas.Index`` and ``polars.Series``, each as a frame of its library is kept.

    With its type and missing values, and in pandas its index; the name of pandas' need not be text.
    """

    name = "series.1"

    def accepts(self, value: Any) -> bool:
        """Whether the value is a column of pandas or Polars."""
        return type(value).__module__.partition(".")[0] in ("pandas", "polars") and _kind(value) is not None

    def write(self, value: Any, sink: Any) -> Any:
        """Settle the column's identity: its name, and the table of it."""
        from dataclasses import replace

        kind, label = _kind(value), value.name
        if not isinstance(label, (str, int, float, type(None))):
            raise NoFormat(f"the column of pandas is called {label!r}; a name is text, a number or None to be kept")
        if kind == "polars":
            frame = value.alias(_COLUMN).to_frame()
        else:
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
        frames = asking_for("polars.DataFrame" if body["kind"] == "polars" else "pandas.DataFrame")
        return _made(source.read(body["table"], frames), body["kind"], body["name"])


def _kind(value: Any) -> str | None:
    if type(value).__module__.startswith("polars"):
        return "polars" if type(value).__name__ == "Series" else None
    import pandas as pd

    if isinstance(value, pd.MultiIndex):
        return None
    return "series" if isinstance(value, pd.Series) else "index" if isinstance(value, pd.Index) else None


def _made(frame: Any, kind: str | None, label: Any) -> Any:
    if kind == "polars":
        return frame.get_column(_COLUMN).alias(label)
    import pandas as pd

    column = frame[_COLUMN].rename(label)
    return column if kind == "series" else pd.Index(column, name=label)
