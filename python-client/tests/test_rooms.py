"""The package's rooms: what may import what."""

import ast
import re
from pathlib import Path

import celery_task_tracker

PACKAGE = Path(celery_task_tracker.__file__).parent
STATIC = PACKAGE / "static" / "celery_task_tracker"
#: From the top floor down: a room imports from its own floor and those below.
ROOMS = ("admin", "recording", "server", "registration")
#: What stands in the hall and may be used from everywhere. It imports from no room.
GROUND = ("config", "redaction", "states", "results", "templatetags.task_humanize")


def test_no_import_runs_upwards():
    upwards = [
        f"{importer.relative_to(PACKAGE)}:{line} imports {'.'.join(imported)}"
        for importer in sorted(PACKAGE.rglob("*.py"))
        for line, imported in imports(importer)
        if floor(importer.relative_to(PACKAGE).with_suffix("").parts) < floor(imported)
    ]
    assert upwards == []


def test_every_module_has_its_floor():
    assert floor(("admin", "views")) > floor(("recording", "signals")) > floor(("config",))
    assert floor(("tracker",)) > floor(("admin", "views"))


def test_scripts_import_from_their_own_folder_and_from_what_all_share():
    """The page's own folder alone knows the others."""
    strays = [
        f"{script.relative_to(STATIC)} imports {imported}"
        for script in sorted(STATIC.rglob("*.js"))
        for imported in re.findall(r'from "([^"]+)"', script.read_text())
        if (folder := (script.parent / imported).resolve().parent.name) != script.parent.name
        and folder != "shared"
        and script.parent.name != "page"
    ]
    assert strays == []


def floor(module):
    """How high a module stands: what all may use, then the rooms, then the rest of the hall."""
    if module[0] in ROOMS:
        return len(ROOMS) - ROOMS.index(module[0])
    return 0 if module[0] in GROUND or ".".join(module[:2]) in GROUND else len(ROOMS) + 1


def imports(path):
    """The line and the module of each import from the package itself."""
    here = path.relative_to(PACKAGE).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = here[: len(here) - node.level + 1]
        if node.module:
            yield node.lineno, (*base, *node.module.split("."))
        else:
            yield from ((node.lineno, (*base, alias.name)) for alias in node.names)
