"""A hook of MkDocs: the parts of the pages that are made from the sources.

A page names such a part in a line of its own:

- ``[[command NAME]]``: what a running server with the module says of a command.
- ``[[settings]]``: every setting of the package, from ``config.DEFAULTS`` and its check.
- ``[[checks]]``: every system check with its id, its message and its hint.
- ``[[section of FILE: Heading]]``: the text under a heading of a Markdown file of the repository,
  without the headings below it.
- ``[[file FILE: LANGUAGE]]``: a file of the repository as a block of code.

``TRACKER_MODULE`` names the module's file; ``target/release/libtracker.so`` unless given.
"""

import ast
import os
import re
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import django
import redis
from django.conf import settings as django_settings

from celery_task_tracker.server.local import LocalServer

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "python-client/src/celery_task_tracker"
MODULE = Path(os.environ.get("TRACKER_MODULE", REPOSITORY / "target/release/libtracker.so"))
PART = re.compile(r"^\[\[([a-z][^\[\]]*)\]\]$", re.MULTILINE)
HEADING = re.compile(r"^(#+) +(.*)$")
LOCAL_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:)[^)]*\)")

if not django_settings.configured:
    django_settings.configure(INSTALLED_APPS=["django.contrib.contenttypes", "celery_task_tracker"])
    django.setup()


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by MkDocs for each page: the page with its generated parts."""
    return PART.sub(lambda found: part(found[1]), markdown)


def part(name: str) -> str:
    """The text of the part of this name. Raises ``KeyError`` where there is none."""
    if name.startswith("section of "):
        file, heading = name.removeprefix("section of ").split(": ", 1)
        return section(file, heading)
    if name.startswith("file "):
        file, language = name.removeprefix("file ").split(": ", 1)
        return f"```{language}\n{(REPOSITORY / file).read_text().rstrip()}\n```"
    if name.startswith("command "):
        return command(name.removeprefix("command "))
    return {"settings": settings, "checks": checks}[name]()


def section(file: str, heading: str) -> str:
    """The text under a heading, up to the next one of any level.

    Links to other places of the repository become plain text. Raises ``KeyError`` where the file
    has no such heading.
    """
    lines: list[str] = []
    found = fenced = False
    for line in (REPOSITORY / file).read_text().splitlines():
        fenced ^= line.startswith("```")
        title = None if fenced else HEADING.match(line)
        if found and title:
            break
        if found:
            lines.append(line)
        found = found or bool(title and title[2] == heading)
    if not found:
        raise KeyError(f"{file} has no heading {heading!r}")
    return LOCAL_LINK.sub(r"\1", "\n".join(lines).strip())


@cache
def documented() -> dict[str, Any]:
    """COMMAND DOCS of a server with the module, for each of its commands."""
    with (
        LocalServer(module=MODULE) as server,
        redis.Redis.from_url(f"{server.url}?protocol=3", decode_responses=True) as client,
    ):
        names = [
            line.split()[0]
            for line in client.execute_command("TRACKER.HELP")
            if line.startswith("TRACKER.")
        ]
        return dict(client.execute_command("COMMAND DOCS", *names))


def command(name: str) -> str:
    """What a command is for, since when there is it, and what it costs."""
    about = documented()[name.lower()]
    return f"{about['summary']}\n\nSince {about['since']}. {about['complexity']}"


def settings() -> str:
    """A section for each setting of the package."""
    from celery_task_tracker.checks.settings import _CHECKS
    from celery_task_tracker.config import DEFAULTS

    check = {name: (number, expects) for number, name, expects in _CHECKS}
    comments = dict(_comments(PACKAGE / "config.py", DEFAULTS))
    parts = []
    for name, default in DEFAULTS.items():
        number, expects = check[name]
        shown = "the list in `redaction.py`" if isinstance(default, tuple) else f"`{default!r}`"
        parts.append(
            f"## {name}\n\n{comments[name]}\n\n"
            f"Default: {shown}. Must be {expects(object())}: `celery_task_tracker.E{number:03d}`."
        )
    return "\n\n".join(parts)


def _comments(file: Path, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each name with the comment above it in the source."""
    comment: list[str] = []
    wanted = set(names)
    with file.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type == tokenize.COMMENT and not token.string.startswith("#:"):
                comment.append(token.string.lstrip("#").strip())
            elif token.type == tokenize.STRING and (name := token.string.strip('"')) in wanted:
                wanted.remove(name)
                yield name, " ".join(comment)
                comment = []


def checks() -> str:
    """A table of every system check."""
    from celery_task_tracker.checks.settings import _CHECKS

    wrong = "`{}` has a value that it cannot have."
    rows = [(_id(f"E{number:03d}"), wrong.format(setting), "") for number, setting, _ in _CHECKS]
    too_large = "`TASK_TRACKER_PAGE_SIZE` is above `TASK_TRACKER_MAX_PAGE_SIZE`."
    rows.append((_id("E010"), too_large, ""))
    for file in sorted((PACKAGE / "checks").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and (found := _check(node)):
                rows.append(found)
    rows.sort(key=lambda row: row[0].rpartition(".")[2][1:])
    return table(("id", "message", "hint"), rows)


def _id(number: str) -> str:
    return f"`celery_task_tracker.{number}`"


def _check(call: ast.Call) -> tuple[str, str, str] | None:
    """The row of a call of ``Error()`` or ``Warning()`` whose id stands in the source."""
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    if not isinstance(number := named.get("id"), ast.Constant):
        return None
    hint = named.get("hint")
    return f"`{number.value}`", _text(call.args[0]), _text(hint) if hint else ""


def _text(node: ast.expr) -> str:
    """A string of the source, with dots where it has values."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text, node.values))
    return "…"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    lines = [tuple(head)]
    lines.append(("---",) * len(lines[0]))
    lines += [tuple(cell.replace("|", "\\|") for cell in row) for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
