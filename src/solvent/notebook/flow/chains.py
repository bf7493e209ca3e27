"""Which statement made what another one reads: chains from makers to readers, in the order in which they were run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from solvent.notebook.flow.program import Program, Statement

__all__ = ["DICE", "FILE", "Chains", "chain", "hidden", "said_name", "seeds"]

DICE = "\0dice "
"""Before the name of a shared random generator, which statements read and alter like any other object."""
FILE = "\0file "
"""Before the path of a file that the notebook writes, and may read again."""


def hidden(name: str) -> bool:
    """Whether it is no name of the notebook's, but a generator or a file."""
    return name.startswith("\0")


def said_name(name: str) -> str:
    """How a value is called in the project: names are their own, generators and files get one."""
    if name.startswith(DICE):
        return f"{name.removeprefix(DICE)}_state"
    if name.startswith(FILE):
        plain = re.sub(r"\W+", "_", PurePath(name.removeprefix(FILE)).name.lower()).strip("_") or "file"
        return plain if plain[0].isalpha() and "_" in plain else f"file_{plain}"
    return name


@dataclass(frozen=True)
class Chains:
    """For each statement by its place: what it takes of which other, and what it makes.

    ``takes`` maps names to the place of the statement that last bound or altered them; a name that no statement
    made is missing. ``makes`` are names that it binds or alters. ``last`` is who made a name's value at the end.
    """

    takes: Mapping[int, Mapping[str, int]]
    makes: Mapping[int, frozenset[str]]
    last: Mapping[str, int]

    def above(self, places: Iterable[int]) -> set[int]:
        """These statements with all that led to them."""
        found: set[int] = set()
        waiting = list(places)
        while waiting:
            place = waiting.pop()
            if place not in found:
                found.add(place)
                waiting += self.takes.get(place, {}).values()
        return found

    def below(self, places: Iterable[int]) -> set[int]:
        """These statements with all that follows from them."""
        found = set(places)
        for place, taken in sorted(self.takes.items()):
            if found & set(taken.values()):
                found.add(place)
        return found


def chain(program: Program) -> Chains:
    """The chains of a program that was watched."""
    latest: dict[str, int] = {}
    takes: dict[int, dict[str, int]] = {}
    makes: dict[int, frozenset[str]] = {}
    for one in program.statements:
        thrown = frozenset(f"{DICE}{name}" for name in (one.event.dice if one.event else ()))
        seeded = thrown if seeds(one) else frozenset()
        read, written = _files(one)
        needed = (program.reads[one.place] | one.altered | one.flow.maybe | (thrown - seeded) | read) & set(latest)
        takes[one.place] = {name: latest[name] for name in sorted(needed)}
        made = one.bound | one.altered | thrown | written
        makes[one.place] = frozenset(made)
        for name in made:
            latest[name] = one.place
        for name in one.flow.deletes | frozenset(one.event.deleted if one.event else ()):
            latest.pop(name, None)
    return Chains(takes, makes, latest)


def _files(statement: Statement) -> tuple[frozenset[str], frozenset[str]]:
    """The files that a statement reads, and those that it writes."""
    opened = statement.event.files if statement.event else ()
    read = {f"{FILE}{path}" for path, mode in opened if not set(mode) & set("wx")}
    return frozenset(read), frozenset(f"{FILE}{path}" for path, mode in opened if set(mode) & set("wax+"))


def seeds(statement: Statement) -> bool:
    """Whether a statement sets a generator's state, whatever it was before."""
    from solvent.notebook.flow.roles import called_names

    return any(name in ("seed", "manual_seed", "set_seed", "seed_everything") for name in called_names(statement.node))
