"""The log of predictions: requests and answers as blocks in files, written beside the answers and never in their way.

Files lie under ``predictions/MODEL/DATE/`` in the archive's own folder, named by the millisecond of their first row, so
that an id, which says when it was given, leads to its file. A file is written whole under another name, then renamed.
"""

from __future__ import annotations

import hashlib
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from solvent.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    import polars as pl

    from solvent.delivery.server.application import Noted
    from solvent.learn.tables.schema import Column

__all__ = ["Policy", "Recorder", "folder_of", "frame_of_noted"]

_ROWS = 20_000
_WAITING = 10_000
_SECONDS = 5.0
Keep = Literal["none", "hash", "value"]


@dataclass(frozen=True)
class Policy:
    """What is logged: which share of the requests, and what of each column. ``value`` is the default.

    ``hash`` keeps a keyed hash, by which equal values are found again and no value is; ``none`` keeps nothing.
    """

    share: float = 1.0
    columns: Mapping[str, Keep] = field(default_factory=dict)

    def check(self, known: Sequence[str]) -> None:
        """Raise :class:`UsageError` for a column that there is not, or a word that means nothing."""
        if not 0 <= self.share <= 1:
            raise UsageError(f"the log: a share is from 0 to 100 %, not {self.share:.0%}")
        for name, keep in self.columns.items():
            if name not in known:
                raise UsageError(f"the log: no model here has a column {name!r}.{did_you_mean(name, known)}")
            if keep not in ("none", "hash", "value"):
                raise UsageError(f"the log: of {name!r} it keeps none, hash or value, not {keep!r}")


def folder_of(archive: Path, model: str) -> Path:
    """Where the log of a model lies."""
    return archive / "predictions" / model


class Recorder:
    """A thread that writes what it is told, some thousand rows or seconds at a time. What it cannot take is counted."""

    def __init__(
        self, archive: Path, policy: Policy, lost: Callable[[int, str], None] = lambda rows, why: None
    ) -> None:
        self._archive = archive
        self._policy = policy
        self._lost = lost
        self._key = _key(archive) if "hash" in policy.columns.values() else b""
        self._queue: queue.Queue[Noted | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._run, name="solvent-recorder", daemon=True)
        self._thread.start()

    def note(self, noted: Noted) -> None:
        """Take what was asked and answered, if it is drawn; gives at once, and never raises."""
        if self._policy.share < 1 and int(noted.id[-8:], 16) >= self._policy.share * 2**32:
            return
        try:
            self._queue.put_nowait(noted)
        except queue.Full:
            self._lost(len(noted.answers.prediction), "the queue is full")

    def close(self, seconds: float = 10.0) -> None:
        """Write what is left, and end."""
        self._queue.put(None)
        self._thread.join(seconds)

    def _run(self) -> None:
        going = True
        while going:
            batch: list[Noted] = []
            rows, until = 0, time.monotonic() + _SECONDS
            while rows < _ROWS:
                try:
                    one = self._queue.get(timeout=max(0.0, until - time.monotonic()))
                except queue.Empty:
                    break
                if one is None:
                    going = False
                    break
                batch.append(one)
                rows += len(one.answers.prediction)
            kinds: dict[tuple[str, str], list[Noted]] = {}
            for noted in batch:
                kinds.setdefault((noted.served.model, noted.served.bundle), []).append(noted)
            for (model, _), several in kinds.items():
                try:
                    self._write(model, several)
                except Exception as error:  # a full disk, a folder that is gone: the answers go on, whatever it is
                    rows = sum(len(noted.answers.prediction) for noted in several)
                    self._lost(rows, f"{type(error).__name__}: {error}")

    def _write(self, model: str, noted: Sequence[Noted]) -> None:
        frame = frame_of_noted(noted, self._policy, self._key)
        first = noted[0].at
        day = time.strftime("%Y-%m-%d", time.gmtime(first))
        folder = folder_of(self._archive, model) / day
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{int(first * 1000):013d}-{os.getpid()}-{time.monotonic_ns() % 10**9:09d}"
        part = folder / f".{name}.part"
        try:
            frame.write_parquet(part, compression="zstd")
            part.rename(folder / f"{name}.parquet")
        finally:
            part.unlink(missing_ok=True)


def frame_of_noted(noted: Sequence[Noted], policy: Policy, key: bytes) -> pl.DataFrame:
    """Requests and answers of one version as rows: an id, a place in its request, and what was asked and answered."""
    import polars as pl

    served = noted[0].served
    heads: dict[str, list[Any]] = {
        "prediction_id": [], "row": [], "at": [], "model": [], "version": [], "bundle": [], "place": [], "seconds": []
    }  # fmt: skip
    for one in noted:
        count = len(one.answers.prediction)
        same = (one.id, None, one.at, served.model, served.version, served.bundle, one.place, one.seconds)
        for name, value in zip(heads, same, strict=True):
            heads[name] += range(count) if name == "row" else [value] * count
    made = pl.DataFrame(heads, schema_overrides={"row": pl.Int32}).with_columns(
        (pl.col("at") * 1_000_000).cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
    )
    records = [record for one in noted for record in one.records]
    inputs = [_input(column, records, policy, key) for column in served.predictor.columns]
    predictions = pl.Series("prediction", [p for one in noted for p in one.answers.prediction.tolist()], strict=False)
    answers = [predictions]
    shares = [one.answers.probability for one in noted]
    if shares[0] is not None:
        for place, label in enumerate(served.labels):
            values = [row[place] for one in shares if one is not None for row in one.tolist()]
            answers.append(pl.Series(f"probability_{label}", values, pl.Float64))
    return made.with_columns(*[one for one in inputs if one is not None], *answers)


_KINDS = {"bool": "Boolean", "int": "Int64", "float": "Float64"}


def _input(column: Column, records: Sequence[Mapping[str, Any]], policy: Policy, key: bytes) -> pl.Series | None:
    """What a column was asked with, as much of it as may be kept; times as the text that they came as."""
    import polars as pl

    keep = policy.columns.get(column.name, "value")
    if keep == "none":
        return None
    values = [record.get(column.name) for record in records]
    if keep == "hash":
        hashed = [None if one is None else _hash(one, key) for one in values]
        return pl.Series(f"input_{column.name}", hashed, pl.String)
    dtype = getattr(pl, _KINDS.get(column.kind, "String"))
    if dtype == pl.String:
        values = [None if one is None else str(one) for one in values]
    return pl.Series(f"input_{column.name}", values, dtype, strict=False)


def _hash(value: Any, key: bytes) -> str:
    return hashlib.blake2b(repr(value).encode("utf-8", "surrogatepass"), key=key, digest_size=12).hexdigest()


def _key(archive: Path) -> bytes:
    """The archive's own key for hashes, made when it is first needed; nobody but its owner may read it."""
    path = archive / "predictions" / "key"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        part = path.with_name(f".key-{os.urandom(6).hex()}")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(os.urandom(32))
        try:
            os.link(part, path)  # whole, and only if no other process was first
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return path.read_bytes()
