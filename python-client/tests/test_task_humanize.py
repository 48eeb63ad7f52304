import pytest

from celery_task_tracker.templatetags.task_humanize import humanize_task


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("shop.tasks.process_payment", "Process payment"),
        ("ping", "Ping"),
        ("shop.tasks.SendDailyReport", "Send daily report"),
        ("shop.tasks.export_PDF", "Export PDF"),
        ("shop.tasks.HTTPCall", "HTTP call"),
        ("", ""),
        ("__", "__"),
    ],
)
def test_a_task_name_as_people_say_it(name, spoken):
    assert humanize_task(name) == spoken
