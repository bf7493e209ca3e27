"""Opening what an input names: which source it is, and what is wrong with how it is named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from solvent.data.sources.base import Source
from solvent.data.sources.files import Files, Patterns, read_options
from solvent.data.sources.value import Value
from solvent.errors import InputError, did_you_mean

__all__ = ["open_source"]

_KINDS = ("files", "value")
_ELSEWHERE = ("model", "output", "use")
"""Kinds that the engine opens itself, named here so that a misspelling is told of them too."""


def open_source(spec: Any, root: Path) -> Source:
    """The source that ``spec`` names: ``{files: …}``, ``{value: …}``, or just a path; relative to ``root``.

    Nothing is read yet. Raises :class:`InputError` for a spec that says nothing known.
    """
    if isinstance(spec, (str, Path)):
        return _files({"files": str(spec)}, root)
    if isinstance(spec, list) and spec and all(isinstance(one, str) for one in spec):
        return _files({"files": spec}, root)
    if not isinstance(spec, Mapping):
        raise InputError(f"expected a source, such as {{files: data/x.csv}}, got {type(spec).__name__} {spec!r:.80}")
    named = [kind for kind in _KINDS if kind in spec]
    if len(named) > 1:
        raise InputError(f"names two sources at once: {' and '.join(named)}")
    if not named:
        known = (*_KINDS, *_ELSEWHERE)
        first = str(next(iter(spec), ""))
        said = f"{first!r} is not a source.{did_you_mean(first, known)}" if first else "names no source."
        raise InputError(f"{said} There are: {', '.join(known)}; as in {{files: data/x.csv}}")
    if named[0] == "files":
        return _files(spec, root)
    more = [str(name) for name in spec if name != "value"]
    if more:
        raise InputError(f"value takes nothing more, and {', '.join(more)} was given")
    return Value(spec["value"])


def _files(spec: Mapping[str, Any], root: Path) -> Files:
    patterns = spec["files"]
    if isinstance(patterns, (str, Path)):
        patterns = [patterns]
    if not isinstance(patterns, list) or not patterns or not all(isinstance(one, (str, Path)) for one in patterns):
        raise InputError(
            f"files: expected a path, a pattern such as data/*.parquet, or a list of them, got {patterns!r:.80}"
        )
    if not all(str(one).strip() for one in patterns):
        raise InputError("files: a path is empty")
    finder = Patterns([str(one) for one in patterns], root)
    return Files(finder, read_options({name: value for name, value in spec.items() if name != "files"}))
