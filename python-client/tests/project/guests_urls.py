from django.contrib import admin
from django.urls import path

from guests.admin import SITES

urlpatterns = [
    path("admin/", admin.site.urls),
    *(path(f"{name}/", site.urls) for name, site in SITES.items()),
]
