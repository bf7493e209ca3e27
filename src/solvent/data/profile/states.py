"""States: what is known of the columns of some rows, to be merged with what is known of others, and kept as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from solvent.data.profile.numbers import Numbers
from solvent.data.profile.packing import FORM, Parcel, words_id
from solvent.data.profile.record import PROFILE, Profile
from solvent.data.profile.showing import show_column
from solvent.data.profile.words import Sizes, Words
from solvent.errors import Corrupted, DataError

__all__ = ["ColumnState", "TableState", "merge", "state_version"]

_BODIES: dict[str, type[Numbers] | type[Words] | type[Sizes]] = {"numbers": Numbers, "words": Words, "sizes": Sizes}
_NAMES = {made: name for name, made in _BODIES.items()}
_COLUMNS = 1_000_000


def state_version() -> str:
    """What the bytes of a state depend on besides the rows: to be part of the key that they are kept under."""
    return f"{PROFILE}/{FORM}/{words_id()}"


@dataclass(frozen=True, slots=True)
class ColumnState:
    """What is known of one column of some rows: its logical type, how many rows and nulls, and figures of the rest.

    Where the type has no figures (structs, nulls) ``body`` is None.
    """

    type: Any
    rows: int
    nulls: int
    body: Numbers | Words | Sizes | None = None

    @staticmethod
    def merge(states: Sequence[ColumnState]) -> ColumnState:
        """What is known of all rows of the states. Raises :class:`DataError` where they are of different types."""
        first = states[0]
        if len(states) == 1:
            return first
        other = next((one for one in states if one.type != first.type), None)
        if other is not None:
            raise DataError(f"the figures of a column of {first.type} and one of {other.type} cannot be merged")
        bodies: Any = [one.body for one in states if one.body is not None]
        body = bodies[0].merge(bodies) if bodies else None
        return ColumnState(first.type, sum(one.rows for one in states), sum(one.nulls for one in states), body)

    def to_bytes(self) -> bytes:
        """The state as some kilobytes, the same for the same state. Hashes of more than 1,024 values are folded."""
        body = None if self.body is None else _NAMES[type(self.body)]
        parcel = Parcel()
        if self.body is not None:
            self.body.pack(parcel)
        parcel.facts["state"] = [state_version(), self.type, self.rows, self.nulls, body]
        return parcel.write()

    @classmethod
    def from_bytes(cls, data: bytes) -> ColumnState:
        """The state that :meth:`to_bytes` wrote. Raises :class:`Corrupted` for all else, and for other versions."""
        parcel = Parcel.read(data)
        try:
            version, kind, rows, nulls, name = parcel.facts["state"]
            if version != state_version():
                raise Corrupted(f"a state of a profile has the version {version}, not {state_version()}")
            body = None if name is None else _BODIES[name].unpack(parcel)
            return cls(kind, int(rows), int(nulls), body)
        except (ValueError, KeyError, TypeError, IndexError, UnicodeDecodeError) as error:
            raise Corrupted(f"a state of a profile cannot be read: {error!r}") from error


@dataclass(frozen=True, slots=True)
class TableState:
    """What is known of the columns of some rows of a table."""

    rows: int
    names: tuple[str, ...]
    columns: tuple[ColumnState, ...]

    def profile(self) -> Profile:
        """The profile of these rows."""
        each = zip(self.names, self.columns, strict=True)
        return Profile(self.rows, tuple(show_column(name, one.type, one.nulls, one.body) for name, one in each))

    def to_bytes(self) -> bytes:
        """The state as bytes: names, and each column's own bytes."""
        columns = [one.to_bytes() for one in self.columns]
        head = Parcel({"rows": self.rows, "names": list(self.names), "sizes": [len(one) for one in columns]}).write()
        return len(head).to_bytes(4, "little") + head + b"".join(columns)

    @classmethod
    def from_bytes(cls, data: bytes) -> TableState:
        """The state that :meth:`to_bytes` wrote. Raises :class:`Corrupted` for all else."""
        start = 4 + int.from_bytes(data[:4], "little")
        facts = Parcel.read(data[4:start]).facts
        try:
            rows, names, sizes = facts["rows"], facts["names"], facts["sizes"]
            if (
                len(names) != len(sizes)
                or len(names) > _COLUMNS
                or start + sum(sizes) != len(data)
                or min(sizes, default=0) < 0
            ):
                raise Corrupted("a state of a profile has another length than it says")
        except (KeyError, TypeError) as error:
            raise Corrupted(f"a state of a profile cannot be read: {error!r}") from error
        columns = []
        for size in sizes:
            columns.append(ColumnState.from_bytes(data[start : start + size]))
            start += size
        return cls(int(rows), tuple(map(str, names)), tuple(columns))


def merge(states: Sequence[TableState]) -> TableState:
    """What is known of all rows of the states, in one step however many they are.

    Raises :class:`DataError` where they have different columns, or columns of different types.
    """
    if not states:
        raise DataError("there is no state of a profile to merge")
    first = states[0]
    for one in states:
        if one.names != first.names:
            raise DataError("the figures of tables with different columns cannot be merged")
    columns = []
    for place, name in enumerate(first.names):
        try:
            columns.append(ColumnState.merge([one.columns[place] for one in states]))
        except DataError as error:
            raise DataError(f"column {name!r}: {error}") from error
    return TableState(sum(one.rows for one in states), first.names, tuple(columns))
