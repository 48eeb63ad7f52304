"""``packaging/grafana.json`` and the alerts of the guide, against a real Prometheus."""

import json
import os
import re
import shutil
import subprocess
import urllib.parse
import urllib.request

import pytest
from scrape import measured_worker

from servers import REPOSITORY, free_port, wait_for
from shop import tasks

PROMETHEUS = shutil.which("prometheus") or REPOSITORY / "target/servers/prometheus"
DASHBOARD = json.loads((REPOSITORY / "packaging/grafana.json").read_text())
GUIDE = (REPOSITORY / "docs/pages/how-to/prometheus.md").read_text()
QUEUE = "drawn"

if not os.path.exists(PROMETHEUS):
    # In continuous integration `make` gets it, or fails.
    pytest.skip(
        "Prometheus is missing: .ci/prometheus target/servers gets it", allow_module_level=True
    )


class Prometheus:
    """A Prometheus that scrapes one address each second."""

    def __init__(self, address, folder):
        self.port = free_port()
        scraped = {"job_name": "workers", "static_configs": [{"targets": [address]}]}
        configuration = {"global": {"scrape_interval": "1s"}, "scrape_configs": [scraped]}
        (folder / "prometheus.json").write_text(json.dumps(configuration))
        self.process = subprocess.Popen(
            [
                *(PROMETHEUS, f"--config.file={folder / 'prometheus.json'}"),
                *(f"--storage.tsdb.path={folder / 'data'}", "--log.level=error"),
                f"--web.listen-address=127.0.0.1:{self.port}",
            ],
            stdout=subprocess.DEVNULL,
        )

    def ask(self, expression):
        """The values of an expression by their labels. Raises for one that does not parse."""
        query = urllib.parse.urlencode({"query": expression})
        url = f"http://127.0.0.1:{self.port}/api/v1/query?{query}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            found = json.load(answer)
        assert found["status"] == "success"
        return [(each["metric"], float(each["value"][1])) for each in found["data"]["result"]]

    def scrapes(self):
        """How many times the address was scraped."""
        try:
            found = self.ask("count_over_time(up[10m]) and up == 1")
        except OSError:
            return 0
        return found[0][1] if found else 0


@pytest.fixture(scope="module")
def prometheus(broker, tracker_server, tmp_path_factory):
    """One that has scraped a real worker before and after it ran tasks."""
    worker = measured_worker(QUEUE, tmp_path_factory.mktemp("metrics"))
    server = Prometheus(worker.url.split("/")[2], tmp_path_factory.mktemp("prometheus"))
    try:
        # A rate takes two scrapes, and a counter that begins between them has none.
        run_tasks()
        so_far = wait_for(server.scrapes, "the first scrape")
        wait_for(lambda: server.scrapes() > so_far + 1, "a scrape after the first tasks")
        run_tasks()
        wait_for(
            lambda: server.ask(
                'sum(increase(task_tracker_tasks_total{state=~"SUCCESS|FAILURE"}[10m])) > 3'
            ),
            "the second tasks in Prometheus",
        )
        yield server
    finally:
        server.process.kill()
        server.process.wait()
        worker.kill()


def run_tasks():
    for task in (tasks.succeed, tasks.fail, tasks.retry_in_vain):
        task.apply_async((1,), queue=QUEUE)


def expressions():
    return [
        (f"{panel['title']} {target['refId']}", target["expr"])
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
    ]


def filled_in(expression, model=".*", task=".*"):
    """With the dashboard's variables as Grafana fills them in."""
    variables = {
        "$__range": "10m",
        "$__rate_interval": "1m",
        "$model": model,
        "$task": task,
    }
    for name, value in variables.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression


@pytest.mark.parametrize("name_and_expression", expressions(), ids=lambda each: each[0])
def test_each_panel_has_data_of_a_worker_that_ran_tasks(prometheus, name_and_expression):
    _, expression = name_and_expression
    found = prometheus.ask(filled_in(expression))
    assert found
    assert all(value == value for _, value in found), "not a number"


def test_the_numbers_are_those_of_the_tasks(prometheus):
    panels = dict(expressions())
    succeeded = 'task_tracker_tasks_total{state="SUCCESS", task="shop.tasks.succeed"}'
    assert prometheus.ask(succeeded)[0][1] == 2
    (failures,) = prometheus.ask(filled_in(panels["Failures A"]))
    assert failures[1] > 0
    (none,) = prometheus.ask(filled_in(panels["Failures A"], model="shop.shelf"))
    assert none[1] == 0
    (share,) = prometheus.ask(filled_in(panels["Share of failures A"]))
    assert 0 < share[1] < 1
    assert prometheus.ask(filled_in(panels["Waiting for the tracker A"]))[0][1] == 0
    by_task = prometheus.ask(filled_in(panels["Failures by task A"]))
    assert {labels["task"] for labels, _ in by_task} == {
        "shop.tasks.fail",
        "shop.tasks.retry_in_vain",
    }


def test_the_variables_offer_what_there_is(prometheus):
    queries = {each["name"]: each.get("query") for each in DASHBOARD["templating"]["list"]}
    for name in ("model", "task"):
        series, label = re.fullmatch(
            r"label_values\((.*), (\w+)\)", queries[name]["query"]
        ).groups()
        assert label == name
        assert all(label in labels for labels, _ in prometheus.ask(filled_in(series)))


def test_the_alerts_of_the_guide_can_be_asked(prometheus):
    alerts = GUIDE.partition("## Alerts")[2]
    found = re.findall(r"expr: (?:>\n((?:          .*\n)+)|(.*))", alerts)
    assert len(found) == 4
    for folded, plain in found:
        prometheus.ask(" ".join(folded.split()) or plain)


def test_panels_stand_beside_each_other_and_say_what_they_show():
    taken = set()
    for panel in DASHBOARD["panels"]:
        assert panel["description"].endswith(".")
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert taken.isdisjoint(cells)
        assert all(x < 24 for x, _ in cells)
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
