"""Addresses of this subject."""

from django.urls import path

from mailward.panel.overview.doors import doors, status_json, verify
from mailward.panel.overview.home import home

urlpatterns = [
    path("", home, name="home"),
    path("doors/", doors, name="doors"),
    path("doors/verify/", verify, name="doors-verify"),
    path("status.json", status_json, name="status-json"),
]
