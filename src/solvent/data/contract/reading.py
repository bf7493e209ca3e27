"""A contract from its text: every key is known, every value fits, and all that is wrong is told at once."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

from solvent.config import Leaf, Origin
from solvent.config.leaf import Branch, Node, Text, fold, is_null
from solvent.config.reading import read_file, read_mapping
from solvent.config.typed.grammar import core_tree
from solvent.data.contract.expression import names_in, parse
from solvent.data.contract.parts import COLUMN_DEMANDS, CONTRACT, EXTRA, SEVERITIES, Column, Demand, Parts, Rule
from solvent.data.contract.values import Wrong, settle
from solvent.errors import Problem, SettingsError, did_you_mean

__all__ = ["read_contract"]

_TOP = ("contract", "rows", "key", "unique", "freshness", "extra", "severity", "columns", "rules")
_RULE = ("name", "when", "check", "severity", "others")
_SHAPED = ("rows", "freshness", "length")
"""Demands whose value is a mapping of its own."""
_WHOLE = ("type", "required", "sorted", "rows", "freshness")
"""Demands that no row breaks by itself, so that there is nothing to set aside."""


def read_contract(source: Path | Mapping[str, Any], shown: str = "") -> Parts:
    """What a contract's file, or its plain JSON, says.

    Raises :class:`SettingsError` with every fault, each with file and line.
    """
    problems: list[Problem] = []
    if isinstance(source, Mapping):
        tree = read_mapping(source, Origin(shown or "contract"))
    else:
        tree = read_file(source, shown or source.as_posix(), problems)
    parts = Parts() if problems else _Reader(problems).contract(tree)
    if problems:
        raise SettingsError(sorted(problems, key=_line), "contract")
    return parts


class _Reader:
    """Reads the parts of one contract, and gathers what is wrong with them."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems

    def fault(self, origin: Origin, path: str, what: str) -> None:
        self.problems.append(Problem(str(origin), f"{path}: {what}"))

    def contract(self, tree: Branch) -> Parts:
        known = self.known(tree, _TOP, "")
        version = known.pop("contract", None)
        if version is not None and _plain(version) != CONTRACT:
            said = _plain(version)
            self.fault(version.origin, "contract", f"this Solvent reads {CONTRACT}, and this says {said!r:.60}")
            return Parts()
        severity = self.severity(known.pop("severity", None), "severity", "fail")
        extra = "allow"
        if "extra" in known:
            node = known.pop("extra")
            extra = self.choice(node.origin, _plain(node), EXTRA, "extra", "allow")
        columns = self.columns(known.pop("columns", None), severity)
        rules = tuple(self.rules(known.pop("rules", None), severity))
        demands: list[Demand] = []
        for name, node in known.items():
            if name == "unique":
                demands.extend(self.unique(node, severity))
            else:
                demands.extend(self.demand(name, name, node, severity, None))
        order = ("rows", "key", "together", "freshness")
        return Parts(columns, tuple(sorted(demands, key=lambda one: order.index(one.kind))), rules, extra)

    def known(self, tree: Branch, names: tuple[str, ...], path: str) -> dict[str, Node]:
        """The children of a mapping whose names are known; the others become problems, nothings are left out."""
        found = {}
        for name, node in tree.children.items():
            label = f"{path}.{name}" if path else str(name)
            if name not in names:
                hint = did_you_mean(str(name), names) or f" There are: {', '.join(names)}."
                self.fault(node.origin, label, f"a contract has no such key.{hint}")
            elif not is_null(node):
                found[str(name)] = node
        return found

    def columns(self, node: Node | None, severity: str) -> tuple[Column, ...]:
        if node is None:
            return ()
        if isinstance(node, Leaf):
            self.fault(node.origin, "columns", "expected a mapping of names to what each column must satisfy")
            return ()
        return tuple(self.column(str(name), child, severity) for name, child in node.children.items())

    def column(self, name: str, node: Node, severity: str) -> Column:
        path = f"columns.{name}"
        if isinstance(node, Leaf):
            if not is_null(node):
                self.fault(node.origin, path, "expected a mapping such as {type: int64, nulls: 0}")
            return Column(name, (Demand("required", True, severity),))
        known = self.known(node, (*COLUMN_DEMANDS, "severity"), path)
        severity = self.severity(known.pop("severity", None), f"{path}.severity", severity)
        whole = "fail" if severity == "quarantine" else severity
        demands = {"required": Demand("required", True, whole)}
        typed: str | None = None
        for kind in COLUMN_DEMANDS:
            if kind not in known:
                continue
            default = whole if kind in _WHOLE else severity
            for demand in self.demand(kind, f"{path}.{kind}", known[kind], default, typed):
                demands[kind] = demand
                typed = demand.value if kind == "type" else typed
        low, high = (demands[kind].value if kind in demands else None for kind in ("min", "max"))
        if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
            self.fault(known["min"].origin, f"{path}.min", f"min {low} is above max {high}")
        return Column(name, tuple(demands[kind] for kind in COLUMN_DEMANDS if kind in demands))

    def demand(self, kind: str, path: str, node: Node, severity: str, typed: str | None) -> Iterator[Demand]:
        """The demand that a node says: a bare value, or a mapping with ``is``, ``severity`` and ``others``."""
        severity = "fail" if kind in _WHOLE and severity == "quarantine" else severity
        others: Any = 0.0
        value: Node | None = node
        if isinstance(node, Branch):
            more = tuple(node.children) if kind in _SHAPED and "is" not in node.children else ("is",)
            known = self.known(node, (*(str(one) for one in more), "severity", "others"), path)
            said = known.pop("severity", None)
            severity = self.severity(said, f"{path}.severity", severity)
            if said is not None and severity == "quarantine" and kind in _WHOLE:
                self.fault(said.origin, f"{path}.severity", "no row breaks this by itself, so none can be set aside")
            others = self.share(known.pop("others", None), f"{path}.others", kind)
            value = known.get("is") if "is" in node.children or kind not in _SHAPED else Branch(known, node.origin)
            if value is None:
                self.fault(node.origin, path, "it says no value; write it as {is: VALUE, severity: warn}")
                return
        leaf = fold(value)  # type: ignore[arg-type]
        try:
            settled = settle(kind, leaf.value, typed)
            if settled is not False or kind == "required":
                yield Demand(kind, settled, severity, others)
        except Wrong as wrong:
            for inner, what in wrong.faults:
                label = ".".join([path, *(str(one) for one in inner)])
                self.fault(leaf.at(inner) if inner else leaf.origin, label, what)

    def unique(self, node: Node, severity: str) -> Iterator[Demand]:
        leaf = fold(node)
        if not isinstance(leaf.value, list) or any(isinstance(one, Text | str) for one in leaf.value):
            self.fault(leaf.origin, "unique", "write [[a, b]] where a and b together occur once, [[a], [b]] where each")
            return
        for place, one in enumerate(leaf.value):
            path = f"unique.{place}"
            origin = leaf.at((place,))
            if isinstance(one, dict):
                inner = Branch({("is" if name == "columns" else name): Leaf(value, leaf.at((place, name)))
                                for name, value in one.items()}, origin)  # fmt: skip
                yield from self.demand("together", path, inner, severity, None)
            else:
                yield from self.demand("together", path, Leaf(one, origin), severity, None)

    def rules(self, node: Node | None, severity: str) -> Iterator[Rule]:
        if node is None:
            return
        leaf = fold(node)
        if not isinstance(leaf.value, list) or not all(isinstance(one, dict) for one in leaf.value):
            self.fault(leaf.origin, "rules", "expected a list of rules such as - {name: …, check: a >= b}")
            return
        seen: set[str] = set()
        for place, one in enumerate(leaf.value):
            rule = self.rule(one, place, leaf, severity)
            if rule is not None and rule.name in seen:
                self.fault(leaf.at((place, "name")), f"rules.{place}.name", f"a second rule is called {rule.name!r}")
            elif rule is not None:
                seen.add(rule.name)
                yield rule

    def rule(self, said: dict[Any, Any], place: int, leaf: Leaf, severity: str) -> Rule | None:
        path = f"rules.{place}"
        children: dict[Hashable, Node] = {name: Leaf(one, leaf.at((place, name))) for name, one in said.items()}
        known = self.known(Branch(children, leaf.at((place,))), _RULE, path)
        before = len(self.problems)
        texts: dict[str, str] = {}
        for name in ("name", "check", "when"):
            node = known.get(name)
            if node is None:
                if name == "check":
                    self.fault(leaf.at((place,)), path, "it has no check, such as arr_time >= dep_time")
                continue
            value = _plain(node, text=True)
            try:
                texts[name] = settle("rule" if name != "name" else "name", value, None)
            except Wrong as wrong:
                self.fault(node.origin, f"{path}.{name}", wrong.faults[0][1])
        severity = self.severity(known.get("severity"), f"{path}.severity", severity)
        others = self.share(known.get("others"), f"{path}.others", "rule")
        if len(self.problems) > before:
            return None
        if not any(names_in(parse(texts[name])) for name in ("check", "when") if name in texts):
            self.fault(leaf.at((place,)), path, "it names no column")
            return None
        return Rule(texts.get("name", texts["check"]), texts["check"], texts.get("when"), severity, others)

    def severity(self, node: Node | None, path: str, default: str) -> str:
        return default if node is None else self.choice(node.origin, _plain(node), SEVERITIES, path, default)

    def choice(self, origin: Origin, value: Any, choices: tuple[str, ...], path: str, default: str) -> str:
        if isinstance(value, str) and value in choices:
            return str(value)
        hint = did_you_mean(str(value), choices) or f" There are: {', '.join(choices)}."
        self.fault(origin, path, f"{value!r:.60} is not known.{hint}")
        return default

    def share(self, node: Node | None, path: str, kind: str) -> float:
        if node is None:
            return 0.0
        value = _plain(node)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not (math.isfinite(value) and 0 <= value < 1):
            self.fault(node.origin, path, f"expected a share of the rows, from 0 to below 1, got {value!r:.60}")
            return 0.0
        if kind in (*_WHOLE, "nulls", "unique", "key", "together") and value:
            self.fault(node.origin, path, "this demand allows no others")
        return float(value)


def _plain(node: Node, *, text: bool = False) -> Any:
    value = fold(node).value
    return str(value) if text and isinstance(value, str) else core_tree(value)


def _line(problem: Problem) -> int:
    number = problem.where.rpartition(":")[2]
    return int(number) if number.isdecimal() else 0
