from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from shop.customers import example, make_invoice, order_page

admin.site.site_header = "Demo shop"
admin.site.site_title = "Demo shop"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("customer/", example),
    path("order/<str:link>/", order_page, name="order"),
    path("order/<str:link>/invoice/", make_invoice, name="make-invoice"),
    path("progress/", include("celery_task_tracker.progress.urls")),
    path("", RedirectView.as_view(url="/admin/")),
]
