"""What people see of the button and the column under the themes that many projects have."""

import pytest

from test_themes import run_under


@pytest.mark.parametrize("theme", ["jazzmin", "unfold"])
def test_the_button_and_the_column_are_seen_and_lead_to_the_page(theme):
    run_under(theme, "browser/test_button.py")
