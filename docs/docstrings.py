"""An extension of Griffe: the docstrings, which are written for Sphinx, as Markdown."""

import re
from typing import Any

import griffe

ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):(``?[^`]+`)")
LITERAL_BLOCK = re.compile(r"::$", re.MULTILINE)
EXAMPLE = re.compile(r"^>>> .*(?:\n(?!\s*$).*)*", re.MULTILINE)


class Markdown(griffe.Extension):
    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring:
            obj.docstring.value = as_markdown(obj.docstring.value)


def as_markdown(docstring: str) -> str:
    """The text without the names of roles, with examples as blocks of code."""
    text = LITERAL_BLOCK.sub(":", ROLE.sub(r"\1", docstring))
    return EXAMPLE.sub(lambda found: f"```pycon\n{found[0]}\n```", text)
