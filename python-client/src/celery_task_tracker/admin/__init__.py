"""The button on the change form, the pages, their endpoints, and what people can do there."""

from .button import TaskTrackerAdminMixin

__all__ = ["TaskTrackerAdminMixin"]
