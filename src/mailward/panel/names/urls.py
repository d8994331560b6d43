"""Addresses of this subject."""

from django.urls import path

from mailward.panel.names.control import look
from mailward.panel.names.lists import names

urlpatterns = [
    path("names/", names, name="names"),
    path("domains/<str:name>/control/", look, name="domain-control"),
]
