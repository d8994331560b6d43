"""The store as a Django application."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    name = "mailward.store"
    label = "store"
