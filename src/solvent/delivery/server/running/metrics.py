"""Figures of the server as Prometheus reads them, of all processes that serve together."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from solvent.delivery.server.running.figures import Figures

if TYPE_CHECKING:
    from solvent.delivery.server.lines.served import Served

__all__ = ["Metrics", "render"]

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_REQUESTS, _ROWS, _WARNED, _SUM, _BUCKETS = range(5)  # where each stands in a row of what was answered


class Metrics:
    """Counts and times by model and version; they become Prometheus' families only when they are asked for.

    ``own`` is where this process counts; what the ``others`` counted is told together with it.
    """

    def __init__(self, own: Figures | None = None, others: Sequence[Figures] = ()) -> None:
        self._own = own or Figures()
        self._others = tuple(others)
        self._answered: dict[tuple[str, str], memoryview[float]] = {}
        self._lock = threading.Lock()

    @property
    def figures(self) -> tuple[Figures, Sequence[Figures]]:
        """Those of this process, and those of the others."""
        return self._own, self._others

    def answered(self, served: Served, rows: int, seconds: float, warned: bool) -> None:
        """A request was answered."""
        key = (served.model, served.version)
        row = self._answered.get(key)
        if row is None:
            row = self._answered[key] = self._own.row(("answered", *key), _BUCKETS + len(_SECONDS) + 1)
        row[_REQUESTS] += 1
        row[_ROWS] += rows
        row[_SUM] += seconds
        row[_BUCKETS + bisect_left(_SECONDS, seconds)] += 1
        if warned:
            row[_WARNED] += 1

    def refused(self, model: str, status: int) -> None:
        """A request got a problem as its answer."""
        self._own.row(("refused", model, str(status)), 1)[0] += 1

    def event(self, name: str, count: int = 1) -> None:
        """Something happened that an operator may want to know; may be told by any thread."""
        row = self._own.row(("event", name), 1)
        with self._lock:
            row[0] += count

    def serving(self, seats: Sequence[tuple[str, Served]]) -> None:
        """Which versions take part in this process now, and in which place."""
        now = {("serving", one.model, one.version, place, one.runtime) for place, one in seats}
        for key, row in self._own.rows().items():
            if key[0] == "serving" and key not in now:
                row[0] = 0
        for key in now:
            self._own.row(key, 1)[0] = 1

    def rest(self) -> None:
        """This process ended: it serves nothing, and takes no connection, which is less than to have none."""
        for key, row in self._own.rows().items():
            if key[0] in ("serving", "connections"):
                row[0] = 0 if key[0] == "serving" else -1

    def collect(self) -> Iterator[Any]:
        """The families, as a collector of ``prometheus_client`` gives them."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        by = ["model", "version"]
        requests = CounterMetricFamily("solvent_requests", "Requests by status", labels=["model", "status"])
        rows = CounterMetricFamily("solvent_rows", "Rows that were answered", labels=by)
        warned = CounterMetricFamily("solvent_warnings", "Requests with warnings of the contract", labels=by)
        seconds = HistogramMetricFamily("solvent_request_seconds", "From the request to its answer", labels=by)
        events = CounterMetricFamily("solvent_events", "Swaps, refusals, rows lost to the log", labels=["event"])
        serving = GaugeMetricFamily(
            "solvent_serving", "Processes in which a version takes part", labels=[*by, "place", "runtime"]
        )
        connections = GaugeMetricFamily("solvent_connections", "Connections that the workers hold", labels=[])
        answered: dict[str, float] = {}
        for (kind, *key), row in self._together().items():
            if kind == "answered":
                answered[key[0]] = answered.get(key[0], 0) + row[_REQUESTS]
                rows.add_metric(key, row[_ROWS])
                warned.add_metric(key, row[_WARNED])
                seconds.add_metric(key, _buckets(row[_BUCKETS:]), row[_SUM])
            elif kind == "refused":
                requests.add_metric(key, row[0])
            elif kind == "event":
                events.add_metric(key, row[0])
            elif kind == "connections":
                connections.add_metric(key, row[0])
            elif row[0]:
                serving.add_metric(key, row[0])
        for model, count in answered.items():
            requests.add_metric((model, "200"), count)
        yield from (requests, rows, warned, seconds, events, serving)
        if connections.samples:
            yield connections

    def _together(self) -> dict[tuple[str, ...], list[float]]:
        """The numbers of each name, over all processes."""
        found: dict[tuple[str, ...], list[float]] = {}
        for figures in (self._own, *self._others):
            for key, row in figures.rows().items():
                before = found.get(key, [0.0] * len(row))
                found[key] = [a + max(b, 0.0) for a, b in zip(before, row, strict=True)]
        return dict(sorted(found.items()))


def _buckets(counts: Sequence[float]) -> list[tuple[str, float]]:
    """Counts as Prometheus has them: each edge with all that lies below it."""
    sums, made = 0.0, []
    for edge, count in zip([*map(str, _SECONDS), "+Inf"], counts, strict=True):
        sums += count
        made.append((edge, sums))
    return made


def render(metrics: Metrics) -> bytes:
    """All figures as text."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics)
    return bytes(generate_latest(registry))
