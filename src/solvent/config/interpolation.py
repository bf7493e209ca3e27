"""``${…}`` in the settings: other values, environment variables, secrets and the run's date."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from solvent.config.leaf import BROKEN, Branch, Leaf, Node, Origin, Text, fold
from solvent.config.reading import read_value, split_path
from solvent.config.secret import Resolver, Secret, SecretName, joined
from solvent.errors import Problem, did_you_mean

__all__ = ["interpolate"]

LONGEST_CHAIN = 32
MOST = 100_000
LONGEST_TEXT = 1_000_000
Path = tuple[Any, ...]


class _Unresolved(Exception):
    """What stands in the braces cannot be had; the message says why."""


class _Broken(_Unresolved):
    """What it refers to has a problem, which is reported there."""


@dataclass(frozen=True, slots=True)
class _Reference:
    """``${kind:name:default}``; ``kind`` is env, secret or path."""

    kind: str
    name: str
    default: str | None


def interpolate(tree: Branch, secrets: Resolver | None, problems: list[Problem]) -> Branch:
    """The tree with every ``${…}`` replaced; a value that is nothing else keeps the type of what it names."""
    work = _Interpolation(tree, secrets, problems)
    try:
        made = work.node(tree, ())
    except RecursionError:
        problems.append(Problem(str(tree.origin), "the values that ${…} refers to are nested too deeply"))
        return tree
    assert isinstance(made, Branch)
    return made


@dataclass(slots=True)
class _Interpolation:
    tree: Branch
    secrets: Resolver | None
    problems: list[Problem]
    done: dict[Path, Node] = field(default_factory=dict)
    broken: set[Path] = field(default_factory=set)
    open: list[Path] = field(default_factory=list)
    left: int = MOST

    def node(self, node: Node, path: Path) -> Node:
        """A node of the tree, finished; where it cannot be, a problem is noted and it is ``BROKEN``."""
        if path in self.done:
            return self.done[path]
        if isinstance(node, Branch):
            children = {name: self.node(child, (*path, name)) for name, child in node.children.items()}
            made: Node = Branch(children, node.origin, node.beat)
        else:
            if path in self.open:
                circle = [*self.open[self.open.index(path) :], path]
                raise _Unresolved(f"the values refer to each other in a circle: {' → '.join(map(_dotted, circle))}")
            if len(self.open) >= LONGEST_CHAIN:
                raise _Unresolved(f"the references lead further than {LONGEST_CHAIN} values")
            self.open.append(path)
            try:
                made = self.leaf(node)
            except _Unresolved as error:
                self.broken.add(path)
                if not isinstance(error, _Broken):
                    self.problems.append(Problem(str(node.origin), f"{_dotted(path)}: {error}"))
                made = Leaf(BROKEN, node.origin)
            finally:
                self.open.pop()
        self.done[path] = made
        return made

    def leaf(self, leaf: Leaf) -> Node:
        """A leaf with its references replaced: a mapping, if it is one reference to a mapping."""
        if isinstance(leaf.value, str):
            found = self.text(leaf.value, leaf.origin)
            if found is leaf.value:
                return leaf
            if isinstance(found, Branch):
                return Branch(found.children, leaf.origin, leaf.beat)
            if isinstance(found, Leaf):
                return Leaf(found.value, leaf.origin, leaf.beat)
            return Leaf(found, leaf.origin, leaf.beat)
        if isinstance(leaf.value, (list, tuple)) and "${" in _words(leaf.value):
            return Leaf(self.inner(leaf.value, leaf.origin), leaf.origin, leaf.beat, leaf.places)
        return leaf

    def inner(self, value: Any, origin: Origin) -> Any:
        """What lies inside a list."""
        if isinstance(value, str):
            found = self.text(value, origin)
            return fold(found).value if isinstance(found, (Leaf, Branch)) else found
        if type(value) in (list, tuple):
            return type(value)(self.inner(item, origin) for item in value)
        if type(value) is dict:
            return {name: self.inner(item, origin) for name, item in value.items()}
        return value

    def text(self, text: str, origin: Origin) -> Any:
        """A text with its references replaced: a node if it is a single reference, else text or a secret."""
        if "${" not in text:
            return text
        parts = _parse(str(text))
        if len(parts) == 1 and isinstance(parts[0], _Reference):
            return self.whole(parts[0], origin)
        pieces: list[str | SecretName] = []
        for part in parts:
            pieces.extend([part] if isinstance(part, str) else _pieces(part, self.whole(part, origin)))
        made = joined(pieces)
        if any(isinstance(part, SecretName) for part in made):
            return Secret(made, self.secrets)
        plain = "".join(str(part) for part in made)
        self.spend(0, len(plain))
        return Text(plain, text.quoted) if isinstance(text, Text) else plain

    def whole(self, part: _Reference, origin: Origin) -> Node:
        """What one reference stands for, with its type."""
        if part.kind == "secret":
            return Leaf(self.secret(part, origin), origin)
        if part.kind == "env":
            found = os.environ.get(part.name)
            if found is not None:
                return Leaf(Text(found, quoted=not found), origin)
            return self.default(part, origin, f"the environment variable {part.name!r} is not set")
        try:
            path = split_path(part.name)
        except ValueError as error:
            raise _Unresolved(f"in '${{{part.name}}}': {error}") from None
        return self.at(path, part, origin)

    def secret(self, part: _Reference, origin: Origin) -> Secret:
        """A secret by its name; its default may hold other references, but no braces of its own."""
        default = part.default
        if default is not None and "${" in default:
            pieces = self.text(default, origin)
            pieces = pieces.value if isinstance(pieces, Leaf) else pieces
            if not isinstance(pieces, str):
                raise _Unresolved(f"the default of the secret {part.name!r} is not a plain text")
            default = str(pieces)
        if default is not None and ("{" in default or "}" in default):
            raise _Unresolved(f"the default of the secret {part.name!r} cannot hold braces")
        try:
            return Secret((SecretName((part.name, default)),), self.secrets)
        except ValueError as error:
            raise _Unresolved(str(error)) from None

    def default(self, part: _Reference, origin: Origin, why: str) -> Node:
        """The default of a reference that leads nowhere."""
        if part.default is None:
            head = f"{part.kind}:" if part.kind != "path" else ""
            hint = "" if why.endswith("?") else f". Set it, or give a default: ${{{head}{part.name}:…}}"
            raise _Unresolved(why + hint)
        if "${" in part.default:
            found = self.text(part.default, origin)
            return found if isinstance(found, (Leaf, Branch)) else Leaf(found, origin)
        try:
            return read_value(part.default, origin)
        except ValueError as error:
            raise _Unresolved(f"the default of ${{{part.name}}} is no YAML: {error}") from None

    def at(self, path: tuple[str, ...], part: _Reference, origin: Origin) -> Node:
        """The node at a path of the settings."""
        node: Node = self.tree
        done = False  # what a finished node holds is finished: an escaped brace in it must stay one
        for place, name in enumerate(path):
            here = path[:place]
            if isinstance(node, Leaf) and not done:
                node, done = self.finished(node, here), True
            if isinstance(node, Leaf) and isinstance(node.value, (list, tuple)) and name.isdigit():
                if int(name) < len(node.value):
                    node = Leaf(node.value[int(name)], node.origin)
                    continue
                return self.default(part, origin, f"'{_dotted(here)}' has only {len(node.value)} elements")
            if not isinstance(node, Branch) or name not in node.children:
                return self.default(part, origin, _nowhere(self.tree, path, place, node))
            node = node.children[name]
        made = node if done else self.finished(node, path)
        self.spend(_weight(made, self.left + 1), 0)
        return made

    def finished(self, node: Node, path: Path) -> Node:
        """A referred node with its own references replaced."""
        made = self.node(node, path)
        if path in self.broken:
            raise _Broken
        return made

    def spend(self, values: int, characters: int) -> None:
        """Count what interpolation makes, so that a few lines cannot fill the memory."""
        self.left -= values
        if self.left < 0 or characters > LONGEST_TEXT:
            raise _Unresolved(f"its references make more than {MOST} values or {LONGEST_TEXT} characters")


def _parse(text: str) -> list[str | _Reference]:
    parts: list[str | _Reference] = []
    place = 0
    while True:
        start = text.find("${", place)
        if start < 0:
            break
        if start > 0 and text[start - 1] == "$" and start - 1 >= place:
            parts.append(text[place : start - 1] + "${")
            place = start + 2
            continue
        end = _closing(text, start + 2)
        parts.extend((text[place:start], _reference(text[start + 2 : end])))
        place = end + 1
    parts.append(text[place:])
    return [part for part in parts if part != ""]


def _closing(text: str, place: int) -> int:
    depth = 1
    while place < len(text):
        if text.startswith("${", place):
            depth += 1
            place += 1
        elif text[place] == "}":
            depth -= 1
            if not depth:
                return place
        place += 1
    raise _Unresolved("a '${' is not closed by '}'. To write it as it is, write '$${'")


def _reference(body: str) -> _Reference:
    kind = next((one for one in ("env", "secret") if body.startswith(one + ":")), "path")
    rest = body if kind == "path" else body[len(kind) + 1 :]
    name, sign, default = rest.partition(":")
    name = name.strip()
    if not name or "${" in name:
        example = {"env": "${env:NAME}", "secret": "${secret:NAME}", "path": "${vars.name}"}[kind]
        raise _Unresolved(f"'${{{body}}}' names nothing; write {example}")
    return _Reference(kind, name, default if sign else None)


def _pieces(part: _Reference, found: Node) -> list[str | SecretName]:
    """What a reference puts into the middle of a text."""
    value = fold(found).value
    if isinstance(value, Secret):
        return list(value.parts)
    if isinstance(value, str):
        return [str(value)]
    if isinstance(value, bool):
        return [str(value).lower()]
    if isinstance(value, (int, float)):
        return [str(value)]
    if isinstance(value, (date, datetime, time)):
        return [value.isoformat()]
    kind = "nothing" if value is None else "a mapping" if isinstance(value, dict) else f"a {type(value).__name__}"
    raise _Unresolved(f"${{{part.name}}} is {kind}, which cannot stand in the middle of a text")


def _nowhere(tree: Branch, path: tuple[str, ...], place: int, node: Node) -> str:
    """Why a path leads nowhere, and what is near."""
    here, name = _dotted(path[:place]), path[place]
    if isinstance(node, Leaf):
        return f"'{_dotted(path)}' is not there: '{here}' is a single value"
    text = f"'{_dotted(path)}' is not set in these settings.{did_you_mean(name, node.children)}"
    if place == 0 and len(path) == 1:
        variables = tree.children.get("vars")
        if isinstance(variables, Branch) and name in variables.children:
            text = f"'{name}' is not set at the top. Did you mean ${{vars.{name}}}?"
        elif name in os.environ:
            text = f"'{name}' is not set in these settings. For the environment variable write ${{env:{name}}}."
    if path[:1] == ("run",):
        text = f"'{_dotted(path)}' is not known; of a run, ${{run.date}} can be had"
    return text.rstrip(".")


def _weight(node: Node, most: int) -> int:
    """How many values a node holds; counting stops a little above ``most``."""
    count = 0
    rest: list[Any] = [node]
    while rest and count <= most:
        one = rest.pop()
        count += 1
        if isinstance(one, Branch):
            rest.extend(one.children.values())
        elif isinstance(one, Leaf):
            rest.append(one.value)
        elif isinstance(one, dict):
            rest.extend(one.values())
        elif isinstance(one, (list, tuple)):
            rest.extend(one)
    return count


def _words(value: Any) -> str:
    """All texts inside a list, one after the other."""
    if isinstance(value, str):
        return value
    items = value.values() if type(value) is dict else value if type(value) in (list, tuple) else ()
    return "\n".join(_words(item) for item in items)


def _dotted(path: Path) -> str:
    return ".".join(str(part) for part in path)
