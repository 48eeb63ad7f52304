"""Which model a label means, and under which model's name the history of a row is kept."""

from __future__ import annotations

from functools import cache

from django.apps import apps
from django.db.models import Model


def model_label(model: type[Model] | str) -> str:
    """``shop.order`` for a model class or its label; the app's label keeps its case.

    Raises ``TypeError`` for anything else. Does not look whether the model exists.
    """
    if isinstance(model, str) and model.count(".") == 1 and all(model.split(".")):
        app_label, model_name = model.split(".")
        return f"{app_label}.{model_name.lower()}"
    if isinstance(model, type) and issubclass(model, Model) and not model._meta.abstract:
        return model._meta.label_lower
    raise TypeError(f'A model class or its label "app.Model" is needed, not {model!r}')


def model_of(label: str) -> type[Model]:
    """The model with this label.

    An app label that no app has is looked for without regard to case. Raises ``LookupError`` if
    there is no such model.
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
    """The concrete model at the top of the chain that shares ``model``'s rows and primary keys.

    A proxy's root is the model that it stands for. The root of a multi-table child is its parent's
    root, as long as the child's primary key is the link to that parent.
    """
    root = _concrete(model)
    while True:
        link = root._meta.pk
        remote = getattr(link, "remote_field", None)
        if remote is None or not getattr(remote, "parent_link", False):
            return root
        root = _concrete(remote.model)


def tracked_name(model: type[Model]) -> str:
    """The name that the history of ``model``'s rows is kept under: the root's label, lower case."""
    return root_of(model)._meta.label_lower.lower()


def _concrete(model: type[Model]) -> type[Model]:
    concrete = model._meta.concrete_model
    return model if concrete is None else concrete
