"""YAML read from its events: scalars stay text, every node keeps its line, and nothing is constructed.

A reader of one's own over the events, because the usual loaders give types too early, take a second key for
the first, follow a bomb of aliases to its end, and lose the lines.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from solvent.config.leaf import Branch, Leaf, Node, Origin, Text, fold
from solvent.config.typed.grammar import read_null
from solvent.errors import Problem

__all__ = ["read_yaml", "read_yaml_value"]

DEEPEST = 64
MOST = 100_000

_SCALAR_TAGS = {
    "tag:yaml.org,2002:str": True,
    "tag:yaml.org,2002:int": False,
    "tag:yaml.org,2002:float": False,
    "tag:yaml.org,2002:bool": False,
    "tag:yaml.org,2002:null": False,
    "!": True,
}
_TREE_TAGS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!"})


class _Refused(Exception):
    """Reading cannot go on; line and reason."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


def read_yaml(text: str, shown: str, problems: list[Problem]) -> Branch:
    """The tree of a YAML text; syntax errors and double keys become problems."""
    reader = _Reader(shown, problems)
    node = reader.document(text)
    if isinstance(node, Branch):
        return node
    value = node.value if node is not None else Text("")
    if not (isinstance(value, Text) and not value.quoted and read_null(value) is None):
        kind = "a list" if isinstance(value, list) else "a single value"
        where = str(node.origin) if node is not None else shown
        problems.append(Problem(where, f"settings are a mapping of names to values, and this is {kind}"))
    return Branch({}, Origin(shown, 1))


def read_yaml_value(text: str, shown: str) -> Node:
    """One value in YAML's flow notation; raises ``ValueError`` that says what is wrong with it."""
    problems: list[Problem] = []
    node = _Reader(shown, problems, lines=False).document(text)
    if problems:
        raise ValueError("; ".join(problem.what for problem in problems))
    return node if node is not None else Leaf(Text(""), Origin(shown))


