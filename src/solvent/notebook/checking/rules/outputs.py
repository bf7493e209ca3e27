"""Whether a cell shows the same as before: numbers within a tolerance, tables by cells, pictures by their pixels.

What cannot be the same is left out: addresses of objects, timings, progress bars, warnings, widgets.
"""

from __future__ import annotations

import html.parser
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from solvent.notebook.checking.findings import Finding, count
from solvent.notebook.checking.rules.pictures import compare_pictures
from solvent.notebook.flow.program import Program
from solvent.notebook.observing.kernel import Ran

__all__ = ["Difference", "compare_outputs", "find_changed"]

Outputs = Sequence[Mapping[str, Any]]
_PICTURES = ("image/png", "image/jpeg")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:,\d{3})+|\d+)(?:\.\d*)?(?:[eE][-+]?\d+)?|[-+]?\.\d+(?:[eE][-+]?\d+)?")
_TOKENS = re.compile(rf"(?P<number>{_NUMBER.pattern})|(?P<word>[^\W\d_]+|\S)")
_VOLATILE = [
    (re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"), ""),
    (re.compile(r"0x[0-9a-fA-F]{6,}"), "0x"),
    (re.compile(r"np\.(?:float|int|bool|str)(?:\d+)?_?\(([^()]*)\)"), r"\1"),  # as NumPy 2 shows its numbers
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), ""),
    (re.compile(r"(?:/tmp|/var/folders)/[\w./+-]+"), "/tmp"),
    (re.compile(r"\b\d+(?:\.\d+)?\s*(?:ns|µs|us|ms|s|sec|secs|seconds?|min|minutes?)\b(?:/\w+)?"), "0 s"),
    (re.compile(r"\b\d+:\d\d(?::\d\d)?(?:\.\d+)?\b"), "0:00"),
    (re.compile(r"(?m)^.*(?:memory usage:|Wall time|CPU times|per loop|\bit/s|\bs/it|loops? each|peak memory).*$"), ""),
    (re.compile(r"(?m)^.*(?:\d+%\s*\|.*\||ETA:?|\[=*>?\.*\]).*$"), ""),
    (re.compile(r"(?m)^not carried out: .*$"), ""),
    # As older and newer packages show the same.
    (re.compile(r"<(?:\d+x\d+ )?[\w ]*sparse (?:matrix|array)(?:[^<>]|<[^<>]*>)*>"), "<sparse>"),
    (re.compile(r"<matplotlib\.[^<>]*>|<Figure size [^<>]*>|<Axes[^<>]*>|\bText\((?:[^()]|\([^()]*\))*\)"), "<drawn>"),
    (re.compile(r",\s*shape=\([\d, ]*\)"), ""),
    (re.compile(r"<\w*StringArray>((?:.|\n)*?)\bLength: \d+, dtype: \w+"), r"\1"),
    (re.compile(r",?\s*dtype='?[\w.<>]+'?|\barray\(|\bLength: \d+,?\s?|\bName: [^,\n]+, "), ""),
]
_TIMED = re.compile(
    r"(?i)\b(?:time|elapsed|took|duration|seconds|datetime\.now|today|perf_counter|uuid|getpid|timeit)\b|now\(\)"
)
_TYPES = frozenset({"object", "str", "string", "int", "Int", "category", "bool", "uint"})
_CALLED = re.compile(r"^\s*([A-Z]\w*)\((?:.|\n)*\)\s*$")


@dataclass(frozen=True)
class Difference:
    """What the one showed and the other; ``drift`` if only a type has another name, or a picture another size."""

    one: str
    other: str
    drift: bool = False

    def told(self, word: str) -> str:
        """Both in a row, with a word between them."""
        return f"{self.one}, {word} {self.other}"


