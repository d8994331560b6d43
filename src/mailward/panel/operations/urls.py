"""Addresses of this subject."""

from django.urls import path

from mailward.panel.operations.runs import live, roll_back, run, runs
from mailward.panel.operations.server import choose, secure, server

urlpatterns = [
    path("server/", server, name="server"),
    path("server/certificates/", choose, name="server-choose"),
    path("server/secure/", secure, name="server-secure"),
    path("runs/", runs, name="runs"),
    path("runs/<int:number>/", run, name="run"),
    path("runs/<int:number>/live/", live, name="run-live"),
    path("runs/<int:number>/roll-back/", roll_back, name="run-roll-back"),
]
