"""The button on the change form, the page, its endpoints, and what users can do there."""

from .button import TaskTrackerAdminMixin

__all__ = ["TaskTrackerAdminMixin"]