def find_changed(program: Program, first: Sequence[Ran], second: Sequence[Ran], tolerance: float) -> Iterator[Finding]:
    """Cells that show something else than was saved, or something else each time."""
    for unit, one, two in zip(program.units, first, second, strict=True):
        cell = unit.cell
        if one.status != "ok":
            continue
        timed = bool(_TIMED.search(cell.source)) or any(said.kind == "timing" for said in unit.commands)
        found = compare_outputs(one.outputs, two.outputs, tolerance, here=True) if two.status == "ok" else None
        if found is not None:
            if not timed:
                yield Finding(
                    "not-repeatable", "fault", cell.number, None,
                    f"two runs showed different things: {found.told('and')}",
                    "seed what is random, sort what has no order (sets, files of a folder), and leave out times",
                )  # fmt: skip
            continue
        if not cell.outputs or timed or any(said.kind not in ("display", "timing", "help") for said in unit.commands):
            continue
        found = compare_outputs(cell.outputs, one.outputs, tolerance)
        if found is None:
            continue
        if found.drift:
            yield Finding(
                "version-drift", "hint", cell.number, None,
                f"it shows this as another version of a package does: {found.told('then')}",
                "run it again and save it, so that it shows what a reader gets", ("counts",),
            )  # fmt: skip
        else:
            yield Finding(
                "saved-output", "fault", cell.number, None,
                f"it shows something else than was saved: {found.told('then')}",
                "run the notebook from the top and save it (--fix does); if what was saved was right, look for what "
                "changed since: data, packages, a cell that was edited or deleted",
                ("counts",),
            )  # fmt: skip


def compare_outputs(one: Outputs, other: Outputs, tolerance: float, here: bool = False) -> Difference | None:
    """The first difference between what two runs of a cell showed; None if there is none.

    ``here`` says that both were runs of this environment, which draws the same picture twice.
    """
    left, right = _sorted(one), _sorted(other)
    found = _compare_text(_clean(left.text), _clean(right.text), tolerance)
    if found is not None:
        return found
    if len(left.shown) != len(right.shown):
        # What was cleared away or shown by a widget leaves nothing to compare.
        if left.loose or right.loose:
            return None
        return Difference(count(len(left.shown), "result"), count(len(right.shown), "result"))
    for before, now in zip(left.shown, right.shown, strict=True):
        found = _compare_shown(before, now, tolerance, here)
        if found is not None:
            return found
    return None


@dataclass(frozen=True)
class _Parts:
    text: str
    shown: tuple[Mapping[str, Any], ...]
    loose: bool


def _sorted(outputs: Outputs) -> _Parts:
    """What was printed, what was shown, and whether there were widgets or the like among it."""
    text, shown, loose = "", [], False
    for one in outputs:
        kind = one.get("output_type")
        if kind == "stream":
            if one.get("name") != "stderr":
                text += _joined(one.get("text"))
            continue
        data = one.get("data")
        if not isinstance(data, Mapping):
            continue
        if any("widget" in name or "javascript" in name for name in data):
            loose = True
        else:
            shown.append(data)
    return _Parts(text, tuple(shown), loose)


def _joined(value: Any) -> str:
    return value if isinstance(value, str) else "".join(map(str, value or ()))


def _clean(text: str) -> str:
    text = "\n".join(line.rsplit("\r", 1)[-1] for line in text.replace("\r\n", "\n").split("\n"))
    for pattern, instead in _VOLATILE:
        text = pattern.sub(instead, text)
    return text


def _compare_shown(one: Mapping[str, Any], other: Mapping[str, Any], tolerance: float, here: bool) -> Difference | None:
    for kind in _PICTURES:
        if kind in one and kind in other:
            found = compare_pictures(_joined(one[kind]), _joined(other[kind]), here)
            return None if found is None else Difference(*found)
    if any(kind in data for kind in (*_PICTURES, "image/svg+xml") for data in (one, other)):
        return None
    html, html_now = _joined(one.get("text/html")), _joined(other.get("text/html"))
    if "<table" in html and "<table" in html_now and not re.search("vega|sk-container", html + html_now):
        return _compare_tables(_cells(html), _cells(html_now), tolerance)
    figure, figure_now = (_figure(data) for data in (one, other))
    if figure is not None and figure_now is not None:
        return _compare_text(figure, figure_now, tolerance)
    return _compare_text(_clean(_joined(one.get("text/plain"))), _clean(_joined(other.get("text/plain"))), tolerance)


def _figure(data: Mapping[str, Any]) -> str | None:
    for name, value in data.items():
        if name.startswith(("application/vnd.plotly", "application/vnd.vega")):
            held = value.get("data", value) if isinstance(value, Mapping) else value
            return json.dumps(held, sort_keys=True, default=str)
    return None


