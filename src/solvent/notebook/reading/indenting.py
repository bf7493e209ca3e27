"""Code moved to the right, without touching what stands in text."""

from __future__ import annotations

import io
import tokenize

__all__ = ["indented"]


def indented(text: str, by: str = "    ") -> str:
    """The text moved to the right, but for the inner lines of text over several lines."""
    inside: set[int] = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text + "\n").readline):
            if token.type == tokenize.STRING or tokenize.tok_name[token.type].startswith("FSTRING_MIDDLE"):
                inside |= set(range(token.start[0] + 1, token.end[0] + 1))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        pass
    return "\n".join(
        line if number in inside or not line.strip() else by + line for number, line in enumerate(text.split("\n"), 1)
    )
