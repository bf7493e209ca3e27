"""Python dicts and ``--set`` as trees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from solvent.config.leaf import Branch, Leaf, Node, Origin, Text

__all__ = ["read_mapping", "read_set", "read_value", "split_path"]

DEEPEST = 64
CODE = Origin("code")
SET = Origin("--set")


def read_mapping(mapping: Mapping[Any, Any], origin: Origin = CODE) -> Branch:
    """A Python mapping as a tree; objects stay what they are. Raises ``ValueError`` for one that holds itself."""
    return _branch(mapping, origin, 0)


def _branch(mapping: Mapping[Any, Any], origin: Origin, depth: int) -> Branch:
    if depth > DEEPEST:
        raise ValueError(f"the mapping is nested deeper than {DEEPEST} levels, or holds itself")
    children: dict[Any, Node] = {}
    for name, value in mapping.items():
        if isinstance(value, Mapping):
            children[name] = _branch(value, origin, depth + 1)
        else:
            children[name] = Leaf(_copied(value, depth + 1), origin)
    return Branch(children, origin)


def _copied(value: Any, depth: int) -> Any:
    """Lists and dicts inside a list, copied: what the caller does to his own later is not seen here."""
    if depth > DEEPEST:
        raise ValueError(f"a list is nested deeper than {DEEPEST} levels, or holds itself")
    if type(value) is list or type(value) is tuple:
        return type(value)(_copied(item, depth + 1) for item in value)
    if type(value) is dict:
        return {name: _copied(item, depth + 1) for name, item in value.items()}
    return value


def read_set(text: str) -> Branch:
    """``steps.train.rate=0.2`` as a tree of one leaf; raises ``ValueError`` that says how it is written."""
    path, sign, value = text.partition("=")
    if not sign:
        raise ValueError(f"{text!r} sets nothing: write it as a.b.c=value")
    try:
        parts = split_path(path.strip())
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from None
    try:
        node = read_value(value.strip(), SET)
    except ValueError as error:
        raise ValueError(f"{text!r}: the value is no YAML: {error}") from None
    for part in reversed(parts):
        node = Branch({part: node}, SET)
    assert isinstance(node, Branch)
    return node


def read_value(text: str, origin: Origin) -> Node:
    """A value in one line: a list, a mapping or quoted text as YAML writes them, else a plain scalar."""
    if not text:
        return Leaf(Text("", quoted=True), origin)
    if text[0] not in "[{\"'":
        return Leaf(Text(text), origin)
    from solvent.config.reading.yaml_text import read_yaml_value

    return read_yaml_value(text, str(origin))


def split_path(text: str) -> tuple[str, ...]:
    """The parts of ``a.b."c.d"``: names between dots, those with dots of their own in quotes."""
    parts: list[str] = []
    rest = text
    while True:
        if rest[:1] in ("'", '"'):
            end = rest.find(rest[0], 1)
            if end < 0:
                raise ValueError(f"a quote in the path {text!r} is not closed")
            part, rest = rest[1:end], rest[end + 1 :]
            if rest and rest[0] != ".":
                raise ValueError(f"after a quoted part of the path {text!r} comes a dot")
            dot, rest = rest[:1], rest[1:]
        else:
            part, dot, rest = rest.partition(".")
            part = part.strip()
        if not part:
            raise ValueError(f"the path {text!r} has an empty part")
        parts.append(part)
        if not dot:
            return tuple(parts)
