"""Reading metrics as Prometheus does."""

import urllib.request

from prometheus_client.parser import text_string_to_metric_families


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
