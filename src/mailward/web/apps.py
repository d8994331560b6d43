"""The ground of the web faces as a Django application."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "mailward.web"
    label = "web"
