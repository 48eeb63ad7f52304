"""Workers that serve metrics, and reading these as Prometheus does."""

import re
import urllib.request

from django.conf import settings
from prometheus_client.parser import text_string_to_metric_families

from servers import Worker, wait_for


def measured_worker(queue, folder):
    """A prefork worker on this queue that serves its metrics at its ``url``."""
    worker = Worker(
        settings.BROKER_URL,
        settings.TRACKER_URL,
        *("--queues", queue),
        TEST_METRICS_PORT="127.0.0.1:0",
        PROMETHEUS_MULTIPROC_DIR=str(folder),
    )
    found = wait_for(
        lambda: re.search(r"serves metrics on port (\d+)", worker.output()), "the endpoint"
    )
    worker.url = f"http://127.0.0.1:{found[1]}/metrics"
    return worker


def samples(text):
    """``{(name, (label, …)): value}``, the labels' values in the order of their names."""
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return samples(answer.read().decode())
