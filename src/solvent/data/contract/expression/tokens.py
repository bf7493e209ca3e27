"""The words and signs of a rule."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["LONGEST", "Token", "split"]

LONGEST = 10_000
_TOKEN = (
    r"(?P<space>\s+)|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)|(?P<text>'(?:[^']|'')*')"
    r'|(?P<quoted>"(?:[^"]|"")*"|`[^`]*`)|(?P<word>[^\W\d]\w*)|(?P<sign><=|>=|<>|!=|==|[-+*/%(),=<>])'
)


@dataclass(frozen=True, slots=True)
class Token:
    """A number, text, word (in lower case beside, as ``key``), quoted name, sign or the end; and where it starts."""

    kind: str
    text: str
    at: int

    @property
    def key(self) -> str:
        """What a word or sign is known by; nothing for texts, numbers and quoted names."""
        return self.text.lower() if self.kind in ("word", "sign") else ""


def split(text: str) -> list[Token]:
    """The tokens of a rule, an ``end`` last. Raises ``ValueError`` at the first sign that is none."""
    if len(text) > LONGEST:
        raise ValueError(f"a rule has at most {LONGEST:,} characters, and this has {len(text):,}")
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = re.compile(_TOKEN).match(text, at)
        if match is None:
            odd = text[at]
            what = "a quote is not closed" if odd in "'\"`" else f"{odd!r} has no meaning in a rule"
            raise ValueError(f"{what} (character {at + 1} of {text!r:.100})")
        kind = str(match.lastgroup)
        if kind != "space":
            found.append(Token(kind, _bare(kind, match[0]), at))
        at = match.end()
    return [*found, Token("end", "", len(text))]


def _bare(kind: str, text: str) -> str:
    if kind == "text":
        return text[1:-1].replace("''", "'")
    if kind == "quoted":
        return text[1:-1].replace('""', '"') if text[0] == '"' else text[1:-1]
    return text
