from django.conf import settings
from django.contrib import admin

from .models import Customer, Order, OrderLine, Product, Warehouse

if settings.THEME == "unfold":
    from unfold.admin import ModelAdmin, TabularInline
else:
    from django.contrib.admin import ModelAdmin, TabularInline


class OrderLineInline(TabularInline):
    model = OrderLine
    extra = 0


@admin.register(Order)
class OrderAdmin(ModelAdmin):
    list_display = ["__str__", "customer", "status", "placed_at"]
    list_filter = ["status"]
    list_select_related = ["customer"]
    search_fields = ["id", "customer__name"]
    inlines = [OrderLineInline]


@admin.register(Product)
class ProductAdmin(ModelAdmin):
    list_display = ["name", "sku", "price", "stock"]
    search_fields = ["name", "sku"]


@admin.register(Warehouse)
class WarehouseAdmin(ModelAdmin):
    list_display = ["city", "code"]


@admin.register(Customer)
class CustomerAdmin(ModelAdmin):
    list_display = ["name", "email", "is_member"]
    search_fields = ["name", "email"]
