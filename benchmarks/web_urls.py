from django.urls import include, path

urlpatterns = [
    path("peer/", include("benchmarks.peers.rest_framework")),
    path("", include("config.urls")),
]
