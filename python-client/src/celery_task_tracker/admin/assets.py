"""The style sheets and scripts of the pages, at the addresses where the project serves them."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.forms import Media
from django.templatetags.static import static

logger = logging.getLogger("celery_task_tracker")

FOLDER = "celery_task_tracker"

#: The page's style sheets. A later one overrides an earlier one.
STYLES = (
    "shared/theme.css",
    "shared/controls.css",
    "shared/toast.css",
    "page/page.css",
    "page/notices.css",
    "page/launch.css",
    "page/breadcrumbs.css",
    "summary/summary.css",
    "summary/picture.css",
    "summary/causes.css",
    "summary/usual.css",
    "table/filters.css",
    "table/search.css",
    "table/table.css",
    "table/row.css",
    "table/selection.css",
    "table/pages.css",
    "dialog/dialog.css",
    "dialog/rerun.css",
    "dialog/life_line.css",
    "dialog/family.css",
    "dialog/attempts.css",
    "dialog/log.css",
    "dialog/silence.css",
    "page/print.css",
)

#: The module that imports the page's other scripts.
SCRIPT = "page/task_tracker.js"

#: A script that tells the reader if the modules cannot be loaded. It is no module itself.
WATCH = "page/not_started.js"

COLUMN_STYLE = "changelist.css"
FRONT_PAGE_STYLE = "front_page.css"


@dataclass(frozen=True)
class Assets:
    """Addresses of what the page loads."""

    styles: tuple[str, ...]
    script: str
    watch: str


def page_assets() -> Assets | None:
    """What the page loads, or ``None`` if the project's static files storage lacks it."""
    try:
        return Assets(
            styles=tuple(_address(name) for name in STYLES),
            script=_address(SCRIPT),
            watch=_address(WATCH),
        )
    except ValueError as error:
        _report(error)
        return None


def column_media() -> Media:
    """The style sheet of the change list's column, or nothing if the storage lacks it."""
    return _media(COLUMN_STYLE)


def front_page_media() -> Media:
    """The style sheet of the panel on the front page, or nothing if the storage lacks it."""
    return _media(FRONT_PAGE_STYLE)


def _media(style: str) -> Media:
    try:
        _address(style)
    except ValueError as error:
        _report(error)
        return Media()
    return Media(css={"all": [f"{FOLDER}/{style}"]})


def _address(name: str) -> str:
    """Raises ``ValueError`` if a strict manifest of static files lacks the file."""
    return static(f"{FOLDER}/{name}")


def _report(error: ValueError) -> None:
    logger.error("The task tracker's static files are missing; run collectstatic: %s", error)
