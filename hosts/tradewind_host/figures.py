"""What Prometheus reads at `/metrics`: requests of this process, and how long the queues are."""

from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from tradewind.database import Database

REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "tradewind_requests", "Requests answered.", ("method", "route", "status"), registry=REGISTRY
)
SECONDS = Histogram(
    "tradewind_request_seconds", "Time to answer.", ("method", "route"), registry=REGISTRY
)
_QUEUE = Gauge("tradewind_queue", "Waiting or dead work.", ("queue",), registry=REGISTRY)


def answered(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request. Methods, routes and statuses are few, so their figures are found once."""
    requests, times = _figures_of(method, route, status)
    requests.inc()
    times.observe(seconds)


@lru_cache(maxsize=2_000)
def _figures_of(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, route, str(status)), SECONDS.labels(method, route)


async def exposition(database: Database) -> bytes:
    """All figures in Prometheus' text format."""
    rows = await database.pool.fetch(
        """SELECT 'jobs_' || state AS queue, count(*) AS length FROM control.jobs GROUP BY state
           UNION ALL SELECT 'inbox_' || state, count(*) FROM control.webhook_inbox
               WHERE state IN ('pending', 'dead') GROUP BY state
           UNION ALL SELECT 'outbox', count(*) FROM control.outbox_pointers"""
    )
    lengths = dict.fromkeys(("jobs_ready", "jobs_dead", "inbox_pending", "inbox_dead", "outbox"), 0)
    for name, length in {**lengths, **{row["queue"]: row["length"] for row in rows}}.items():
        _QUEUE.labels(name).set(length)
    return generate_latest(REGISTRY)
