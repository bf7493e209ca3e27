"""Settings as a whole, and the block of one step in them; both remember which keys were read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from solvent.config.leaf import Branch, Leaf, Node, Origin, Text, fold, is_null
from solvent.config.merging import merge
from solvent.config.reading.code import split_path
from solvent.config.secret import Secret
from solvent.errors import Problem, did_you_mean
from solvent.names import reference_of

__all__ = ["OPTIONS", "TOP", "WORDS", "Block", "Settings"]

WORDS: Final = ("use", "with", "of", "options", "steps")
OPTIONS: Final = ("retries", "timeout", "cpus", "memory", "gpus", "executor", "reuse", "on_error", "publish")
TOP: Final = ("pipeline", "name", "inputs", "seed", "vars", "steps", "settings", "extends", "profiles", "run", "result")
_EMPTY: Final[Mapping[str, Leaf]] = {}


class Block:
    """What the settings say of one step or pipeline. A block that is not there is empty.

    Whoever takes a value says so (:meth:`mark_read`, or by using :func:`solvent.config.bind`); what was never
    taken is reported by :meth:`Settings.unread`, with the nearest of the names that were asked for.
    """

    __slots__ = ("_asked", "_branch", "_known", "_left", "_names", "_read", "path", "settings")

    def __init__(self, branch: Branch | None, path: str = "", settings: Mapping[str, Leaf] | None = None) -> None:
        self._branch = branch
        self.path = path
        self._read: set[str] = set()  # settings and words that were taken
        self._known: set[str] = set()  # names that would have been taken
        self._asked: dict[str, Block] = {}
        self._left: tuple[Leaf | None] | None = None
        self._names: set[str] = set()  # children that would have been taken
        if settings is None:
            children = branch.children if branch is not None else {}
            settings = {str(name): fold(child) for name, child in children.items() if name not in WORDS}
        self.settings: Mapping[str, Leaf] = settings

    @staticmethod
    def empty() -> Block:
        """The block that says nothing."""
        return NOTHING

    @property
    def origin(self) -> Origin:
        """Where the block stands."""
        return Origin("settings") if self._branch is None else self._branch.origin

    @property
    def use(self) -> Leaf | None:
        """What ``use:`` names, or what is left of it once a graph has taken its own part (:meth:`settle`)."""
        return self._word("use") if self._left is None else self._left[0]

    def settle(self, use: Leaf | None) -> None:
        """Note that ``use`` and ``of`` declared a part of a graph, and what its step is told to use."""
        self._left = (use,)
        self._read.update(("use", "of"))

    @property
    def of(self) -> Leaf | None:
        """What ``of:`` wires."""
        return self._word("of")

    @property
    def with_(self) -> Mapping[str, Leaf]:
        """The arguments under ``with:``, by name."""
        return self._mapping("with")

    @property
    def options(self) -> Mapping[str, Leaf]:
        """What stands under ``options:``, by name."""
        return self._mapping("options")

    @property
    def children(self) -> tuple[str, ...]:
        """The names under ``steps:``."""
        steps = self._node("steps")
        return tuple(str(name) for name in steps.children) if isinstance(steps, Branch) else ()

    def child(self, name: str) -> Block:
        """The block of a step; empty, if nothing is said of it."""
        if self._branch is None:
            return NOTHING
        self._names.add(name)
        found = self._asked.get(name)
        if found is None:
            steps = self._node("steps")
            node = steps.children.get(name) if isinstance(steps, Branch) else None
            if not isinstance(node, Branch):
                return NOTHING
            found = self._asked[name] = Block(node, f"{self.path}.steps.{name}".lstrip("."))
        return found

    def own(self) -> Block:
        """This block, or one that can hold something, where it is the one that says nothing."""
        return self if self._branch is not None else Block(Branch({}, Origin("code")), self.path)

    def vary(self, name: str, label: str, values: Mapping[str, Any]) -> None:
        """Let the block ``label`` be the block ``name`` with ``values`` over it, each by its path (``steps.fit.use``).

        What nothing reads is told once, of the first that is made so.
        """
        own = self.child(name)
        branch = own._branch or Branch({}, Origin("drawn"))
        for path, value in values.items():
            node: Node = Leaf(value, Origin("drawn"))
            for part in reversed(split_path(path)):
                node = Branch({part: node}, Origin("drawn"))
            assert isinstance(node, Branch)
            branch = merge(branch, node)
        made = Block(branch, f"{self.path}.steps.{name}".lstrip("."))
        made._follow(own)
        self._names.update((name, label))
        self._asked[label] = made
        if self._asked.get(name) is own:
            self._asked[name] = made

    def _follow(self, other: Block) -> None:
        """Take over what a graph has settled in another block of the same shape."""
        if other._left is not None:
            use = self._word("use")
            before = other._word("use")
            changed = use is not None and before is not None and use.value != before.value
            self.settle(use if changed else other._left[0])
            self._read |= other._read
        for name, child in other._asked.items():
            found = self.child(name)
            if found is not NOTHING:
                found._follow(child)

    def mark_read(self, name: str, known: Iterable[str] = ()) -> None:
        """Note that a setting or word was taken, and which names would have been."""
        if self._branch is not None or self.settings:
            self._read.add(name)
            self._known.add(name)
            self._known.update(known)

    def mark_bound(self, names: Iterable[str]) -> None:
        """Note that these settings were taken, so far as they are there, and would be."""
        if self._branch is not None or self.settings:
            self._known.update(names)
            self._read.update(names)

    def unread(self) -> Iterator[Problem]:
        """Every key that nothing took, here and in the blocks below."""
        label = self.path or "settings"
        for name, leaf in self.settings.items():
            if name not in self._read:
                yield Problem(str(leaf.origin), _nothing_reads(name, label, self._known))
        if self._branch is None:
            return
        for word, why in _WHY.items():
            node = self._branch.children.get(word)
            if node is not None and word not in self._read and not is_null(node):
                yield Problem(str(node.origin), f"{label}.{word}: {why}")
        for name in self.children:
            asked = self._asked.get(name)
            if asked is not None:
                yield from asked.unread()
            elif name not in self._names:
                yield Problem(str(self._child_place(name)), _no_step(name, self.path, self._names))

    def _child_place(self, name: str) -> Origin:
        steps = self._node("steps")
        assert isinstance(steps, Branch)
        return steps.children[name].origin

    def _node(self, word: str) -> Node | None:
        return self._branch.children.get(word) if self._branch is not None else None

    def _word(self, word: str) -> Leaf | None:
        node = self._node(word)
        if node is None or is_null(node):
            return None
        self._read.add(word)
        return fold(node)

    def _mapping(self, word: str) -> Mapping[str, Leaf]:
        node = self._node(word)
        if not isinstance(node, Branch):
            return _EMPTY
        self._read.add(word)
        return {str(name): fold(child) for name, child in node.children.items()}


_WHY = {
    "use": "nothing here can be put in this place",
    "with": "'with' holds the arguments of what 'use' names at a role such as fit or train; this step has none",
    "of": "'of' wires steps where no 'pipeline' is given; here the pipeline's code does",
    "options": "nothing here takes options",
}


def _nothing_reads(name: str, label: str, known: set[str]) -> str:
    hint = did_you_mean(name, known)
    if not hint:
        names = ", ".join(sorted(known)[:12])
        hint = f" It has: {names}." if names else " It has no settings."
    owner = "the pipeline" if label == "settings" else repr(label.rpartition(".")[2])
    return f"{label}.{name}: {owner} has no setting {name!r}.{hint}"


def _no_step(name: str, path: str, known: set[str]) -> str:
    hint = did_you_mean(name, known)
    if not hint and known:
        hint = f" It has: {', '.join(sorted(known)[:12])}."
    owner = repr(path.rpartition(".")[2]) if path else "the pipeline"
    return f"{f'{path}.steps' if path else 'steps'}.{name}: {owner} has no step {name!r}.{hint}"


class Settings:
    """All settings, merged and interpolated, as :func:`solvent.config.load_settings` makes them."""

    def __init__(self, tree: Branch) -> None:
        self._tree = tree
        settings = tree.children.get("settings")
        kept: dict[str, Leaf] = {}
        if isinstance(settings, Branch):
            kept = {str(name): fold(child) for name, child in settings.children.items()}
        steps = {"steps": tree.children["steps"]} if "steps" in tree.children else {}
        self.root_block: Final = Block(Branch(steps, tree.origin), "", kept)

    @classmethod
    def empty(cls) -> Settings:
        """Settings that say nothing."""
        return cls(Branch({}, Origin("code")))

    @property
    def pipeline(self) -> Leaf | None:
        """The reference ``module:name``, or the pipeline itself where a dict brought it."""
        return self._leaf("pipeline")

    @property
    def name(self) -> Leaf | None:
        """What the run's pipeline is called, if not as its function."""
        return self._leaf("name")

    @property
    def result(self) -> Leaf | None:
        """What a graph that the settings declare gives; without it, what none of its steps needs."""
        node = self._tree.children.get("result")
        return fold(node) if node is not None and not is_null(node) else None

    @property
    def seed(self) -> Leaf | None:
        """The run's seed."""
        return self._leaf("seed")

    @property
    def run_date(self) -> Leaf | None:
        """The date that ``${run.date}`` stands for."""
        return self._mapping("run").get("date")

    @property
    def inputs(self) -> dict[str, Leaf]:
        """What the outermost pipeline's parameters are bound to, by name."""
        return self._mapping("inputs")

    @property
    def vars(self) -> dict[str, Leaf]:
        """The free values."""
        return self._mapping("vars")

    def unread(self) -> list[Problem]:
        """A problem for every key that no step read, in the order of the settings."""
        return list(self.root_block.unread())

    def secrets(self) -> dict[str, Origin]:
        """The name of every secret that is referred to, and where first."""
        found: dict[str, Origin] = {}
        for value, origin in _values(self._tree):
            if isinstance(value, Secret):
                for name in value.names:
                    found.setdefault(name, origin)
        return found

    def to_json(self) -> dict[str, Any]:
        """Everything as plain JSON: mappings as mappings; a value as ``{"value", "origin"}``, with ``"beat"`` if any.

        Secrets are their references, objects their names. A mapping with a text under ``"origin"`` is a value.
        """
        made = _json(self._tree)
        assert isinstance(made, dict)
        return made

    def _leaf(self, name: str) -> Leaf | None:
        node = self._tree.children.get(name)
        return fold(node) if node is not None and not is_null(node) else None

    def _mapping(self, name: str) -> dict[str, Leaf]:
        node = self._tree.children.get(name)
        if not isinstance(node, Branch):
            return {}
        return {str(key): fold(child) for key, child in node.children.items()}


