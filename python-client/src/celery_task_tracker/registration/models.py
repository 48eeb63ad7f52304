"""Labels of models, and the model whose name stands for a row in the tracker."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import cast

from django.apps import apps
from django.db.models import Model


def model_label(model: type[Model] | str) -> str:
    """``shop.order`` for a model class or its label. The app's label keeps its case.

    A label need not belong to a model. Raises ``TypeError`` for anything else.
    """
    if isinstance(model, str) and model.count(".") == 1 and all(model.split(".")):
        app_label, model_name = model.split(".")
        return f"{app_label}.{model_name.lower()}"
    if isinstance(model, type) and issubclass(model, Model) and not model._meta.abstract:
        return model._meta.label_lower
    raise TypeError(f'A model class or its label "app.Model" is needed, not {model!r}')


def model_labels(models: type[Model] | str | Sequence[type[Model] | str]) -> tuple[str, ...]:
    """The label of a model, or of each of several, as :func:`model_label` has it."""
    if isinstance(models, tuple | list) and models:
        return tuple(model_label(each) for each in models)
    return (model_label(cast("type[Model] | str", models)),)


def model_of(label: str) -> type[Model]:
    """The model with this label.

    If no app has exactly this app label, its case is ignored. Raises ``LookupError`` if there is
    no such model.
    """
    app_label, _, model_name = label.partition(".")
    try:
        return apps.get_model(app_label, model_name)
    except LookupError:
        for app in apps.get_app_configs():
            if app.label != app_label and app.label.lower() == app_label.lower():
                return app.get_model(model_name)
        raise


@cache
def root_of(model: type[Model]) -> type[Model]:
    """The topmost concrete model that ``model`` shares its rows and primary keys with.

    The root of a proxy is the root of its concrete model. The root of a multi-table child is the
    root of its parent, provided that the child's primary key is the link to this parent.
    """
    root = _concrete(model)
    while True:
        link = root._meta.pk
        remote = getattr(link, "remote_field", None)
        if remote is None or not getattr(remote, "parent_link", False):
            return root
        root = _concrete(remote.model)


def tracked_name(model: type[Model]) -> str:
    """The name that stands for rows of ``model`` in the tracker: its root's label in lower case."""
    return root_of(model)._meta.label_lower.lower()


def _concrete(model: type[Model]) -> type[Model]:
    concrete = model._meta.concrete_model
    return model if concrete is None else concrete
