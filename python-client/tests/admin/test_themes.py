"""The admin under the themes that many projects have, each in a process of its own."""

import os
import subprocess
import sys

import pytest

from servers import TESTS

pytestmark = pytest.mark.slow


def run_under(theme, *files):
    """Runs the tests in ``files`` with the settings of ``theme``, and servers of their own."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TEST_", "COV", "DJANGO", "PYTEST"))
    }
    command = [
        *(sys.executable, "-m", "pytest", "--no-cov", "--quiet", "-p", "no:cacheprovider"),
        # A theme may use what Django has deprecated.
        *("-W", "default::DeprecationWarning", "-W", "default::PendingDeprecationWarning"),
        *("--ds", f"project.settings_{theme}", *(str(TESTS / file) for file in files)),
    ]
    done = subprocess.run(
        command, cwd=TESTS.parent, env=inherited, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("theme", ["jazzmin", "unfold"])
def test_the_button_the_page_and_the_column_are_what_they_are_without_the_theme(theme):
    run_under(
        theme,
        "admin/test_button.py",
        "admin/test_changelist.py",
        "admin/test_list_filter.py",
        "admin/test_front_page.py",
        "admin/test_rerun_failed.py",
    )
