"""The button on the change form, the page, its endpoints, and what users can do there."""

from .button import TaskTrackerAdminMixin
from .list_filter import TaskTrackerFilter

__all__ = ["TaskTrackerAdminMixin", "TaskTrackerFilter"]
