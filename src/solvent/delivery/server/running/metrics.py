"""Figures of the server as Prometheus reads them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from solvent.delivery.server.lines.served import Served

__all__ = ["Metrics", "render"]

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class _Tally:
    """What is counted of one version. Plain numbers, since a request pays for each."""

    __slots__ = ("buckets", "requests", "rows", "seconds", "warned")

    def __init__(self) -> None:
        self.requests = self.rows = self.warned = 0
        self.seconds = 0.0
        self.buckets = [0] * (len(_SECONDS) + 1)


class Metrics:
    """Counts and times by model and version; they become Prometheus' families only when they are asked for."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str], _Tally] = {}
        self._refused: dict[tuple[str, int], int] = {}
        self._events: dict[str, int] = {}
        self._serving: list[tuple[str, Served]] = []

    def answered(self, served: Served, rows: int, seconds: float, warned: bool) -> None:
        """A request was answered."""
        key = (served.model, served.version)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = _Tally()
        tally.requests += 1
        tally.rows += rows
        tally.warned += warned
        tally.seconds += seconds
        tally.buckets[bisect_left(_SECONDS, seconds)] += 1

    def refused(self, model: str, status: int) -> None:
        """A request got a problem as its answer."""
        key = (model, status)
        self._refused[key] = self._refused.get(key, 0) + 1

    def event(self, name: str, count: int = 1) -> None:
        """Something happened that an operator may want to know."""
        self._events[name] = self._events.get(name, 0) + count

    def serving(self, seats: list[tuple[str, Served]]) -> None:
        """Which versions take part now, and in which place."""
        self._serving = seats

    def collect(self) -> Iterator[Any]:
        """The families, as a collector of ``prometheus_client`` gives them."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        by = ["model", "version"]
        requests = CounterMetricFamily("solvent_requests", "Requests by status", labels=["model", "status"])
        rows = CounterMetricFamily("solvent_rows", "Rows that were answered", labels=by)
        warned = CounterMetricFamily("solvent_warnings", "Requests with warnings of the contract", labels=by)
        seconds = HistogramMetricFamily("solvent_request_seconds", "From the request to its answer", labels=by)
        answered: dict[str, int] = {}
        for key, tally in list(self._tallies.items()):
            answered[key[0]] = answered.get(key[0], 0) + tally.requests
            rows.add_metric(key, tally.rows)
            warned.add_metric(key, tally.warned)
            sums, buckets = 0, []
            for edge, count in zip([*map(str, _SECONDS), "+Inf"], tally.buckets, strict=True):
                sums += count
                buckets.append((edge, sums))
            seconds.add_metric(key, buckets, tally.seconds)
        for model, count in answered.items():
            requests.add_metric([model, "200"], count)
        for (model, status), count in list(self._refused.items()):
            requests.add_metric([model, str(status)], count)
        events = CounterMetricFamily("solvent_events", "Swaps, refusals, rows lost to the log", labels=["event"])
        for name, count in list(self._events.items()):
            events.add_metric([name], count)
        serving = GaugeMetricFamily("solvent_serving", "Versions that take part", labels=[*by, "place", "runtime"])
        for place, one in self._serving:
            serving.add_metric([one.model, one.version, place, one.runtime], 1)
        yield from (requests, rows, warned, seconds, events, serving)


def render(metrics: Metrics) -> bytes:
    """All figures as text."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics)
    return bytes(generate_latest(registry))
