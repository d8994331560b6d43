"""The panel as a Django application."""

from django.apps import AppConfig


class PanelConfig(AppConfig):
    name = "mailward.panel"
    label = "panel"
