"""The panel's addresses, by subject."""

from django.urls import include, path

from mailward.panel import files, views

SUBJECTS = ("overview", "domains", "mail", "certificates", "people", "operations", "signin")

urlpatterns = [
    path("assets/<str:name>", files.file, name="asset"),
    *(path("", include(f"mailward.panel.{subject}.urls")) for subject in SUBJECTS),
    path("doors/status/", views.status, name="status"),
    path("status.json", views.status_json, name="status-json"),
    path("status.css", views.file, {"name": "status.css"}, name="style"),
    path("icon.svg", views.file, {"name": "icon.svg"}, name="icon"),
]
