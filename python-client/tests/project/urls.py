from django.contrib import admin
from django.urls import path

from shop.admin import backstage

urlpatterns = [
    path("admin/", admin.site.urls),
    path("backstage/", backstage.urls),
]
