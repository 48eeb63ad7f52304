"""What the page is about: one object, or a model with the tasks of all its objects."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from django.contrib.admin import ModelAdmin
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import quote
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from ..registration.registry import registry
from .hooks import Rights
from .launchable import Launchable, launchable
from .overview import may_see_overview, overview_url
from .rerun import rerunnable, rerunnable_names


@dataclass(frozen=True)
class OneObject:
    """The page of one object."""

    request: HttpRequest
    model_admin: ModelAdmin[Any]
    obj: Model

    @property
    def name(self) -> str:
        return str(self.obj)

    @property
    def name_url(self) -> str:
        """The address of what :attr:`name` is the name of."""
        return _url(self, "change", quote(self.obj.pk))

    @property
    def page_url(self) -> str:
        """The page's address, without the filters of the change list."""
        return reverse(
            _pattern(self.model_admin, "task_tracker"),
            args=(quote(self.obj.pk),),
            current_app=self.model_admin.admin_site.name,
        )

    @cached_property
    def _rights(self) -> Rights:
        return Rights(self.request, self.model_admin, self.obj)

    @property
    def can_change(self) -> bool:
        return self._rights.can_change

    @property
    def launchable(self) -> Sequence[Launchable]:
        """The tasks that this user may launch here. Costs the queries of their arguments."""
        registrations = registry.for_model(self.model_admin.model)
        names = self._rights.launchable
        return launchable((each for each in registrations if each.name in names), self.obj)

    @property
    def rerunnable_names(self) -> Set[str]:
        """The tasks that this user may run again."""
        return rerunnable_names(self._rights)

    @property
    def can_revoke(self) -> bool:
        return self._rights.can_revoke

    @property
    def overview_url(self) -> str | None:
        """The address of the model's overview; ``None`` if this user may not see it."""
        is_offered = may_see_overview(self.request, self.model_admin)
        return overview_url(self.model_admin) if is_offered else None


@dataclass(frozen=True)
class WholeModel:
    """The overview of a model."""

    request: HttpRequest
    model_admin: ModelAdmin[Any]

    obj = None
    launchable = ()
    overview_url = None

    @property
    def name(self) -> str:
        return str(capfirst(self.model_admin.opts.verbose_name_plural))

    @property
    def name_url(self) -> str:
        return changelist_url(self)

    @property
    def page_url(self) -> str:
        return overview_url(self.model_admin) or ""

    @property
    def can_change(self) -> bool:
        return self.model_admin.has_change_permission(self.request)

    @property
    def can_revoke(self) -> bool:
        """Whether this user may revoke at all. Each row says whether its task may be revoked."""
        return self.can_change

    @property
    def rerunnable_names(self) -> Set[str]:
        """The tasks that may be run again. Each row says whether this user may do so."""
        return rerunnable(self.model_admin.model).keys() if self.can_change else frozenset()


Subject: TypeAlias = OneObject | WholeModel


def changelist_url(subject: Subject) -> str:
    """The address of the change list, with the filters that the reader came from."""
    return _url(subject, "changelist")


def _url(subject: Subject, name: str, *args: str) -> str:
    """An address of the ModelAdmin, with the filters of its change list."""
    model_admin = subject.model_admin
    url = reverse(_pattern(model_admin, name), args=args, current_app=model_admin.admin_site.name)
    filters = model_admin.get_preserved_filters(subject.request)
    return add_preserved_filters({"preserved_filters": filters, "opts": model_admin.opts}, url)


def _pattern(model_admin: ModelAdmin[Any], name: str) -> str:
    return f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_{name}"
