"""Whether the change form of each tracked model has a place for the button."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.sites import all_sites
from django.core import checks
from django.template import Context, Template, TemplateDoesNotExist, TemplateSyntaxError
from django.template.base import Node
from django.template.loader import select_template
from django.template.loader_tags import BlockNode, ExtendsNode

from ..admin.button import TaskTrackerAdminMixin, equip

#: The block that the button stands in.
BLOCK = "object-tools-items"


def check_change_forms(app_configs: Any = None, **_: Any) -> list[checks.CheckMessage]:
    """A warning for each ModelAdmin whose change form never renders the button's block.

    Templates of other engines than Django's, and those that cannot be loaded, are not checked.
    """
    messages: list[checks.CheckMessage] = []
    for site in all_sites:
        equip(site)
        messages += [
            checks.Warning(
                f"The change form of {type(model_admin).__name__} for {model._meta.label} on the "
                f"admin site {site.name!r} has no block {BLOCK!r}, so the task tracker's button "
                "is not on it.",
                hint="Put a link to {{ task_tracker_url }} into its template, or the block.",
                obj=type(model_admin),
                id="celery_task_tracker.W040",
            )
            for model, model_admin in site._registry.items()
            if isinstance(model_admin, TaskTrackerAdminMixin)
            # django-unfold has a list of buttons instead.
            and not hasattr(model_admin, "actions_detail")
            and not _has_place(model_admin)
        ]
    return messages


def _has_place(model_admin: ModelAdmin[Any]) -> bool:
    opts = model_admin.opts
    own: Any = model_admin.change_form_template
    names = [
        f"admin/{opts.app_label}/{opts.model_name}/change_form.html",
        f"admin/{opts.app_label}/change_form.html",
        "admin/change_form.html",
    ]
    try:
        found = select_template([own] if isinstance(own, str) else list(own or names))
        template = getattr(found, "template", None)
        if not isinstance(template, Template):
            return True
        return _Family(template).reaches(BLOCK) or "task_tracker_url" in template.source
    except (TemplateDoesNotExist, TemplateSyntaxError, UnknownParent):
        return True


class UnknownParent(Exception):
    """What a template extends is only known when it is rendered."""


class _Family:
    """A template, what it extends, and the blocks that each of them has."""

    def __init__(self, template: Template) -> None:
        self._blocks: dict[str, list[BlockNode]] = {}
        context = Context()
        with context.bind_template(template):
            while extends := _extends(template):
                self._add(extends.blocks.values())
                parent = extends.parent_name.resolve(context)
                if not parent:
                    raise UnknownParent
                template = (
                    extends.find_template(parent, context) if isinstance(parent, str) else parent
                )
        self._root = template.nodelist
        self._add(self._root.get_nodes_by_type(BlockNode))

    def _add(self, blocks: Iterable[Any]) -> None:
        for block in blocks:
            self._blocks.setdefault(block.name, []).append(block)

    def reaches(self, name: str) -> bool:
        """Whether rendering the template renders the block ``name``."""
        return self._reach(name, self._root, ())

    def _reach(self, name: str, nodes: Iterable[Node], overridden: Sequence[BlockNode]) -> bool:
        """``overridden``: the blocks that ``block.super`` stands for, nearest first."""
        for node in nodes:
            if isinstance(node, BlockNode):
                if node.name == name:
                    return True
                block, *rest = self._blocks[node.name]
                if self._reach(name, block.nodelist, rest):
                    return True
                continue
            inside = [(getattr(node, each, ()), overridden) for each in node.child_nodelists]
            if overridden and "block.super" in getattr(node.token, "contents", ""):
                inside.append((overridden[0].nodelist, overridden[1:]))
            if any(self._reach(name, *each) for each in inside):
                return True
        return False


def _extends(template: Template) -> Any:
    found = template.nodelist.get_nodes_by_type(ExtendsNode)
    return found[0] if found else None
