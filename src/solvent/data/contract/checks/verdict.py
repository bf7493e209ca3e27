"""What came of a check: each demand with the rows that broke it, as a value, as JSON and as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Checked", "Finding", "clip", "render_text"]

_WIDEST = 80
_MARKS = {"passed": "✓", "violated": "✗", "skipped": "-"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one demand.

    ``path`` names it as the contract's file does (``columns.delay.max``), ``demand`` says it in words, ``status`` is
    ``passed``, ``violated`` or ``skipped``; ``count`` rows break it, which is ``share`` of all rows; ``examples`` are
    the first of them, each with ``row`` (counted from 0), ``key`` (the key's values as text) and ``value`` (clipped
    text). ``why`` says what is wrong, or why it was skipped. ``count`` is 0 where the table as a whole breaks it.
    """

    path: str
    demand: str
    severity: str
    status: str
    count: int = 0
    share: float = 0.0
    examples: tuple[Mapping[str, Any], ...] = ()
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """The finding as plain JSON."""
        body: dict[str, Any] = {
            "path": self.path, "demand": self.demand, "severity": self.severity, "status": self.status,
            "count": self.count, "share": self.share,
        }  # fmt: skip
        if self.why:
            body["why"] = self.why
        return {**body, "examples": [dict(one) for one in self.examples]} if self.examples else body


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of checking a table: its number of rows and a finding for every demand, in the contract's order."""

    rows: int
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing of the severity ``fail`` is violated."""
        return not self.failed

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The violations that refuse the table."""
        return self._violated("fail")

    @property
    def warned(self) -> tuple[Finding, ...]:
        """The violations that are only told."""
        return self._violated("warn")

    @property
    def quarantined(self) -> tuple[Finding, ...]:
        """The violations whose rows are to be set aside: see :func:`part`."""
        return self._violated("quarantine")

    @property
    def skipped(self) -> tuple[Finding, ...]:
        """The demands that could not be looked at, each with the reason."""
        return tuple(one for one in self.findings if one.status == "skipped")

    def _violated(self, severity: str) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.status == "violated" and one.severity == severity)

    def to_json(self) -> dict[str, Any]:
        """The verdict as plain JSON."""
        return {
            "ok": self.ok, "rows": self.rows, "failed": len(self.failed), "warned": len(self.warned),
            "quarantined": len(self.quarantined), "findings": [one.to_json() for one in self.findings],
        }  # fmt: skip

    def render_text(self, *, every: bool = False) -> str:
        """The verdict as lines of text: what is violated or skipped, and with ``every`` what passed too."""
        return render_text(self, every=every)


def render_text(checked: Checked, *, every: bool = False) -> str:
    """The verdict as lines of text."""
    return "\n".join(_lines(checked, every))


def clip(value: Any) -> str:
    """A value as short printable text."""
    text = "".join(sign if sign.isprintable() else "·" for sign in str(value)[: _WIDEST + 1])
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _lines(checked: Checked, every: bool) -> Iterator[str]:
    counts = {"passed": 0, "violated": 0, "skipped": 0}
    for one in checked.findings:
        counts[one.status] += 1
        if one.status == "passed" and not every:
            continue
        said = "" if one.path.endswith(one.demand) else f"  {one.demand}"
        said += f": {one.why}" if one.why else ""
        word = one.severity if one.status == "violated" else "skipped" if one.status == "skipped" else "ok"
        yield f"{_MARKS[one.status]} {word:<10} {_printable(one.path + said)}"
        for example in one.examples:
            key = ", ".join(f"{name}={value}" for name, value in example.get("key", {}).items())
            row = "" if example.get("row") is None else f"row {example['row']:,}"
            where = f"{row}{f' ({key})' if key else ''}" or "at"
            yield "    " + _printable(f"{where}: {example['value']}")
    verdict = "kept" if checked.ok else "broken"
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    yield (
        f"contract {verdict}: {checked.rows:,} rows; {counts['passed']} demands passed, {len(checked.failed)} failed, "
        f"{len(checked.warned)} warned, {len(checked.quarantined)} to quarantine{skipped}"
    )


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else "·" for sign in text)
