"""What a process counts: kept in memory, read by Prometheus from its own /metrics."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

units_settled = Counter(
    "mageferry_units_settled_total", "Attempts whose outcome this process wrote.", ("kind", "status")
)
leases_lost = Counter(
    "mageferry_leases_lost_total", "Results refused because another worker had taken over.", ("what",)
)
leases_expired = Counter("mageferry_leases_expired_total", "Units whose worker ended while it had them.")
schedules_fired = Counter("mageferry_schedules_fired_total", "Scheduled runs that were asked for.", ("flow",))
requests = Counter("mageferry_requests_total", "Requests to a shop by their answer.", ("connector", "status"))
request_seconds = Histogram(
    "mageferry_request_seconds",
    "How long a shop took to answer.",
    ("connector",),
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
limit_wait_seconds = Histogram(
    "mageferry_limit_wait_seconds",
    "How long a request waited for its connector's limit.",
    ("connector",),
    buckets=(0.001, 0.01, 0.1, 0.5, 1, 5, 30),
)
wakeups_failed = Counter("mageferry_wakeups_failed_total", "Wake-ups that the broker did not take.")