@dataclass(slots=True)
class _Reader:
    shown: str
    problems: list[Problem]
    lines: bool = True
    anchors: dict[str, tuple[Node, int] | None] = field(default_factory=dict)
    count: int = 0
    events: Any = None

    def document(self, text: str) -> Node | None:
        """The one document of the text, or None and a problem."""
        import yaml  # type: ignore[import-untyped, unused-ignore]

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            self.events = iter(yaml.parse(text, Loader=loader))
            return self._document()
        except _Refused as refused:
            self._problem(refused.line, refused.reason)
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            self._problem(line, f"the character #x{_code(error.character):04x} is not allowed in YAML")
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            self._problem(line, _syntax(error, text, line))
        except yaml.YAMLError as error:
            self._problem(1, f"this is not YAML: {error}")
        return None

    def _document(self) -> Node | None:
        import yaml  # type: ignore[import-untyped, unused-ignore]

        found: Node | None = None
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    line = event.start_mark.line + 1
                    raise _Refused(line, "a second document starts here; settings are one document")
                found, _ = self._node(next(self.events), 0)
        return found

    def _node(self, event: Any, depth: int) -> tuple[Node, int]:
        """A node and how many nodes it stands for when its aliases are written out."""
        import yaml  # type: ignore[import-untyped, unused-ignore]

        line = event.start_mark.line + 1
        if depth > DEEPEST:
            raise _Refused(line, f"settings are nested deeper than {DEEPEST} levels here")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor, line)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            node, size = self._scalar(event, line)
        elif event.tag is not None and event.tag not in _TREE_TAGS:
            raise _Refused(line, f"the tag {event.tag} is not allowed in settings")
        elif isinstance(event, yaml.SequenceStartEvent):
            node, size = self._list(line, depth)
        else:
            node, size = self._mapping(line, depth)
        self._counted(1, line)
        if event.anchor is not None:
            self.anchors[event.anchor] = (node, size)
        return node, size

    def _alias(self, name: str, line: int) -> tuple[Node, int]:
        if name not in self.anchors:
            raise _Refused(line, f"the alias *{name} stands for nothing: no &{name} comes before it")
        found = self.anchors[name]
        if found is None:
            raise _Refused(line, f"the alias *{name} stands inside of what it stands for")
        self._counted(found[1], line)
        return found

    def _counted(self, more: int, line: int) -> None:
        self.count += more
        if self.count > MOST:
            raise _Refused(line, f"with its aliases written out the file has more than {MOST} values")

    def _scalar(self, event: Any, line: int) -> tuple[Node, int]:
        plain = event.style in (None, "") and event.implicit[0]
        quoted = not plain
        if event.tag is not None and not plain and not event.implicit[1]:
            if event.tag not in _SCALAR_TAGS:
                raise _Refused(line, f"the tag {event.tag} is not allowed in settings")
            quoted = _SCALAR_TAGS[event.tag]
        return Leaf(Text(event.value, quoted), self._origin(line)), 1

    def _list(self, line: int, depth: int) -> tuple[Node, int]:
        import yaml  # type: ignore[import-untyped, unused-ignore]

        values: list[Any] = []
        places: dict[Any, Origin] = {}
        total = 1
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            node, size = self._node(event, depth + 1)
            leaf = fold(node)
            places[(len(values),)] = self._origin(event.start_mark.line + 1)
            places.update({(len(values), *path): origin for path, origin in leaf.places.items()})
            values.append(leaf.value)
            total += size
        return Leaf(values, self._origin(line), places=places), total

    def _mapping(self, line: int, depth: int) -> tuple[Node, int]:
        import yaml  # type: ignore[import-untyped, unused-ignore]

        own: dict[Text, Node] = {}
        lines: dict[str, int] = {}
        below: list[Branch] = []
        total = 1
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            here = event.start_mark.line + 1
            key = self._key(event, here, depth)
            node, size = self._node(next(self.events), depth + 1)
            total += size
            if key == "<<" and not key.quoted:
                below.extend(self._merged(node, here))
            elif key in lines:
                text = f"the key {str(key)!r} stands here a second time; the first is in line {lines[key]}"
                self._problem(here, text)
            else:
                lines[key] = here
                own[key] = replace(node, origin=self._origin(here))  # a value stands where its key does
        for branch in below:
            for name, child in branch.children.items():
                own.setdefault(name, child)
        return Branch(own, self._origin(line)), total

    def _key(self, event: Any, line: int, depth: int) -> Text:
        import yaml  # type: ignore[import-untyped, unused-ignore]

        if not isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent)):
            raise _Refused(line, "a key is a single word or text, not a list or a mapping")
        node, _ = self._node(event, depth)
        key = node.value if isinstance(node, Leaf) else None
        if not isinstance(key, Text) or (not key and not key.quoted):
            raise _Refused(line, "a key is a single word or text, and there is none before this ':'")
        return key

    def _merged(self, node: Node, line: int) -> list[Branch]:
        if isinstance(node, Branch):
            return [node]
        if isinstance(node.value, list) and all(isinstance(one, dict) for one in node.value):
            return [_unfolded(one, node, (place,)) for place, one in enumerate(node.value)]
        raise _Refused(line, "'<<' takes in a mapping, or a list of mappings, and this is neither")

    def _origin(self, line: int) -> Origin:
        return Origin(self.shown, line if self.lines else None)

    def _problem(self, line: int, what: str) -> None:
        self.problems.append(Problem(f"{self.shown}:{line}" if self.lines else self.shown, what))


def _unfolded(value: dict[Any, Any], leaf: Leaf, path: tuple[Any, ...]) -> Branch:
    """A mapping inside a list as a branch again, with the origins that the list kept."""
    children: dict[Any, Node] = {}
    for name, item in value.items():
        here = (*path, name)
        if isinstance(item, dict):
            children[name] = _unfolded(item, leaf, here)
        else:
            inner = {deep[len(here) :]: origin for deep, origin in leaf.places.items() if deep[: len(here)] == here}
            inner.pop((), None)
            children[name] = Leaf(item, leaf.at(here), places=inner)
    return Branch(children, leaf.at(path))


def _code(character: Any) -> int:
    return ord(character) if isinstance(character, str) else int(character)


def _syntax(error: Any, text: str, line: int) -> str:
    """The parser's complaint, with what is most often meant."""
    lines = text.split("\n")
    here = lines[line - 1] if line <= len(lines) else ""
    what = str(error.problem or error.context or "this is not YAML")
    if "\t" in here[: len(here) - len(here.lstrip())] or "'\\t'" in what:
        return "a tab stands where YAML wants spaces"
    if "could not find expected ':'" in what or "mapping values are not allowed" in what:
        return f"{what}. Is a ':' missing, a text with ':' not in quotes, or the indentation off?"
    if "did not find expected" in what or "expected <block end>" in what:
        return f"{what}. Is the indentation the same as above, and is every bracket and quote closed?"
    if "cannot start any token" in what:
        return f"{what}. A text that starts with this character needs quotes."
    return what
