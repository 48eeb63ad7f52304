import re
import uuid

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.core.checks import run_checks
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


def use_template(monkeypatch, name):
    monkeypatch.setattr(admin.site._registry[Shelf], "change_form_template", name)
    return Shelf.objects.create(code="a")


def test_where_the_other_tools_are_no_list_the_button_is_none_of_its_items(
    admin_client, monkeypatch
):
    shelf = use_template(monkeypatch, "shop/no_list_change_form.html")
    page = change_page(admin_client, shelf)
    assert button(shelf) in page
    assert "The theme's own tool" in page
    assert not re.search(r"<li>\s*<a [^>]*task-tracker-link", page)


def test_a_template_with_tools_of_its_own_can_link_to_the_page(admin_client, monkeypatch):
    shelf = use_template(monkeypatch, "shop/own_link_change_form.html")
    assert button(shelf) in change_page(admin_client, shelf)


class TestOtherPeoplesAdmins:
    """Overrides that take what Django gives them, and no more."""

    @pytest.fixture
    def overridden(self, monkeypatch):
        def override(**methods):
            cls = type("Overridden", (admin.ModelAdmin,), methods)
            monkeypatch.setattr(admin.site._registry[Order], "__class__", cls)
            equip(admin.site)
            return Order.objects.create(pk=1042)

        return override

    def as_nested_admin(self, request, context, obj=None, *args, **kwargs):
        kwargs["obj"] = obj
        return admin.ModelAdmin.render_change_form(self, request, context, *args, **kwargs)

    def as_the_documentation(
        self, request, context, add=False, change=False, form_url="", obj=None
    ):
        return admin.ModelAdmin.render_change_form(
            self, request, context, add=add, change=change, form_url=form_url, obj=obj
        )

    def with_all_by_keyword(self, request, context, *, add, change, obj, form_url):
        return admin.ModelAdmin.render_change_form(
            self, request, context, add, change, form_url, obj
        )

    def with_all_as_it_comes(self, request, context, *args, **kwargs):
        return admin.ModelAdmin.render_change_form(self, request, context, *args, **kwargs)

    @pytest.mark.parametrize(
        "render",
        [as_nested_admin, as_the_documentation, with_all_by_keyword, with_all_as_it_comes],
    )
    def test_the_change_form_is_rendered_as_they_have_it(self, admin_client, overridden, render):
        order = overridden(render_change_form=render)
        assert button(order) in change_page(admin_client, order)
        assert admin_client.get("/admin/shop/order/add/").status_code == 200

    def without_a_context(self, request):
        return admin.ModelAdmin.changelist_view(self, request)

    def with_a_context(self, request, extra_context=None):
        return admin.ModelAdmin.changelist_view(self, request, {**(extra_context or {}), "x": 1})

    def with_a_default_context(self, request, extra_context={}):  # noqa: B006
        extra_context["x"] = 1
        return admin.ModelAdmin.changelist_view(self, request, extra_context)

    def with_keywords(self, request, **kwargs):
        return admin.ModelAdmin.changelist_view(self, request, **kwargs)

    @pytest.mark.parametrize(
        "view", [without_a_context, with_a_context, with_a_default_context, with_keywords]
    )
    def test_the_change_list_is_viewed_as_they_have_it(self, admin_client, overridden, view):
        overridden(changelist_view=view)
        assert admin_client.get("/admin/shop/order/").status_code == 200


class TestTheCheck:
    @pytest.fixture(autouse=True)
    def without_unfold(self):
        if apps.is_installed("unfold"):
            pytest.skip("django-unfold has a list of buttons instead of the block")

    @pytest.mark.parametrize(
        ("template", "complaints"),
        [
            (None, 0),
            ("shop/own_change_form.html", 0),
            ("shop/no_list_change_form.html", 0),
            ("shop/kept_place_change_form.html", 0),
            ("shop/own_link_change_form.html", 0),
            ("shop/no_place_change_form.html", 1),
            ("no/such/template.html", 0),
        ],
    )
    def test_tells_a_change_form_without_a_place_for_the_button(
        self, monkeypatch, template, complaints
    ):
        monkeypatch.setattr(admin.site._registry[Shelf], "change_form_template", template)
        found = [each for each in run_checks() if each.id == "celery_task_tracker.W040"]
        assert len(found) == complaints
        assert all("task_tracker_url" in each.hint and "Shelf" in each.msg for each in found)
