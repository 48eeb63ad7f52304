import uuid

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.http import HttpResponse
from django.urls import NoReverseMatch, clear_script_prefix, reverse, set_script_prefix
from django.utils import translation

from celery_task_tracker.admin import TaskTrackerAdminMixin
from celery_task_tracker.admin import button as tracker_admin
from celery_task_tracker.admin.button import equip, install
from shop.admin import ShelfAdmin
from shop.models import Customer, Order, Parcel, Shelf, Untracked

pytestmark = pytest.mark.django_db


def change_page(client, obj, site="admin", query=""):
    name = f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change"
    url = reverse(name, args=(quote(obj.pk),), current_app=site)
    return client.get(url + query).content.decode()


def button(obj, prefix="admin"):
    model = f"{obj._meta.app_label}/{obj._meta.model_name}"
    return f'href="/{prefix}/{model}/{quote(obj.pk)}/task-tracker/"'


def test_the_change_form_has_the_button(admin_client):
    order = Order.objects.create()
    assert button(order) in change_page(admin_client, order)


def test_the_button_keeps_the_filters_of_the_change_list(admin_client):
    order = Order.objects.create()
    page = change_page(admin_client, order, query="?_changelist_filters=reference%3Dx")
    assert "/task-tracker/?_changelist_filters=reference%3Dx" in page


@pytest.mark.parametrize("code", ["a/b", "q?x#y", "with space", 'quote"<>', "ü_5F"])
def test_any_primary_key_has_an_address(admin_client, code):
    shelf = Shelf.objects.create(code=code)
    url = reverse("admin:shop_shelf_task_tracker", args=(quote(code),))
    assert f'href="{url}"' in change_page(admin_client, shelf)
    assert admin_client.get(url).context["object"] == shelf


def test_a_model_that_no_task_is_registered_for_has_no_button(admin_client):
    assert "task-tracker" not in change_page(admin_client, Untracked.objects.create())
    with pytest.raises(NoReverseMatch):
        reverse("admin:shop_untracked_task_tracker", args=("1",))


def test_the_add_form_has_no_button(admin_client):
    assert "task-tracker" not in admin_client.get("/admin/shop/order/add/").content.decode()


def test_a_plain_model_admin_has_the_button_whatever_the_theme(admin_client, monkeypatch):
    monkeypatch.setattr(admin.site._registry[Order], "__class__", admin.ModelAdmin)
    equip(admin.site)
    order = Order.objects.create()
    assert button(order) in change_page(admin_client, order)


def test_a_form_in_a_window_of_its_own_has_no_button(admin_client):
    order = Order.objects.create()
    assert button(order) not in change_page(admin_client, order, query="?_popup=1")


def test_a_form_with_errors_still_has_the_button(admin_client):
    shelf = Shelf.objects.create(code="a")
    page = admin_client.post("/admin/shop/shelf/a/change/", {"code": ""}).content.decode()
    assert "This field is required." in page
    assert button(shelf) in page


def test_the_model_admins_own_template_is_kept(admin_client):
    shelf = Shelf.objects.create(code="a")
    page = change_page(admin_client, shelf)
    assert "own tool" in page
    assert button(shelf) in page


def test_the_models_own_template_is_kept(admin_client):
    parcel = Parcel.objects.create(pk=uuid.uuid4())
    page = change_page(admin_client, parcel)
    assert "own words" in page
    assert button(parcel) in page


def test_every_admin_site_has_the_button_with_its_own_addresses(admin_client):
    order = Order.objects.create()
    page = change_page(admin_client, order, site="backstage")
    assert button(order, prefix="backstage") in page
    page = admin_client.get(f"/backstage/shop/order/{order.pk}/task-tracker/").content.decode()
    assert f"/backstage/shop/order/{order.pk}/task-tracker/list/" in page


def test_an_address_prefix_of_the_server_is_kept(admin_client):
    order = Order.objects.create()
    set_script_prefix("/shop/")
    try:
        page = admin_client.get(f"/admin/shop/order/{order.pk}/task-tracker/").content.decode()
    finally:
        clear_script_prefix()
    assert f'"/shop/admin/shop/order/{order.pk}/task-tracker/list/"' in page


def test_an_admin_at_a_renamed_and_translated_address_is_followed(admin_client, settings):
    settings.ROOT_URLCONF = "project.i18n_urls"
    settings.LANGUAGE_CODE = "de"
    order = Order.objects.create()
    with translation.override("de"):
        page = change_page(admin_client, order)
        assert button(order, prefix="de/backoffice") in page
        address = reverse("admin:shop_order_task_tracker", args=(order.pk,))
        page = admin_client.get(address).content.decode()
    assert f'"/de/backoffice/shop/order/{order.pk}/task-tracker/list/"' in page


def test_the_mixin_may_be_written_down(admin_client):
    class Explicit(TaskTrackerAdminMixin, admin.ModelAdmin): ...

    site = admin.AdminSite(name="explicit")
    site.register(Order, Explicit)
    equip(site)
    assert type(site._registry[Order]) is Explicit
    names = [pattern.name for pattern in site._registry[Order].get_urls()]
    assert "shop_order_task_tracker" in names


def test_a_response_that_is_no_template_is_left_alone(admin_client, monkeypatch):
    model_admin = admin.site._registry[Parcel]
    monkeypatch.setattr(
        admin.ModelAdmin, "render_change_form", lambda *args, **kwargs: HttpResponse("own page")
    )
    parcel = Parcel.objects.create()
    assert change_page(admin_client, parcel) == "own page"
    assert isinstance(model_admin, TaskTrackerAdminMixin)


def test_a_site_without_the_pages_has_no_button(admin_client, monkeypatch):
    monkeypatch.setattr(tracker_admin, "page_url", lambda model_admin, request, obj: None)
    assert "task-tracker/" not in change_page(admin_client, Order.objects.create())


def test_installing_twice_changes_nothing():
    before = admin.AdminSite.get_urls, admin.AdminSite.check
    install()
    assert (admin.AdminSite.get_urls, admin.AdminSite.check) == before


def test_a_model_admin_stays_what_it_is():
    model_admin = admin.site._registry[Shelf]
    assert type(model_admin).__name__ == "ShelfAdmin"
    assert isinstance(model_admin, TaskTrackerAdminMixin)


def test_an_admin_registered_after_the_tasks_is_equipped_once():
    site = admin.AdminSite(name="late")
    site.register(Order)
    site.register(Customer)
    equip(site)
    equip(site)
    assert type(site._registry[Order]).__mro__.count(TaskTrackerAdminMixin) == 1
    assert not isinstance(site._registry[Customer], TaskTrackerAdminMixin)


def test_a_project_may_bring_its_own_page(admin_client, monkeypatch):
    own = {"task_tracker_template": "shop/own_task_tracker.html"}
    shelf_admin = type("ShelfAdmin", (ShelfAdmin,), own)
    monkeypatch.setattr(admin.site._registry[Shelf], "__class__", shelf_admin)
    equip(admin.site)
    Shelf.objects.create(code="a")
    page = admin_client.get("/admin/shop/shelf/a/task-tracker/").content.decode()
    assert "The project's own words" in page
