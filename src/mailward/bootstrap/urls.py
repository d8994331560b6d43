"""All addresses of the panel's process: the pages, and the API beside them."""

from django.urls import include, path

urlpatterns = [
    path("", include("mailward.panel.urls")),
    path("", include("mailward.api.urls")),
]
handler404 = "mailward.panel.views.not_found"
handler500 = "mailward.panel.views.went_wrong"
