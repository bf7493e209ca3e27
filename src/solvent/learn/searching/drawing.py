"""Drawing settings from a space: each trial from a seed of its own, so that more trials change none of the first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from solvent.errors import SettingsError, did_you_mean

__all__ = ["check_space", "draw_trials"]

_WAYS = ("uniform", "log", "int", "logint", "choice")


def check_space(space: Mapping[str, Any]) -> None:
    """Raise :class:`SettingsError` for a space that nothing can be drawn from."""
    if not space:
        raise SettingsError("space: it names no setting, so all trials would be alike")
    for name, said in space.items():
        if isinstance(said, (list, tuple)):
            if not said:
                raise SettingsError(f"space.{name}: the list of values is empty")
            continue
        if not isinstance(said, Mapping) or len(said) != 1:
            raise SettingsError(
                f"space.{name}: expected a list of values, or one of {{uniform: [low, high]}}, {{log: …}}, {{int: …}}, "
                f"{{logint: …}}, {{choice: [values]}}, got {said!r:.60}"
            )
        way, between = next(iter(said.items()))
        if way not in _WAYS:
            raise SettingsError(
                f"space.{name}: there is no way {way!r} to draw.{did_you_mean(str(way), _WAYS)} There are: "
                f"{', '.join(_WAYS)}"
            )
        _check_range(name, str(way), between)


def _check_range(name: str, way: str, between: Any) -> None:
    if way == "choice":
        if not isinstance(between, (list, tuple)) or not between:
            raise SettingsError(f"space.{name}.choice: expected a list of values, got {between!r:.60}")
        return
    numbers = isinstance(between, (list, tuple)) and all(
        isinstance(one, (int, float)) and not isinstance(one, bool) and math.isfinite(one) for one in between
    )
    if not numbers or len(between) != 2 or not between[0] < between[1]:
        raise SettingsError(f"space.{name}.{way}: expected two numbers, the lower first, got {between!r:.60}")
    if way in ("log", "logint") and between[0] <= 0:
        raise SettingsError(f"space.{name}.{way}: on a logarithmic scale both are above 0, got {between!r}")
    if way in ("int", "logint") and not all(float(one).is_integer() for one in between):
        raise SettingsError(f"space.{name}.{way}: expected whole numbers, got {between!r}")


def draw_trials(space: Mapping[str, Any], trials: int, seed: int) -> list[dict[str, Any]]:
    """The settings of each trial by their paths. The first trials of a wider search are those of a narrower one.

    ``uniform`` and ``log`` draw real numbers with four significant digits (so that a trial can be written down),
    ``int`` and ``logint`` whole numbers, both ends included; a list, or ``choice``, one of its values. Settings that
    come up again (in a space of few) are drawn anew; where the space has fewer than ``trials``, each comes once.
    """
    import numpy as np

    found: list[dict[str, Any]] = []
    seen: set[str] = set()
    place = 0
    while len(found) < trials and place < 20 * trials:
        random = np.random.default_rng([seed, place])
        place += 1
        drawn = {name: _draw(said, random) for name, said in space.items()}
        if repr(drawn) not in seen:
            seen.add(repr(drawn))
            found.append(drawn)
    return found


def _draw(said: Any, random: Any) -> Any:
    way, between = ("choice", said) if isinstance(said, (list, tuple)) else next(iter(said.items()))
    if way == "choice":
        return between[int(random.integers(len(between)))]
    low, high = between
    if way == "int":
        return int(random.integers(int(low), int(high) + 1))
    if way == "logint":
        return min(int(high), int(math.exp(random.uniform(math.log(low), math.log(high + 1)))))
    value = math.exp(random.uniform(math.log(low), math.log(high))) if way == "log" else random.uniform(low, high)
    return min(max(float(f"{value:.4g}"), low), high)
