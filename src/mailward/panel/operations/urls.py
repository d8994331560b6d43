"""Addresses of this subject."""

from django.urls import path

from mailward.panel.operations.runs import live, roll_back, run, runs

urlpatterns = [
    path("runs/", runs, name="runs"),
    path("runs/<int:number>/", run, name="run"),
    path("runs/<int:number>/live/", live, name="run-live"),
    path("runs/<int:number>/roll-back/", roll_back, name="run-roll-back"),
]
