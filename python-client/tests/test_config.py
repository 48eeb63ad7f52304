import pytest

from celery_task_tracker import TaskTrackerConfig
from celery_task_tracker.config import DEFAULTS, config


def test_a_setting_that_is_not_given_has_its_default():
    assert config.TASK_TRACKER_PAGE_SIZE == DEFAULTS["TASK_TRACKER_PAGE_SIZE"] == 10


def test_a_time_out_is_a_quarter_of_a_second():
    assert DEFAULTS["TASK_TRACKER_CONNECT_TIMEOUT"] == 0.25
    assert DEFAULTS["TASK_TRACKER_SOCKET_TIMEOUT"] == 0.25


def test_a_changed_setting_is_read_anew(settings):
    assert config.TASK_TRACKER_PAGE_SIZE == 10
    settings.TASK_TRACKER_PAGE_SIZE = 25
    assert config.TASK_TRACKER_PAGE_SIZE == 25
    settings.TASK_TRACKER_PAGE_SIZE = 5
    assert config.TASK_TRACKER_PAGE_SIZE == 5


def test_whoever_keeps_the_settings_has_those_that_are_in_force(settings):
    kept = TaskTrackerConfig()
    assert kept.TASK_TRACKER_PAGE_SIZE == 10
    settings.TASK_TRACKER_PAGE_SIZE = 25
    assert kept.TASK_TRACKER_PAGE_SIZE == 25


def test_a_name_that_is_no_setting_says_so():
    with pytest.raises(AttributeError, match="TASK_TRACKER_COLOUR"):
        TaskTrackerConfig().TASK_TRACKER_COLOUR  # noqa: B018
