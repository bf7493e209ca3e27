"""Opening what an input names: which source it is, and what is wrong with how it is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from solvent.config import Secret
from solvent.config.typed.structured import load_reference
from solvent.data.sources.base import Source
from solvent.errors import InputError, SolventError, did_you_mean

__all__ = ["open_source", "source_kinds"]

GROUP = "solvent.sources"
_BUILT_IN = {
    "files": "solvent.data.sources.making:files",
    "value": "solvent.data.sources.making:value",
    "database": "solvent.data.sources.making:database",
    "url": "solvent.data.sources.making:url",
}
"""Kinds of source by the word that names them, each made by a function of the settings and the project's root."""
_ASKED = ("describe", "version", "read", "close")
_ELSEWHERE = ("dataset", "model", "output", "use")
"""Kinds that the engine opens itself, named here so that a misspelling is told of them too."""


def source_kinds(plugs: Sequence[str] = ()) -> dict[str, str | EntryPoint]:
    """Every kind of source that there is, with what makes it; nothing is imported.

    ``plugs`` are a project's own, as its file names them: ``crm.tables:Accounts`` is the kind ``accounts``. Packages
    bring theirs through entry points of the group ``solvent.sources``. Raises :class:`InputError` where two bring the
    same kind.
    """
    found: dict[str, str | EntryPoint] = {**_BUILT_IN}
    for one in entry_points(group=GROUP):
        if one.name in _BUILT_IN or one.name in _ELSEWHERE:
            raise InputError(
                f"{_bringer(one)} brings a source called {one.name!r}, which is one of Solvent's own. Remove it, or "
                f"ask its author for another name"
            )
        before = found.get(one.name)
        if isinstance(before, EntryPoint) and before.value != one.value:
            raise InputError(
                f"{_bringer(before)} and {_bringer(one)} both bring a source called {one.name!r}; remove one of them"
            )
        found[one.name] = one
    for name in plugs:
        kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.rpartition(":")[2]).lower()
        if kind in _BUILT_IN or kind in _ELSEWHERE:
            raise InputError(f"plugs: {name} would be the source {kind!r}, which is one of Solvent's own; rename it")
        found[kind] = name  # a project's own word goes before a package's
    return found


def open_source(spec: Any, root: Path, plugs: Sequence[str] = ()) -> Source:
    """The source that ``spec`` names: ``{files: …}``, ``{database: …}``, ``{url: …}``, or just a path below ``root``.

    A list of sources is one, whose rows are those of all. Nothing is read yet. Raises :class:`InputError` for a spec
    that says nothing known, or a plug that cannot be used.
    """
    if isinstance(spec, (str, Path)) or (isinstance(spec, list) and spec and all(isinstance(x, str) for x in spec)):
        spec = {"files": spec}
    if isinstance(spec, list) and spec:
        from solvent.data.sources.several import Several

        return Several([open_source(one, root, plugs) for one in spec])
    if isinstance(spec, Secret) or not isinstance(spec, Mapping):
        raise InputError(f"expected a source, such as {{files: data/x.csv}}, got {type(spec).__name__} {spec!r:.80}")
    kinds = source_kinds(plugs)
    named = [str(kind) for kind in spec if kind in kinds]
    if len(named) > 1 and named[0] in _BUILT_IN:
        named = [one for one in named if one in _BUILT_IN]  # to another source, the word may be an option
    if len(named) > 1:
        raise InputError(f"names two sources at once: {' and '.join(named)}")
    if not named:
        known = (*kinds, *_ELSEWHERE)
        first = str(next(iter(spec), ""))
        said = f"{first!r} is not a source.{did_you_mean(first, known)}" if first else "names no source."
        raise InputError(f"{said} There are: {', '.join(known)}; as in {{files: data/x.csv}}")
    options = {str(name): value for name, value in spec.items() if name != named[0]}
    return _make(named[0], kinds[named[0]])(spec[named[0]], options, root)


def _make(kind: str, made_by: str | EntryPoint) -> Callable[[Any, Mapping[str, Any], Path], Source]:
    """What makes a source of this kind. Raises :class:`InputError` that names the distribution of a broken one."""
    who = _bringer(made_by) if isinstance(made_by, EntryPoint) else made_by
    own = isinstance(made_by, str) and made_by in _BUILT_IN.values()
    try:
        found = made_by.load() if isinstance(made_by, EntryPoint) else load_reference(made_by)
    except Exception as error:  # whatever the code of somebody else does
        if own:
            raise
        value = made_by.value if isinstance(made_by, EntryPoint) else made_by
        raise InputError(
            f"the source {kind!r} comes from {who}, which is broken: {value} cannot be imported: "
            f"{type(error).__name__}: {error}. Repair it, or remove it"
        ) from error
    if not callable(found):
        raise InputError(f"the source {kind!r} comes from {who}, which is broken: it names no function or class")
    return found if own else _told(found, kind, who)


def _told(maker: Callable[..., Any], kind: str, who: str) -> Callable[[Any, Mapping[str, Any], Path], Source]:
    """The code of somebody else, whose faults are told as such."""

    def make(named: Any, options: Mapping[str, Any], root: Path) -> Source:
        broken = f"the source {kind!r} comes from {who}, which"
        try:
            made = maker(named, options, root)
        except SolventError:
            raise
        except Exception as error:
            raise InputError(
                f"{broken} cannot make one of these settings: {type(error).__name__}: {error}. It is called with the "
                f"value of {kind!r}, a mapping of the other options, and the project's root"
            ) from error
        if lacks := [name for name in _ASKED if not callable(getattr(made, name, None))]:
            raise InputError(f"{broken} makes a {type(made).__name__}, and that has no method {' and no '.join(lacks)}")
        return made  # type: ignore[no-any-return]

    return make


def _bringer(one: EntryPoint) -> str:
    """The distribution that an entry point belongs to."""
    return f"{one.dist.name} {one.dist.version}" if one.dist is not None else one.value
