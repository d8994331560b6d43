"""Addresses of this subject."""

from django.urls import path

from mailward.panel.mail.settings import mail_settings, mail_settings_domain

urlpatterns = [
    path("mail/settings/", mail_settings, name="mail-settings"),
    path("mail/settings/<str:name>/", mail_settings_domain, name="mail-settings-domain"),
]
