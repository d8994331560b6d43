"""The panel's addresses."""

from django.urls import path

from mailward.panel import views

urlpatterns = [
    path("", views.status, name="status"),
    path("status.json", views.status_json, name="status-json"),
    path("status.css", views.file, {"name": "status.css"}, name="style"),
    path("icon.svg", views.file, {"name": "icon.svg"}, name="icon"),
]
handler404 = "mailward.panel.views.not_found"
handler500 = "mailward.panel.views.went_wrong"