def _values(node: Node) -> Iterator[tuple[Any, Origin]]:
    if isinstance(node, Branch):
        for child in node.children.values():
            yield from _values(child)
        return
    rest = [node.value]
    while rest:
        value = rest.pop()
        if isinstance(value, (list, tuple)):
            rest.extend(value)
        elif isinstance(value, dict):
            rest.extend(value.values())
        else:
            yield value, node.origin


def _json(node: Node) -> Any:
    if isinstance(node, Branch) and not node.beat:
        return {str(name): _json(child) for name, child in node.children.items()}
    if isinstance(node, Branch):
        inner = {str(name): _json(child) for name, child in node.children.items()}
        return inner | {"": {"value": None, "origin": str(node.origin), "beat": _beaten(node.beat)}}
    made = {"value": to_plain(node.value), "origin": str(node.origin)}
    return made | {"beat": _beaten(node.beat)} if node.beat else made


def _beaten(beat: tuple[tuple[Any, Origin], ...]) -> list[dict[str, Any]]:
    return [{"value": to_plain(value), "origin": str(origin)} for value, origin in beat]


def to_plain(value: Any) -> Any:
    """A value of the settings as JSON: what would change by being read as a number stays text."""
    if isinstance(value, Text):
        from solvent.config.typed.grammar import core

        meant = str(value) if value.quoted else core(value)
        exact = meant is None or isinstance(meant, bool) or (type(meant) in (int, float) and str(meant) == value)
        return meant if exact else str(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return value if value - value == 0 else {"inf": ".inf", "-inf": "-.inf"}.get(str(value), ".nan")
    if isinstance(value, Mapping):
        return {str(name): to_plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((to_plain(item) for item in value), key=repr)
    if isinstance(value, Secret):
        return value.to_reference()
    if hasattr(value, "isoformat") and not isinstance(value, type):
        return value.isoformat()
    if hasattr(value, "__fspath__") and not isinstance(value, type):
        return str(value)
    named = value if hasattr(value, "__qualname__") and hasattr(value, "__module__") else type(value)
    text = reference_of(named)
    return text if named is value else f"<object of {text}>"


NOTHING: Final = Block(None)
