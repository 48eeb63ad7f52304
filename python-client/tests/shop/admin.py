from django.apps import apps
from django.contrib import admin

from .models import Camper, FastVan, Order, Parcel, RushOrder, Shelf, Untracked, Van, Vehicle, Wreck

if apps.is_installed("unfold"):
    from unfold.admin import ModelAdmin
    from unfold.sites import UnfoldAdminSite as AdminSite
else:
    from django.contrib.admin import AdminSite, ModelAdmin


class OrderAdmin(ModelAdmin):
    list_filter = ["reference"]

    def get_queryset(self, request):
        # No user may see the orders of the competition.
        return super().get_queryset(request).exclude(reference="competition")


class ShelfAdmin(ModelAdmin):
    change_form_template = "shop/own_change_form.html"


admin.site.register(Order, OrderAdmin)
admin.site.register(Parcel, ModelAdmin)
admin.site.register(Shelf, ShelfAdmin)
admin.site.register(Untracked, ModelAdmin)
admin.site.register([RushOrder, Vehicle, Van, Camper, FastVan, Wreck], ModelAdmin)

backstage = AdminSite(name="backstage")
backstage.register(Order, ModelAdmin)
