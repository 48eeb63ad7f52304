"""Readable task names."""

from __future__ import annotations

import re

from django import template

register = template.Library()


@register.filter
def humanize_task(name: str) -> str:
    """``shop.tasks.process_payment`` as ``Process payment``.

    Takes the last part of the dotted name, separates its words and capitalises the first. Capital
    letters, as in the names of class-based tasks, begin words too. Abbreviations stay whole.
    """
    last = str(name).rpartition(".")[2] or str(name)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", last).split("_")
    spoken = " ".join(
        word if word.isupper() and len(word) > 1 else word.lower() for word in words if word
    )
    return spoken[:1].upper() + spoken[1:] or str(name)
