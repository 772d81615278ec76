"""What the server counts of itself, and reads from the store when Prometheus asks.

Numbers only: no name, prompt or image is a label.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from time import perf_counter
from typing import Any, cast

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from limner.store.counting import (
    count_decisions,
    count_drawing,
    count_jobs,
    count_waiting_cards,
)
from limner.studio.parts import Parts
from limner.studio.watch.overview import Overview, overview

UNMATCHED = "unmatched"  # one label for every address there is no route for


class Measures:
    """Counters of this process, and gauges of the data folder.

    Args:
        parts: of the studio.
    """

    def __init__(self, parts: Parts) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "limner_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "limner_http_request_seconds",
            "Time from a request's arrival to the end of its answer.",
            ("route",),
            registry=self._registry,
        )
        self._registry.register(StoredMeasures(parts))

    def start(self) -> float:
        """The moment a request came."""
        return perf_counter()

    def count_request(self, scope: Mapping[str, Any], status: int, started: float) -> None:
        """Count one answered request under its route, not its address."""
        route = route_of(scope)
        method = scope["method"] if route != UNMATCHED else "any"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(perf_counter() - started)

    def text(self) -> bytes:
        """Every metric in Prometheus's text form."""
        return generate_latest(self._registry)


class StoredMeasures(Collector):
    """What the store knows, read when it is asked for.

    Args:
        parts: of the studio.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering asks nothing of the store."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """What the rows say now.

        Raises:
            StorageUnavailable: the database cannot be read.
        """
        with self._parts.store.reviews.reading() as connection:
            by_state = count_jobs(connection)
            drawing = count_drawing(connection)
            decisions = count_decisions(connection)
            num_waiting = count_waiting_cards(connection)
        jobs = GaugeMetricFamily("limner_jobs", "Jobs in each state.", labels=("state",))
        for state, num in by_state.items():
            jobs.add_metric((state,), num)
        decided = CounterMetricFamily(
            "limner_decisions", "Decisions about images.", labels=("outcome", "decided_by")
        )
        for one in decisions:
            decided.add_metric((one.outcome, one.decided_by), one.num)
        yield jobs
        yield decided
        yield SummaryMetricFamily(
            "limner_drawing_seconds",
            "Wall time of drawing, and images drawn.",
            count_value=drawing.num_images,
            sum_value=drawing.seconds,
        )
        yield GaugeMetricFamily(
            "limner_reviews_waiting", "Review cards that are not closed.", value=num_waiting
        )
        yield from _watched(overview(self._parts))


def _watched(streams: Sequence[Overview]) -> Iterable[Metric]:
    """The newest reading of every measure with its limit, and alarms, by stream."""
    labels = ("stream", "measure", "method")
    value = GaugeMetricFamily(
        "limner_watch_evidence", "Evidence that a measure changed, log10.", labels=labels
    )
    limit = GaugeMetricFamily(
        "limner_watch_limit", "Evidence at which it is an alarm, log10.", labels=labels
    )
    alarmed = GaugeMetricFamily(
        "limner_watch_alarmed", "1 while an alarm waits for revalidation.", labels=("stream",)
    )
    raised = CounterMetricFamily("limner_watch_alarms", "Alarms raised.", labels=("stream",))
    for stream in streams:
        for series in stream.series().values():
            reading = series[-1].reading
            if reading.value is not None and reading.limit is not None:
                where = (stream.stream, reading.measure, str(reading.method))
                value.add_metric(where, reading.value)
                limit.add_metric(where, reading.limit)
        alarmed.add_metric((stream.stream,), float(stream.is_alarmed))
        raised.add_metric((stream.stream,), len(stream.alarms))
    yield from (value, limit, alarmed, raised)


def route_of(scope: Mapping[str, Any]) -> str:
    """The pattern of the route that answered, such as ``/api/jobs/{job_id}``."""
    inner = cast("Mapping[str, object]", scope.get("fastapi") or {})  # knows the whole pattern
    route = inner.get("effective_route_context") or scope.get("route")
    return str(getattr(route, "path", UNMATCHED))
