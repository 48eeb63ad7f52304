"""The button, the page and the column in the admins of other packages.

The file is run by name, in the session ``guests`` of nox, which installs the packages.
"""

import pytest
from django.core.checks import run_checks
from django.urls import reverse

from celery_task_tracker.registration.resolution import object_of
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from guests.admin import SITES
from guests.models import Author, Poem, Word, Work

pytestmark = pytest.mark.django_db

MAKE = {
    "polymorphic": lambda: Poem.objects.create(title="Ada"),
    "translated": lambda: Word.objects.create(text="Ada"),
}


@pytest.fixture(params=SITES)
def site(request):
    return request.param


@pytest.fixture
def guest(site, tracker):
    """An object in the admin of the site, with one task."""
    obj = MAKE.get(site, lambda: Author.objects.create(name="Ada"))()
    event = Event(
        (object_of(obj),), "t1", "guests.tasks.proofread", "SUCCESS", 0, 1_700_000_000_000
    )
    get_client().write([event])
    return obj


def address(site, obj, name, *args):
    opts = (Work if isinstance(obj, Work) else type(obj))._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{name}", args=args, current_app=site)


@pytest.fixture
def button(site, guest):
    """What links to the page of the object, under the model that its admin is of."""
    own = reverse(
        f"admin:guests_{guest._meta.model_name}_task_tracker", args=(guest.pk,), current_app=site
    )
    return f'href="{own}'


def test_the_form_has_the_button(admin_client, site, guest, button):
    form = admin_client.get(address(site, guest, "change", guest.pk))
    assert form.status_code == 200
    assert button in form.content.decode()


def test_a_form_with_errors_has_the_button(admin_client, site, guest, button):
    form = admin_client.post(address(site, guest, "change", guest.pk), {**INLINES, "name": ""})
    assert form.status_code == 200
    assert button in form.content.decode()


INLINES = {
    f"{prefix}-{form}_FORMS": 0
    for prefix in ("novel_set",)
    for form in ("TOTAL", "INITIAL", "MIN_NUM", "MAX_NUM")
}


def test_what_is_changed_is_saved(admin_client, site, guest):
    data = {**INLINES, "name": "Eve", "title": "Eve", "text": "Eve"}
    answer = admin_client.post(address(site, guest, "change", guest.pk), data)
    assert answer.status_code == 302
    assert str(type(guest).objects.get()) == "Eve"


def test_the_add_form_and_the_history_are_as_ever(admin_client, site, guest):
    assert admin_client.get(address(site, guest, "add"), follow=True).status_code == 200
    assert admin_client.get(address(site, guest, "history", guest.pk)).status_code == 200


def test_the_list_has_the_column(admin_client, site, guest, button):
    page = admin_client.get(address(site, guest, "changelist"))
    assert page.status_code == 200
    assert "field-task_tracker_status" in page.content.decode()
    assert ">Success</a>" in page.content.decode()


def test_the_page_lists_the_tasks(admin_client, site, guest):
    url = address(site, guest, "task_tracker", guest.pk)
    assert admin_client.get(url).status_code == 200
    assert admin_client.get(f"{url}list/").json()["total"] == 1


def test_each_form_has_a_place_for_the_button():
    assert [each for each in run_checks() if each.id == "celery_task_tracker.W040"] == []
