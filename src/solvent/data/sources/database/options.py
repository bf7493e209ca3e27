"""Options of a database source: what is read of it, in which order and parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from solvent.config import Secret, validate
from solvent.data.sources.files.options import dtype_named
from solvent.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

__all__ = ["KNOWN", "DatabaseOptions", "read_database_options"]

_WAIT = 30.0
_CHANGING = (
    r"\b(?:current_?(?:date|time|timestamp)|localtime(?:stamp)?|now|today|random\w*|gen_random_uuid|uuid|"
    r"clock_timestamp|transaction_timestamp|statement_timestamp|date|time|datetime|julianday|unixepoch|strftime|"
    r"get_current_\w+|setseed|using\s+sample|tablesample)\b"
)
"""Words of a query that may make it give other rows while the database stays as it is; some are harmless."""


@dataclass(frozen=True, slots=True)
class DatabaseOptions:
    """What is read of a database: a ``table`` (``schema.name``, or a name), or the rows of a ``query``.

    ``params`` are the values of ``$name`` in the query, or of ``$1``, ``$2``. ``order_by`` are columns. ``partition``
    is an integer column and how many rows a part should have, about. ``types`` pins columns, as for files.
    ``version`` is a column whose largest value, with the number of rows, tells whether anything changed. ``wait`` is
    how many seconds to wait for a server to answer, or a lock to be given up.
    """

    table: str | None = None
    query: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    order_by: tuple[str, ...] = ()
    partition: tuple[str, int] | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    version: str | None = None
    wait: float = _WAIT

    @property
    def name(self) -> str:
        """What errors and records call that which is read."""
        return self.table if self.table is not None else "query"

    @property
    def changing(self) -> bool:
        """Whether the query asks for something that is another each time, as the hour or a random number is."""
        return self.query is not None and re.search(_CHANGING, self.query, re.IGNORECASE) is not None

    def dtypes(self) -> dict[str, pl.DataType]:
        """The pinned columns with their types."""
        return {name: dtype_named(text, f"types.{name}") for name, text in self.types.items()}

    def said(self) -> dict[str, Any]:
        """What is read, and the options that differ from the defaults, as plain JSON; secrets as references."""
        made: dict[str, Any] = {"table": self.table} if self.table is not None else {"query": self.query}
        if self.params:
            made["params"] = {name: _shown(value) for name, value in self.params.items()}
        if self.order_by:
            made["order_by"] = list(self.order_by)
        if self.partition is not None:
            made["partition"] = {"column": self.partition[0], "rows": self.partition[1]}
        if self.types:
            made["types"] = dict(self.types)
        if self.version is not None:
            made["version"] = f"column {self.version}"
        return made  # how long one waits changes no row

    def bound(self) -> dict[str, Any]:
        """The values of the query's parameters, secrets revealed."""
        return {name: one.reveal() if isinstance(one, Secret) else one for name, one in self.params.items()}


KNOWN = ("table", "query", "params", "order_by", "partition", "types", "version", "wait")


def read_database_options(given: Mapping[str, Any]) -> DatabaseOptions:
    """The options of a database source. Raises :class:`InputError` that names the one that is unknown or wrong."""
    for name in given:
        if name not in KNOWN:
            raise InputError(
                f"database: unknown option {name!r}.{did_you_mean(str(name), KNOWN)} There are: {', '.join(KNOWN)}"
            )
    if ("table" in given) == ("query" in given):
        both = "both are given" if "table" in given else "neither is given"
        raise InputError(f"database: say which table, or which query, is read; {both}. As in table: orders")
    made = DatabaseOptions(
        table=_text(given, "table"),
        query=_query(given),
        params=_params(given.get("params", {})),
        order_by=_order(given.get("order_by", [])),
        partition=_partition(given.get("partition")),
        types=_typed("types", given.get("types", {}), dict[str, str]),
        version=_version(given.get("version")),
        wait=_typed("wait", given.get("wait", _WAIT), float),
    )
    if not 0 <= made.wait < 86_400:
        raise InputError(f"wait: expected seconds, got {made.wait!r}")
    if made.params and made.query is None:
        raise InputError("params: only a query has them")
    made.dtypes()
    return made


def _typed(name: str, value: Any, kind: Any) -> Any:
    try:
        return validate(value, kind, from_file=True)
    except ValueError as error:
        raise InputError(f"{name}: {error}") from None


def _text(given: Mapping[str, Any], name: str) -> str | None:
    if name not in given:
        return None
    if isinstance(given[name], Secret):
        raise InputError(f"{name}: a secret can stand in the address and in params only")
    text = str(_typed(name, given[name], str)).strip()
    if not text or "\0" in text:
        raise InputError(f"{name}: expected the name of a table or a query, got {text!r}")
    return text


def _query(given: Mapping[str, Any]) -> str | None:
    text = _text(given, "query")
    if text is None:
        return None
    text = text.rstrip("; \t\r\n")
    bare = re.sub(r"^(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/|\()+", "", text, flags=re.DOTALL)
    word = re.match(r"[A-Za-z]*", bare)
    first = word[0].lower() if word else ""
    if first not in ("select", "with", "values", "table", "from"):
        raise InputError(
            f"query: {first or bare[:20]!r} is not how a query that reads begins. Sources only read: SELECT …, or "
            f"WITH … SELECT …"
        )
    return text


def _params(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        value = {str(place): one for place, one in enumerate(value, 1)}
    if not isinstance(value, Mapping) or not all(re.fullmatch(r"\w+", str(name)) for name in value):
        raise InputError(f"params: expected {{name: value}} for $name in the query, or a list for $1, $2 …; {value!r}")
    for name, one in value.items():
        if isinstance(one, (Mapping, list)):
            raise InputError(f"params.{name}: expected one plain value, got {one!r:.80}")
    return {str(name): _plain(one) for name, one in value.items()}


def _plain(value: Any) -> Any:
    """Without the settings' own kind of text."""
    return str(value) if isinstance(value, str) else value


def _order(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [value]
    return tuple(str(one) for one in _typed("order_by", value, list[str]))


def _partition(value: Any) -> tuple[str, int] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or set(value) - {"column", "rows"} or "column" not in value:
        raise InputError(f"partition: expected {{column: id, rows: 1000000}}, got {value!r:.80}")
    rows = _typed("partition.rows", value.get("rows", 1_000_000), int)
    if rows < 1:
        raise InputError(f"partition.rows: expected how many rows a part has, about, got {rows}")
    return str(_typed("partition.column", value["column"], str)), rows


def _version(value: Any) -> str | None:
    if value is None:
        return None
    found = re.fullmatch(r"column (\S.*)", str(value).strip())
    if not found:
        raise InputError(f"version: expected 'column NAME', such as 'column updated_at', got {value!r:.80}")
    return found[1]


def _shown(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.to_reference()
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
