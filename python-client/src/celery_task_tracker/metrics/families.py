"""The metrics. Nothing here names an object or a task's id: the number of series is bounded."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

#: Seconds. Tasks run for milliseconds or for hours.
BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)

TASKS = Counter(
    "task_tracker_tasks",
    "Tasks that came into this state, by the model that they are tracked for.",
    ("model", "task", "state"),
)
WAIT = Histogram(
    "task_tracker_wait_seconds",
    "From the time at which a task was sent, or was meant to start, to its first start.",
    ("model", "task"),
    buckets=BUCKETS,
)
RUN = Histogram(
    "task_tracker_run_seconds",
    "How long the attempts of a task ran, however they ended.",
    ("model", "task"),
    buckets=BUCKETS,
)
OUTBOX = Gauge(
    "task_tracker_outbox_events",
    "Events that wait for the tracker's Redis.",
    # Of all processes that live, in the library's mode for several processes.
    multiprocess_mode="livesum",
)
REFUSED = Counter(
    "task_tracker_refused_events",
    "Events that were dropped, because Redis refused them or they cannot be sent.",
)
LOST = Counter(
    "task_tracker_lost_events",
    "Events that were dropped, because the outbox was full or the process ended.",
)
