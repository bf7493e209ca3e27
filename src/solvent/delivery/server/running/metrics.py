"""Figures of the server as Prometheus reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from solvent.delivery.server.lines.served import Served

__all__ = ["Metrics", "render"]

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Counts and times by model and version. The children of a label are kept, since finding them costs more."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self.registry = CollectorRegistry()
        by = ["model", "version"]
        self._requests = Counter(
            "solvent_requests_total", "Requests by status", ["model", "status"], registry=self.registry
        )
        self._rows = Counter("solvent_rows_total", "Rows that were answered", by, registry=self.registry)
        self._warned = Counter(
            "solvent_warnings_total", "Requests with warnings of the contract", by, registry=self.registry
        )
        self._seconds = Histogram(
            "solvent_request_seconds", "From the body to the answer", by, buckets=_SECONDS, registry=self.registry
        )
        self._serving = Gauge(
            "solvent_serving", "Versions that take part: 1", [*by, "place", "runtime"], registry=self.registry,
            multiprocess_mode="livemax",
        )  # fmt: skip
        self._events = Counter(
            "solvent_events_total", "Swaps, refused versions, lost log rows", ["event"], registry=self.registry
        )
        self._kept: dict[Any, Any] = {}

    def answered(self, served: Served, rows: int, seconds: float, warned: bool) -> None:
        """A request was answered."""
        found = self._kept.get((served.model, served.version))
        if found is None:
            labels = (served.model, served.version)
            found = self._kept[labels] = (
                self._requests.labels(served.model, "200"),
                self._rows.labels(*labels),
                self._seconds.labels(*labels),
                self._warned.labels(*labels),
            )
        found[0].inc()
        found[1].inc(rows)
        found[2].observe(seconds)
        if warned:
            found[3].inc()

    def refused(self, model: str, status: int) -> None:
        """A request got a problem as its answer."""
        self._requests.labels(model, str(status)).inc()

    def event(self, name: str, count: int = 1) -> None:
        """Something happened that an operator may want to know."""
        self._events.labels(name).inc(count)

    def serving(self, seats: list[tuple[str, Served]]) -> None:
        """Which versions take part now, and in which place."""
        self._serving.clear()
        for place, served in seats:
            self._serving.labels(served.model, served.version, place, served.runtime).set(1)


def render(metrics: Metrics) -> bytes:
    """All figures as text; with several workers, those of all of them together."""
    import os

    from prometheus_client import CollectorRegistry, generate_latest

    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return bytes(generate_latest(registry))
    return bytes(generate_latest(metrics.registry))
