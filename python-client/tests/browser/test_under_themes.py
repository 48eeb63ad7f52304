"""What people see under the themes that many projects have."""

import pytest
from test_themes import run_under


@pytest.mark.parametrize("theme", ["jazzmin", "unfold"])
def test_the_button_and_the_column_lead_to_the_page_which_is_for_everybody(theme):
    run_under(
        theme,
        *("browser/test_button.py", "browser/test_axe.py", "browser/test_long_pages.py"),
        "browser/test_accessibility.py::"
        "test_a_language_that_is_read_from_the_right_has_the_page_mirrored",
        "browser/test_guests.py::test_the_dialog_is_on_the_screen",
    )
