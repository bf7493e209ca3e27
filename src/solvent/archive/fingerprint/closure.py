"""The flat closure: definitions numbered in the order of their first use from the root, and one hash of it all."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from solvent import digest
from solvent.archive.fingerprint.constants.values import FIXED
from solvent.archive.fingerprint.library.distributions import Distributions
from solvent.archive.fingerprint.library.places import Places
from solvent.archive.fingerprint.lookup import MISSING, Lookup
from solvent.archive.fingerprint.nodes import Node, Opaque, Watched
from solvent.archive.fingerprint.reach import Reach
from solvent.archive.fingerprint.record import Definition, Fingerprint, Hidden

__all__ = ["Code", "behaviour", "fingerprint"]

KIND = "fingerprint.1"

_DOC_READERS = frozenset({
    "docopt", "click", "typer", "fire", "plac", "dspy", "marvin", "magentic", "smolagents", "instructor", "ply",
    "pydantic_ai", "langchain", "langchain_core", "openai_agents", "strawberry",
})  # fmt: skip
"""Packages that make something of docstrings: where one of them is used, docstrings count."""

_DISTRIBUTIONS = Distributions()
_TOKEN = os.urandom(16)


class Code:
    """What counts as the user's own code, and the fingerprints that were made of it so far.

    ``folders`` are the user's own wherever they lie; so is every file that is neither the standard library nor
    installed, every notebook cell, and ``__main__``. Call :meth:`refresh` when a plan is made: until then files
    and globals are taken to be what they were. ``forms`` is a folder for what need not be read anew by the next
    process: :meth:`keep` writes it.
    """

    def __init__(self, folders: Sequence[Path] = (), forms: Path | None = None) -> None:
        self.folders = tuple(folders)
        self._reach = Reach(Lookup(Places(self.folders), _DISTRIBUTIONS, forms))
        self._made: dict[int, tuple[Any, Fingerprint]] = {}
        self._lock = threading.RLock()

    def refresh(self) -> None:
        """Look at files and globals again when the next fingerprint is made."""
        with self._lock:
            self._made.clear()
            self._reach.refresh()

    def owns(self, module: str | None) -> bool:
        """Whether a module's code is the user's own, and so counts by what it says and not by where it is."""
        with self._lock:
            return self._reach.owns(module)

    def keep(self) -> None:
        """Keep the normal forms that were made, if there is a place for them."""
        with self._lock:
            self._reach.lookup.keep_forms()

    def fingerprint(self, thing: Any) -> Fingerprint:
        """The fingerprint of a function, a step, a class, or anything that holds code."""
        hit = self._made.get(id(thing))
        if hit is not None and hit[0] is thing:
            return hit[1]
        with self._lock:
            found = self._make(thing)
            self._made[id(thing)] = (thing, found)
        return found

    def _make(self, thing: Any) -> Fingerprint:
        order = _walk(self._reach.node_of(thing))
        nodes = list(dict.fromkeys([*order, *(target for node in order for target, _ in node.refs)]))
        packages: set[tuple[str, str]] = set()
        reasons: list[str] = []
        hidden: list[Hidden] = []
        watched: list[Watched] = []
        reads_docs = False
        for node in nodes:
            packages |= node.packages
            reasons += node.reasons
            hidden += node.hidden
            watched += node.watched
            reads_docs = reads_docs or node.reads_docs
        distributions: list[tuple[str, str]] = []
        if packages:
            reads_docs = reads_docs or any(path.partition("/")[0] in _DOC_READERS for _, path in packages)
            owners = {(package[0], _DISTRIBUTIONS.owner(*package)) for package in packages}
            distributions = _DISTRIBUTIONS.closure(sorted((root, name) for root, name in owners if name))
        return Fingerprint(
            digest.of_bytes(KIND, _encode(order, distributions, reads_docs)),
            _definitions(order),
            tuple(distributions),
            _values(order),
            tuple(dict.fromkeys(reasons)),
            tuple(dict.fromkeys(hidden)),
            partial(self._changed, watched),
        )

    def _changed(self, watched: Sequence[Watched]) -> list[str]:
        found: dict[tuple[str, int], str] = {}
        for one in watched:
            now = one.again()
            if now is one.value and (one.node.by_identity or type(now) in FIXED):
                continue
            if not one.node.by_identity and now is not MISSING and self._equal(now, one.node):
                continue
            where = one.where if isinstance(one.where, str) else f"{one.where[0]}:{one.where[1]}"
            found.setdefault(
                (one.label, id(one.value)),
                f"{where}: {one.label} was changed while the step ran, so its result cannot be reused. Hand it in "
                f"as an argument, and return what is made of it.",
            )
        if found:
            self.refresh()
        return list(found.values())

    def _equal(self, value: Any, node: Node) -> bool:
        try:
            return self._reach.value(value).same(node)
        except Opaque:
            return False


def fingerprint(thing: Any, *, code: Code) -> Fingerprint:
    """The fingerprint of a function, a step or a class: equal if and only if nothing that counts is different.

    It is remembered by the object itself until ``code`` is refreshed.
    """
    return code.fingerprint(thing)


def behaviour(kind: type, *, code: Code) -> str:
    """The digest of a class's behaviour: user code by closure, another's by distribution and version.

    A class that cannot be identified equals itself only as long as this process lives.
    """
    found = code.fingerprint(kind)
    return digest.of_bytes("behaviour.1", found.digest.encode() + _TOKEN) if found.uncached else found.digest


def _walk(root: Node) -> list[Node]:
    """Every node that has a number, in order; each is expanded when it is met."""
    order, seen = [root], {id(root)}
    for node in order:
        if node.expand is not None:
            expand, node.expand = node.expand, None
            try:
                expand(node)
            except Exception as error:  # hostile objects; the result is only ever not reused
                node.reasons.append(f"{node.name} cannot be identified ({type(error).__name__}: {error})")
        for target, _ in node.refs:
            if not target.leaf and id(target) not in seen:
                seen.add(id(target))
                order.append(target)
    return order


def _encode(order: Sequence[Node], distributions: Sequence[tuple[str, str]], docs: bool) -> bytes:
    """The closure as bytes: each node's own content, and then what it refers to, by number or by content."""
    numbers = {id(node): place for place, node in enumerate(order)}
    parts = [f"python {sys.version_info.major}.{sys.version_info.minor}".encode()]
    parts += [f"{name} {version}".encode() for name, version in distributions]
    parts.append(b"")
    for node in order:
        parts.append(node.payload)
        if docs:
            parts.append("\0".join(node.docs).encode("utf-8", "surrogatepass"))
        refs = []
        for target, rest in node.refs:
            place = b"=%d:%s" % (len(target.payload), target.payload) if target.leaf else b"#%d" % numbers[id(target)]
            refs.append(b"%s.%s;" % (place, ".".join(rest).encode()) if rest else place + b";")
        parts.append(b"".join(refs))
    return b"".join(b"%d:%s" % (len(part), part) for part in parts)


def _definitions(order: Sequence[Node]) -> tuple[Definition, ...]:
    return tuple(node.definition for node in order if node.definition is not None)


def _values(order: Sequence[Node]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for node in order:
        for name, text in node.values:
            if found.get(name, text) != text:
                name = f"{node.name}.{name}"
            found[name] = text
    return tuple(found.items())
