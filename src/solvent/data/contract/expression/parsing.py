"""Reading a rule: SQL's conditions over columns, numbers, texts and a list of functions, and nothing more.

A parser of one's own, because those at hand take subqueries and table functions, which read files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from solvent.data.contract.expression.functions import FUNCTIONS
from solvent.data.contract.expression.tokens import Token, split
from solvent.errors import did_you_mean

__all__ = ["Node", "asks_for_now", "names_in", "parse"]

DEEPEST = 50
_COMPARED = {"=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_TYPED = ("date", "timestamp", "interval")
_WORDS = {"true": True, "false": False, "null": None}
_KEPT = frozenset({"and", "or", "not", "is", "in", "between", "like", "matches", *_WORDS})


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a rule: ``name`` (a column), ``value``, ``now``, ``call`` (a function) or an operator, with parts.

    ``value`` is the column's name, the constant (and in ``typed`` what it was said to be), or the function's name.
    """

    kind: str
    value: Any = None
    parts: tuple[Node, ...] = ()
    typed: str | None = None


def parse(text: str) -> Node:
    """The tree of a rule. Raises ``ValueError`` that says what was not understood, and where."""
    reader = _Reader(text, split(text))
    node = reader.either(0)
    if reader.next.kind != "end":
        raise reader.fault("an operator such as =, and, or was expected here")
    return node


def names_in(node: Node) -> list[str]:
    """The columns that a rule names, each once, in the order of the text."""
    found = [node.value] if node.kind == "name" else []
    for part in node.parts:
        found.extend(names_in(part))
    return list(dict.fromkeys(found))


def asks_for_now(node: Node) -> bool:
    """Whether a rule depends on the moment of the check."""
    return node.kind == "now" or any(asks_for_now(part) for part in node.parts)


class _Reader:
    """The tokens of a rule and how far they are read."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.place = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def take(self, *keys: str) -> Token | None:
        """The next token if it is one of these words or signs."""
        token = self.next
        if token.key and token.key in keys:
            self.place += 1
            return token
        return None

    def need(self, key: str) -> None:
        if not self.take(key):
            raise self.fault(f"{key!r} was expected here")

    def fault(self, what: str) -> ValueError:
        token = self.next
        here = "the end" if token.kind == "end" else f"{token.text!r}, character {token.at + 1}"
        return ValueError(f"{what}: at {here} of {self.text!r:.100}")

    def either(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise self.fault(f"a rule is nested at most {DEEPEST} deep")
        parts = [self.both(depth)]
        while self.take("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Node("or", parts=tuple(parts))

    def both(self, depth: int) -> Node:
        parts = [self.denied(depth)]
        while self.take("and"):
            parts.append(self.denied(depth))
        return parts[0] if len(parts) == 1 else Node("and", parts=tuple(parts))

    def denied(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise self.fault(f"a rule is nested at most {DEEPEST} deep")
        return Node("not", parts=(self.denied(depth + 1),)) if self.take("not") else self.compared(depth)

    def compared(self, depth: int) -> Node:
        left = self.sum(depth)
        token = self.take(*_COMPARED)
        if token:
            return Node(_COMPARED[token.key], parts=(left, self.sum(depth)))
        if self.take("is"):
            negated = self.take("not")
            self.need("null")
            return _maybe_not(Node("is null", parts=(left,)), negated)
        negated = self.take("not")
        if self.take("in"):
            self.need("(")
            return _maybe_not(Node("in", parts=(left, *self.listed(depth))), negated)
        if self.take("between"):
            low = self.sum(depth)
            self.need("and")
            return _maybe_not(Node("between", parts=(left, low, self.sum(depth))), negated)
        token = self.take("like", "matches")
        if token:
            pattern = self.next
            if pattern.kind != "text":
                raise self.fault(f"{token.key} takes a text in single quotes")
            self.place += 1
            return _maybe_not(Node(token.key, pattern.text, (left,)), negated)
        if negated:
            raise self.fault("in, between, like or matches was expected here")
        return left

    def sum(self, depth: int) -> Node:
        left = self.product(depth)
        while token := self.take("+", "-"):
            left = Node(token.key, parts=(left, self.product(depth)))
        return left

    def product(self, depth: int) -> Node:
        left = self.signed(depth)
        while token := self.take("*", "/", "%"):
            left = Node(token.key, parts=(left, self.signed(depth)))
        return left

    def signed(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise self.fault(f"a rule is nested at most {DEEPEST} deep")
        if not self.take("-"):
            return self.single(depth)
        inner = self.signed(depth + 1)
        plain = inner.kind == "value" and isinstance(inner.value, (int, float)) and not isinstance(inner.value, bool)
        return Node("value", -inner.value) if plain else Node("negative", parts=(inner,))

    def single(self, depth: int) -> Node:
        token = self.next
        if self.take("("):
            inner = self.either(depth + 1)
            self.need(")")
            return inner
        if token.kind in ("end", "sign") or (token.key in _KEPT and token.key not in _WORDS):
            raise self.fault("a column, a value or a function was expected here")
        self.place += 1
        if token.kind == "number":
            return Node("value", int(token.text) if token.text.isdecimal() else float(token.text))
        if token.kind == "text":
            return Node("value", token.text)
        if token.kind == "quoted":
            return Node("name", token.text)
        if token.key in _WORDS:
            return Node("value", _WORDS[token.key])
        if token.key in _TYPED and self.next.kind == "text":
            self.place += 1
            return Node("value", self.tokens[self.place - 1].text, typed=token.key)
        return self.call(token, depth) if self.take("(") else Node("name", token.text)

    def call(self, token: Token, depth: int) -> Node:
        parts = () if self.take(")") else self.listed(depth)
        if token.key == "now" and not parts:
            return Node("now")
        function = FUNCTIONS.get(token.key)
        if function is None:
            known = ", ".join([*FUNCTIONS, "now"])
            raise ValueError(
                f"a rule has no function {token.text!r}.{did_you_mean(token.key, FUNCTIONS)} There are: {known}"
            )
        if len(parts) < function.least or (function.most is not None and len(parts) > function.most):
            wanted = f"at least {function.least}" if function.most is None else str(function.least)
            raise ValueError(f"{token.key} takes {wanted} values, and {len(parts)} are given")
        return Node("call", token.key, parts)

    def listed(self, depth: int) -> tuple[Node, ...]:
        parts = [self.either(depth + 1)]
        while self.take(","):
            parts.append(self.either(depth + 1))
        self.need(")")
        return tuple(parts)


def _maybe_not(node: Node, negated: Token | None) -> Node:
    return Node("not", parts=(node,)) if negated else node
