"""All addresses of the service."""

from django.contrib import admin
from django.urls import include, path

from mail.api.main import api

urlpatterns = [
    path("admin/", admin.site.urls),
    path("postapi/", api.urls),
    path("", include("mail.web.urls")),
]

handler500 = "mail.web.middleware.server_error"
