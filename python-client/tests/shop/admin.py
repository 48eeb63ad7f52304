from django.contrib import admin

from .models import Order, Parcel, Shelf, Untracked


class OrderAdmin(admin.ModelAdmin):
    list_filter = ["reference"]

    def get_queryset(self, request):
        # Nobody sees the orders of the competition.
        return super().get_queryset(request).exclude(reference="competition")


class ShelfAdmin(admin.ModelAdmin):
    change_form_template = "shop/own_change_form.html"


admin.site.register(Order, OrderAdmin)
admin.site.register(Parcel)
admin.site.register(Shelf, ShelfAdmin)
admin.site.register(Untracked)

backstage = admin.AdminSite(name="backstage")
backstage.register(Order)
