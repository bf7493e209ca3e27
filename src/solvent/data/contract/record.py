"""The contract itself: a value that is read from YAML or JSON, compared, kept and written again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from solvent import digest
from solvent.data.contract.parts import CONTRACT, Column, Demand, Parts, Rule
from solvent.data.contract.reading import read_contract
from solvent.data.contract.writing import write_json, write_yaml

__all__ = ["Contract"]


@dataclass(frozen=True, slots=True)
class Contract:
    """What a dataset must satisfy: demands on its columns, on the table as a whole, and rules across columns.

    ``extra`` says what becomes of columns that it does not name (``allow``, ``warn``, ``fail``). ``notes`` are what
    was seen when a demand was inferred, by its path (``columns.delay.max``); they are written as comments, and are
    no part of what the contract is.
    """

    columns: tuple[Column, ...] = ()
    demands: tuple[Demand, ...] = ()
    rules: tuple[Rule, ...] = ()
    extra: str = "allow"
    notes: Mapping[str, str] = field(default_factory=dict, compare=False, hash=False)
    version: str = CONTRACT

    @classmethod
    def load(cls, path: Path | str, shown: str = "") -> Contract:
        """The contract that a YAML or TOML file says; ``shown`` is how messages name it.

        Raises :class:`SettingsError` with every fault, each with file and line.
        """
        return cls._of(read_contract(Path(path), shown))

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Contract:
        """The contract that :meth:`to_json` wrote, or that a Python dict says in the same words as YAML."""
        return cls._of(read_contract(body))

    @classmethod
    def _of(cls, parts: Parts) -> Contract:
        return cls(parts.columns, parts.demands, parts.rules, parts.extra)

    def to_json(self) -> dict[str, Any]:
        """The contract as plain JSON, each demand in its shortest form."""
        return write_json(self.parts)

    def to_yaml(self) -> str:
        """The contract as YAML, with its notes as comments; reading it gives the same contract."""
        return write_yaml(self.parts, self.notes)

    @property
    def parts(self) -> Parts:
        """What it says, without notes."""
        return Parts(self.columns, self.demands, self.rules, self.extra)

    @property
    def digest(self) -> str:
        """The identity of what it says: the same for the same demands, however they are written."""
        return digest.of_structure(self.version, self.to_json())

    def column(self, name: str) -> Column | None:
        """What it says of one column, or None."""
        return next((one for one in self.columns if one.name == name), None)

    def demand(self, kind: str) -> Demand | None:
        """The first demand on the table of this kind (``rows``, ``key``, ``together``, ``freshness``), or None."""
        return next((one for one in self.demands if one.kind == kind), None)
