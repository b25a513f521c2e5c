"""Metrics read from the tables, next to what the process counted: units, the oldest one, marks, schedules, limits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from django.db.models import Count, Min
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mageferry.hub.work.clock import Now, database_now
from mageferry.hub.work.models import CLAIMABLE, Limit, Mark, Pause, Schedule, UnitStatus, WorkUnit

_COUNTED_AGAIN_SECONDS = 10.0


class LedgerCollector(Collector):
    """The tables as gauges, read at most every ten seconds however often they are asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = 0.0
        self._families: list[Metric] = []

    def collect(self) -> Iterable[Metric]:
        with self._lock:
            if not self._families or time.monotonic() - self._read_at >= _COUNTED_AGAIN_SECONDS:
                self._families = [*_read_units(), *_read_flows(), *_read_limits()]
                self._read_at = time.monotonic()
            return self._families


def _read_units() -> Iterable[Metric]:
    units = GaugeMetricFamily("mageferry_units", "Units of work in the ledger.", labels=("kind", "status"))
    for kind, status, count in (
        WorkUnit.objects.order_by().values_list("kind", "status").annotate(Count("id"))
    ):
        units.add_metric((kind, UnitStatus(status).label), count)
    yield units
    oldest = GaugeMetricFamily(
        "mageferry_oldest_unit_age_seconds", "Age of the oldest unit that isn't done.", labels=("kind",)
    )
    now = database_now()
    waiting = WorkUnit.objects.filter(status__in=(*CLAIMABLE, UnitStatus.PROCESSING)).order_by()
    for kind, created_at in waiting.values_list("kind").annotate(Min("created_at")):
        oldest.add_metric((kind,), max(0.0, (now - created_at).total_seconds()))
    yield oldest


def _read_flows() -> Iterable[Metric]:
    now = database_now()
    lag = GaugeMetricFamily(
        "mageferry_mark_lag_seconds", "How far behind the present a flow has read.", labels=("flow", "scope")
    )
    for flow, scope, value in Mark.objects.values_list("flow", "scope", "value"):
        lag.add_metric((flow, scope), max(0.0, (now - value).total_seconds()))
    yield lag
    overdue = Schedule.objects.filter(enabled=True, paused=False, next_at__lt=Now())
    first = overdue.aggregate(first=Min("next_at"))["first"]
    yield GaugeMetricFamily(
        "mageferry_schedule_lag_seconds",
        "How late the latest schedule is.",
        value=(now - first).total_seconds() if first else 0.0,
    )
    yield GaugeMetricFamily("mageferry_paused", "Connectors that are paused.", value=Pause.objects.count())


def _read_limits() -> Iterable[Metric]:
    allowed = GaugeMetricFamily(
        "mageferry_limit_concurrency", "Requests that may run at the same time now.", labels=("connector",)
    )
    for connector, value in Limit.objects.values_list("connector_key", "allowed"):
        allowed.add_metric((connector,), value)
    yield allowed


_tables = CollectorRegistry(auto_describe=False)
_tables.register(LedgerCollector())


def render_metrics() -> bytes:
    """What this process counted and what the tables say, in Prometheus' text format."""
    return generate_latest(REGISTRY) + generate_latest(_tables)
