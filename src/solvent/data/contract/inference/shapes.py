"""The shape of texts as a regular expression: runs of letters and digits between signs that stay the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

__all__ = ["shape_of"]

_FEWEST = 20
_RARE = 0.01
"""Shapes that make up less than this share of the texts are exceptions, not shapes."""
_MOST = 3
_LONGEST = 60
_LETTERS = {"A": "[A-Z]", "a": "[a-z]", "9": r"\d", "m": "[A-Za-z]", "n": "[A-Za-z0-9]"}
_MERGED: Sequence[dict[str, str]] = ({}, {"A": "m", "a": "m"}, {"A": "n", "a": "n", "9": "n", "m": "n"})
Runs = tuple[tuple[str, str], ...]


def shape_of(texts: Iterable[tuple[str, int]]) -> str | None:
    """A pattern for texts, given with how often each occurs; None where they have no shape worth saying.

    Up to three alternatives are tried, of upper and lower case apart, of letters together, of letters and digits
    together. Shapes of letters alone and of many lengths are words, which say nothing of the next one.
    """
    counted = Counter[str]()
    for text, count in texts:
        counted[text] += count
    total = sum(counted.values())
    if total < _FEWEST:
        return None
    for merged in _MERGED:
        groups: dict[tuple[str, ...], list[Runs]] = {}
        weights = Counter[tuple[str, ...]]()
        for text, count in counted.items():
            runs = _runs(text, merged)
            signature = tuple(kind for kind, _ in runs)
            weights[signature] += count
            groups.setdefault(signature, []).append(runs)
        kept = [one for one, weight in weights.most_common() if weight > _RARE * total]
        if kept and len(kept) <= _MOST and sum(weights[one] for one in kept) >= (1 - _RARE) * total:
            if not all(_says_something(groups[one]) for one in kept):
                return None
            return "|".join(_pattern(groups[one]) for one in sorted(kept))
    return None


def _runs(text: str, merged: dict[str, str]) -> Runs:
    runs: list[tuple[str, str]] = []
    for sign in text[: _LONGEST + 1]:
        kind = _kind(sign)
        kind = merged.get(kind, kind)
        if runs and runs[-1][0] == kind and kind in _LETTERS:
            runs[-1] = (kind, runs[-1][1] + sign)
        else:
            runs.append((kind, sign))
    return tuple(runs) if len(text) <= _LONGEST else (("…", ""), *runs)


def _kind(sign: str) -> str:
    if sign.isascii():
        return "9" if sign.isdigit() else "A" if sign.isupper() else "a" if sign.islower() else f"={sign}"
    return f"={sign}"


def _says_something(group: list[Runs]) -> bool:
    kinds = [kind for kind, _ in group[0]]
    if not kinds or "…" in kinds or len(kinds) > _LONGEST // 2:
        return False
    spaces = kinds.count("= ")
    lengths = {sum(len(part) for _, part in runs) for runs in group}
    coded = any(kind in ("9", "n") or (kind[0] == "=" and kind != "= ") for kind in kinds)
    return (coded and spaces <= 2) or len(lengths) == 1


def _pattern(group: list[Runs]) -> str:
    made = []
    for place, (kind, _) in enumerate(group[0]):
        if kind in _LETTERS:
            texts = {runs[place][1] for runs in group}
            fixed = len(texts) == 1 and len(group) > 1 and kind in "Aam"
            made.append(next(iter(texts)) if fixed else _LETTERS[kind] + _times(sorted({len(one) for one in texts})))
        else:
            made.append(_escaped(kind[1:]))
    return "".join(made)


def _times(lengths: list[int]) -> str:
    if len(lengths) == 1:
        return "" if lengths[0] == 1 else f"{{{lengths[0]}}}"
    return f"{{{lengths[0]},{lengths[-1]}}}" if len(lengths) <= 3 else "+"


def _escaped(sign: str) -> str:
    return "\\" + sign if sign in r"\.+*?()|[]{}^$" else re.escape(sign) if not sign.isprintable() else sign
