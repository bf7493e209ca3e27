"""What an audit found: findings with their evidence, what was looked for, and what was not and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from solvent.errors import SettingsError, did_you_mean

__all__ = ["KINDS", "Audit", "Finding", "NotChecked", "Severity", "check_allow", "conclude"]

Severity = Literal["leak", "hint"]

KINDS = (
    "rows", "near_rows", "groups", "time", "fitted_on_test", "disguise", "sum", "after_event", "missing", "id",
    "encoding", "scaling", "champion", "future", "left_out",
)  # fmt: skip
"""Every kind of leak that is looked for, in the order in which findings are told."""


class NotChecked(Exception):
    """A kind could not be looked for; the text says why, and what to do about it."""


@dataclass(frozen=True)
class Finding:
    """One leak, or a hint of one.

    ``columns`` are those that it is about (none where it is about whole rows), ``rows`` how many rows show it,
    ``evidence`` says it in a sentence with the ``figures``, ``remedy`` what to do. ``silenced`` is the reason that
    ``allow`` gives for keeping it.
    """

    kind: str
    columns: tuple[str, ...]
    rows: int
    evidence: str
    remedy: str
    figures: Mapping[str, float]
    severity: Severity = "leak"
    silenced: str | None = None

    def __str__(self) -> str:
        about = f" ({', '.join(self.columns[:5])}{', …' if len(self.columns) > 5 else ''})" if self.columns else ""
        said = "" if self.silenced is None else f" Allowed: {self.silenced}"
        return f"{self.severity} {self.kind}{about}: {self.evidence}{said}"


@dataclass(frozen=True)
class Audit:
    """What an audit of two parts found.

    ``checked`` are the kinds that were looked for, ``skipped`` those (or parts of those) that were not, with the
    reason, and ``notes`` say where only a part of the rows or columns was looked at.
    """

    target: str
    train_rows: int
    test_rows: int
    features: int
    findings: tuple[Finding, ...]
    checked: tuple[str, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def leaks(self) -> tuple[Finding, ...]:
        """The findings that are leaks, and that no reason silences."""
        return tuple(one for one in self.findings if one.severity == "leak" and one.silenced is None)

    @property
    def passed(self) -> bool:
        """Whether there is no leak but those that are allowed with a reason."""
        return not self.leaks

    def reasons(self) -> str:
        """The leaks in words."""
        return "; ".join(f"{one} {one.remedy}" for one in self.leaks)


def check_allow(allow: Mapping[str, str]) -> None:
    """Raise :class:`SettingsError` for an exception to a kind that there is not, or without a reason."""
    for place, reason in allow.items():
        kind = place.partition(".")[0]
        if kind not in KINDS:
            raise SettingsError(
                f"audit_leaks: allow: there is no kind of leak {kind!r}.{did_you_mean(kind, KINDS)} There are: "
                f"{', '.join(KINDS)}; a column of one is allowed with {KINDS[5]}.COLUMN"
            )
        if not isinstance(reason, str) or not reason.strip():
            raise SettingsError(f"audit_leaks: allow: {place}: say why, in words that somebody else understands")


def conclude(findings: Iterable[Finding], allow: Mapping[str, str], skipped: Iterable[str]) -> tuple[Finding, ...]:
    """The findings, each with the way to keep it for a reason, or with the reason that ``allow`` gives for it.

    A reason that nothing needs is a hint of its own, unless its kind was not looked for.
    """
    made: list[Finding] = []
    used: set[str] = set()
    for one in findings:
        places = [one.kind, *(f"{one.kind}.{name}" for name in one.columns)]
        said = [place for place in places if place in allow]
        used.update(said)
        made.append(
            replace(
                one,
                figures={name: float(value) for name, value in one.figures.items()},
                remedy=f'{one.remedy} If it is meant: allow: {{{places[min(1, len(places) - 1)]}: "why"}}.',
                silenced=allow[said[-1]] if said else None,
            )
        )
    unknown = set(skipped)
    made += [
        Finding(
            "allow", (), 0, f"allow: {place} silences nothing: no such leak was found",
            f"Take {place} out of allow, or correct its name.", {}, "hint",
        )
        for place in allow
        if place not in used and place.partition(".")[0] not in unknown
    ]  # fmt: skip
    return tuple(made)
