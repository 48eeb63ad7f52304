"""Runs the tests on the lowest, the highest and some versions between that the package supports.

``make test-python-matrix`` in the root of the repository runs all of these sessions, except those
whose Python is not installed. ``nox -f python-client/noxfile.py -s "tests(lowest)"`` runs one.

The page looks different with each version of Django's style sheets, so the browser tests of its
looks run here. ``make test`` runs the other browser tests, and those of the demo.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import nox

nox.options.error_on_missing_interpreters = False

#: Name, Python, and what Django, Celery with its kombu, and redis-py have to be.
MATRIX = (
    ("lowest", "3.10", "django==4.2.*", "celery==5.3.* kombu==5.3.*", "redis==5.0.*"),
    ("low", "3.11", "django==4.2.*", "celery==5.4.* kombu==5.4.*", "redis==5.2.*"),
    ("middle", "3.12", "django==5.2.*", "celery==5.5.* kombu==5.5.*", "redis==6.*"),
    ("high", "3.13", "django==5.2.*", "celery==5.6.* kombu==5.6.*", "redis==7.*"),
    ("highest", "3.13", "django==6.1.*", "celery>=5.7", "redis>=8"),
    ("newest", "3.14", "django>=6.1", "celery>=5.7", "redis>=8"),
)

#: Older libraries use what newer ones deprecate. That cannot change any more.
OLD_WARNINGS = ("-W", "default::DeprecationWarning", "-W", "default::PendingDeprecationWarning")

DJANGO_MAIN = "django @ https://github.com/django/django/archive/main.tar.gz"

#: The browser tests that depend on Django's own pages.
LOOKS = (
    "tests/browser/test_accessibility.py",
    "tests/browser/test_axe.py",
    "tests/browser/test_button.py",
)


def interpreter(version: str) -> str:
    """The Python of that version: the command of this name, or one that pyenv has installed."""
    name = f"python{version}"
    found = shutil.which(name)
    # pyenv may have a shim for a version that is not active.
    if found and subprocess.run([found, "--version"], capture_output=True).returncode == 0:  # noqa: S603
        return found
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    kept = sorted(root.glob(f"{version}.*/bin/{name}"))
    return str(kept[-1]) if kept else name


@nox.session
@nox.parametrize(
    ("python", "django", "celery", "redis"),
    [(interpreter(python), *libraries) for _, python, *libraries in MATRIX],
    ids=[name for name, *_ in MATRIX],
)
def tests(session: nox.Session, django: str, celery: str, redis: str) -> None:
    """Runs the suite with these versions; arguments after ``--`` go to pytest."""
    run_suite(session, django, *celery.split(), redis, pytest=OLD_WARNINGS)


@nox.session(python=interpreter("3.14"), default=False)
def django_main(session: nox.Session) -> None:
    """Runs the suite with the Django that is being developed. Only when it is asked for."""
    run_suite(session, DJANGO_MAIN)


def run_suite(session: nox.Session, *requirements: str, pytest: Sequence[str] = ()) -> None:
    """Runs the tests that depend on versions, with these requirements beside the package's own.

    ``pytest`` are further arguments for it.
    """
    session.install("--quiet", "pip>=25.1")
    session.install(
        *("--quiet", "--editable", ".", "--group", "suite", *requirements),
        "--upgrade",
    )
    session.run(
        *("pytest", "--no-cov", *pytest, "--ignore=tests/browser"),
        *("--ignore=tests/test_demo.py", "--ignore=tests/test_dist.py", *session.posargs),
    )
    if not session.posargs:
        session.run("pytest", "--no-cov", *pytest, *LOOKS)


#: Packages that have an admin of their own, in their newest versions.
GUESTS = (
    "django-guardian",
    "django-import-export",
    "django-jazzmin",
    "django-nested-admin",
    "django-parler",
    "django-polymorphic",
    "django-reversion",
    "django-simple-history",
    "django-unfold",
)


@nox.session(python=interpreter("3.13"))
def guests(session: nox.Session) -> None:
    """Opens the page in other packages' admins and under themes, in their newest versions."""
    session.install("--quiet", "pip>=25.1")
    session.install("--quiet", "--editable", ".", "--group", "suite", *GUESTS, "--upgrade")
    session.run(
        *("pytest", "--no-cov", *OLD_WARNINGS, "--ds", "project.settings_guests"),
        *("tests/guests/every_guest.py", *session.posargs),
    )
    if not session.posargs:
        session.run(
            *("pytest", "--no-cov", "tests/admin/test_themes.py"),
            "tests/browser/test_under_themes.py",
        )
