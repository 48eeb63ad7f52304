from django.contrib import admin
from django.urls import include, path

from shop.admin import backstage
from shop.customers import order_page

urlpatterns = [
    path("admin/", admin.site.urls),
    path("backstage/", backstage.urls),
    path("orders/<int:pk>/", order_page),
    path("metrics/", include("celery_task_tracker.metrics.urls")),
    path("progress/", include("celery_task_tracker.progress.urls")),
]