# -- text ------------------------------------------------------------------------------------------------------


def _compare_text(one: str, other: str, tolerance: float) -> Difference | None:
    if one.split() == other.split():
        return None
    before, now = _CALLED.match(one), _CALLED.match(other)
    if before and now and before[1] == now[1]:  # an estimator, whose parameters newer packages show in part
        return None
    one, other = _headless(one), _headless(other)
    left, right = list(_TOKENS.finditer(one)), list(_TOKENS.finditer(other))
    left, right = ([hit for hit in hits if hit[0] not in "—-_|….,()"] for hits in (left, right))
    drift = False
    for first, second in zip(left, right, strict=False):
        if first["number"] and second["number"] and near(first[0], second[0], tolerance):
            continue
        if first[0] == second[0]:
            continue
        both = {first[0], second[0]}
        if both <= _TYPES or both in ({"0", "False"}, {"1", "True"}):
            drift = True
            continue
        return Difference(_about(one, first), _about(other, second))
    if len(left) > len(right):
        return Difference(_about(one, left[len(right)]), "nothing")
    if len(right) > len(left):
        return Difference("nothing", _about(other, right[len(left)]))
    return Difference("object", "str", True) if drift else None


def _headless(text: str) -> str:
    """A column as pandas shows it, without the index's name, which newer ones put into a line above."""
    head, _, rest = text.strip("\n").partition("\n")
    named = re.search(r"^dtype: \w+\s*$", rest, re.MULTILINE) and not re.search(r"\S\s{2,}\S", head)
    return rest if named else text


def near(one: str, other: str, tolerance: float) -> bool:
    """Whether two numbers as they were written are the same, or differ in the last of many digits."""
    one, other = one.replace(",", ""), other.replace(",", "")
    if one == other:
        return True
    try:
        left, right = float(one), float(other)
    except ValueError:
        return False
    if abs(left - right) <= tolerance * max(abs(left), abs(right)):
        return True
    digits = min(len(re.sub(r"\D", "", re.sub(r"[eE].*", "", each)).lstrip("0")) for each in (one, other))
    unit = max(_unit(one), _unit(other))
    return digits >= 5 and unit < 1 and abs(left - right) <= unit * 1.001


def _unit(text: str) -> float:
    """What the last digit of a number as it was written is worth."""
    body, _, power = text.lower().partition("e")
    places = len(body.partition(".")[2])
    return float(10.0 ** (int(power or 0) - places)) if abs(int(power or 0)) < 300 else 0.0


def _about(text: str, hit: re.Match[str]) -> str:
    """The line around a place, cut to what can be read at a glance."""
    start = text.rfind("\n", 0, hit.start()) + 1
    end = text.find("\n", hit.end())
    line = " ".join(text[max(start, hit.start() - 24) : min(end if end >= 0 else len(text), hit.end() + 24)].split())
    return f"'{line}'"


# -- tables ----------------------------------------------------------------------------------------------------


class _Table(html.parser.HTMLParser):
    """Gathers the cells of the tables of a page, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            if not self.rows:
                self.rows.append([])
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def _cells(text: str) -> list[list[str]]:
    table = _Table()
    table.feed(text)
    return [[" ".join(cell.split()) for cell in row] for row in table.rows]


def _compare_tables(one: list[list[str]], other: list[list[str]], tolerance: float) -> Difference | None:
    if len(one) != len(other):
        return Difference(f"a table of {len(one)} lines", f"one of {len(other)}")
    head = one[0] if one else []
    for place, (before, now) in enumerate(zip(one, other, strict=True)):
        if len(before) != len(now):
            return Difference(f"a table of {len(before)} columns", f"one of {len(now)}")
        for column, (left, right) in enumerate(zip(before, now, strict=True)):
            if left == right or {left, right} <= {"NaN", "None", "<NA>", "nan", "NaT"}:
                continue
            found = _compare_text(_clean(left), _clean(right), tolerance)
            if found is not None and not found.drift:
                name = head[column] if column < len(head) and head[column] else str(column)
                return Difference(f"in column {name}, line {place} {left[:60]!r}", f"{right[:60]!r}")
    return None
