"""Metrics for Prometheus, by ``prometheus_client``, where ``TASK_TRACKER_METRICS`` is on.

They are in the library's own registry, with whatever else the project measures. A worker serves
them itself on ``TASK_TRACKER_METRICS_PORT``; a web process by a view.
"""
