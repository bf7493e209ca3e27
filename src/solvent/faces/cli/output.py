"""How things look in a terminal: plain tables, safe text, short numbers, errors with a way out."""

from __future__ import annotations

import json
import os
import sys
import time
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from solvent.errors import ArchiveError, SolventError, WorkError

__all__ = ["ago", "complain", "duration", "mermaid_text", "number", "safe", "show_json", "show_table", "size", "write"]


# What a terminal that cannot show the left shows instead.
_PLAIN = str.maketrans({
    "✓": "+", "✗": "x", "●": "*", "○": "o", "≡": "=", "←": "<-", "→": "->", "…": "...", "·": ".", "×": "x", "–": "-",
    "│": "|", "─": "-", "├": "+", "┤": "+", "┬": "+", "┴": "+", "┼": "+", "╭": "+", "╮": "+", "╯": "+", "╰": "+",
})  # fmt: skip
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def write(text: str = "") -> None:
    """Print a line; what the terminal's encoding lacks is written in other signs, never an error."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    print(text)


def safe(text: object) -> str:
    """Text from outside without control characters, so that it cannot move the cursor or change the terminal."""
    return "".join(
        one if one in "\n\t" or unicodedata.category(one) not in _HIDDEN else _escaped(one) for one in str(text)
    )


def _escaped(one: str) -> str:
    code = ord(one)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def mermaid_text(text: object) -> str:
    """Text as a label of a Mermaid graph, in which it can neither end the label nor be markup."""
    shown = safe(text).replace("\n", " ").replace("#", "#35;")
    for sign, code in (('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("`", "#96;")):
        shown = shown.replace(sign, code)
    return shown


def show_json(value: Any) -> None:
    """Print JSON, whose text may be shown on a terminal as it is; NaN and infinity become null."""
    utf8 = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "") == "utf8"
    text = json.dumps(_plain(value), indent=2, ensure_ascii=not utf8, default=str)
    # Such characters stand within strings only: JSON itself needs none but line feeds.
    hidden = {one for one in set(text) if one != "\n" and unicodedata.category(one) in _HIDDEN}
    for one in hidden:
        text = text.replace(one, json.dumps(one)[1:-1])
    print(text)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value - value != 0:
        return None
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def show_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table with aligned columns; numbers to the right."""
    texts = [[safe(cell).replace("\n", " ") for cell in row] for row in rows]
    widths = [max([len(title), *(len(row[place]) for row in texts)]) for place, title in enumerate(head)]
    right = [
        bool(texts) and all(row[place][:1].isdigit() or not row[place] for row in texts) for place in range(len(head))
    ]
    for row in [[title.upper() for title in head], *texts]:
        cells = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        write("  ".join(cells).rstrip())


def duration(seconds: float | None) -> str:
    """Seconds as a person reads them."""
    if seconds is None:
        return ""
    if seconds < 0.001:
        return "0 ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def ago(moment: float) -> str:
    """A moment, seen from now."""
    past = time.time() - moment
    return f"{duration(past)} ago" if past < 86_400 else time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))


def number(value: int | float | None) -> str:
    """A number with thousands separated."""
    return "" if value is None else f"{value:,}"


def size(count: float | None) -> str:
    """A number of bytes."""
    if count is None:
        return ""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return ""


def complain(error: SolventError) -> int:
    """Print an error, the user's own lines first and none of Solvent's; gives the exit code."""
    run = getattr(error, "run", None)
    found = next(_errors(run.steps), "") if run is not None else _users_lines(error.__cause__)
    if found:
        print(safe(found).rstrip(), file=sys.stderr)
    print(f"solvent: {safe(error)}", file=sys.stderr)
    if run is not None:
        print(f"Look closer: solvent show {run.id}; run again to go on where it stopped.", file=sys.stderr)
    return 1 if isinstance(error, (WorkError, ArchiveError)) else 2


def _errors(steps: Iterable[Any]) -> Iterator[str]:
    """The tracebacks of the steps and items that failed in the user's own code, the first first."""
    for step in steps:
        if step.error and step.error.get("where") and step.status == "failed":
            yield step.error["traceback"]
        yield from _errors(step.items.values())


def _users_lines(error: BaseException | None) -> str:
    """The traceback of an exception from the user's own first line on; nothing if it never came there.

    Of an exception of our own it is the user's lines alone: what is wrong with them stands below, in one line.
    """
    import sysconfig
    import traceback

    if error is None:
        return ""
    ours = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    foreign = (ours, *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")))
    shown = traceback.TracebackException.from_exception(error)
    files = [frame.filename for frame in shown.stack]
    users = [os.path.isabs(file) and not file.startswith(foreign) for file in files]
    first = users.index(True) if True in users else None
    if first is None and not isinstance(error, SyntaxError):
        return ""
    if isinstance(error, SolventError) and first is not None:
        last = len(users) - users[::-1].index(True)
        return "".join(traceback.StackSummary.from_list(shown.stack[first:last]).format())
    shown.stack = traceback.StackSummary.from_list(shown.stack[first:] if first is not None else [])
    return "".join(shown.format(chain=False))
