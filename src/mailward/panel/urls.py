"""The panel's addresses, by subject."""

from django.urls import include, path

from mailward.panel import files

SUBJECTS = ("overview", "domains", "names", "dns", "mail", "certificates", "people", "operations", "signin")

urlpatterns = [
    path("assets/<str:name>", files.file, name="asset"),
    *(path("", include(f"mailward.panel.{subject}.urls")) for subject in SUBJECTS),
]
