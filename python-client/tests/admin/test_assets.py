"""The style sheets and scripts of the pages, whatever storage the project serves them from."""

import logging
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.management import call_command

from celery_task_tracker.admin import assets
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from shop.models import Order

pytestmark = pytest.mark.django_db

PAGE = "/admin/shop/order/1042/task-tracker/"


class HashedModules(ManifestStaticFilesStorage):
    """What the page recommends where files are served under hashed names only."""

    support_js_module_import_aggregation = True


@pytest.fixture
def order():
    return Order.objects.create(pk=1042)


@pytest.fixture
def served_from(settings, tmp_path):
    """``served_from(storage)``: static files are collected into and served from such a storage."""

    def use(storage):
        settings.STATIC_ROOT = str(tmp_path)
        settings.STORAGES = {
            **settings.STORAGES,
            "staticfiles": {"BACKEND": f"{storage.__module__}.{storage.__qualname__}"},
        }
        return tmp_path

    return use


def test_the_page_loads_each_style_sheet_that_there_is():
    folder = Path(finders.find("celery_task_tracker"))
    sheets = {str(sheet.relative_to(folder)) for sheet in folder.glob("*/*.css")}
    assert set(assets.STYLES) == sheets
    assert len(assets.STYLES) == len(sheets)


@pytest.mark.slow
def test_under_hashed_names_alone_each_import_leads_to_a_file(served_from):
    root = served_from(HashedModules)
    call_command("collectstatic", verbosity=0, interactive=False)
    folder = root / "celery_task_tracker"
    hashed = [
        script for script in folder.rglob("*.js") if re.search(r"\.[0-9a-f]{12}\.js$", script.name)
    ]
    imports = [
        (script, imported)
        for script in hashed
        for imported in re.findall(r'from "([^"]+)"', script.read_text())
    ]
    assert len(imports) > 30
    for script, imported in imports:
        assert (script.parent / imported).resolve() in hashed


def test_a_manifest_that_lacks_the_files_is_told_on_the_page(
    served_from, admin_client, order, caplog, monkeypatch
):
    served_from(ManifestStaticFilesStorage)
    without_the_rest_of_the_admin(monkeypatch)
    with caplog.at_level(logging.ERROR, "celery_task_tracker"):
        page = admin_client.get(PAGE)
    assert page.status_code == 200
    assert not re.search(r'data-panel="not-started"[^>]*hidden', page.content.decode())
    assert "collectstatic" in caplog.text


def test_a_change_list_does_without_a_style_sheet_that_the_manifest_lacks(
    served_from, admin_client, order, tracker, settings, monkeypatch
):
    settings.TASK_TRACKER_CHANGELIST_COLUMN = True
    event = Event((ObjectRef("shop.order", "1042"),), "t1", "shop.tasks.succeed", "SUCCESS", 0, 1)
    get_client().write([event])
    served_from(ManifestStaticFilesStorage)
    without_the_rest_of_the_admin(monkeypatch)
    page = admin_client.get("/admin/shop/order/")
    assert page.status_code == 200
    assert "changelist.css" not in page.content.decode()


def without_the_rest_of_the_admin(monkeypatch):
    """Removes the task tracker's files from the manifest, as after an upgrade."""
    stored_name = ManifestStaticFilesStorage.stored_name

    def known(self, name):
        return stored_name(self, name) if name.startswith("celery_task_tracker/") else name

    monkeypatch.setattr(ManifestStaticFilesStorage, "stored_name", known)
