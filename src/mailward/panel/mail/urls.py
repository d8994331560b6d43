"""Addresses of this subject."""

from django.urls import path

from mailward.panel.mail import address, addresses, clients
from mailward.panel.mail.settings import mail_settings, mail_settings_domain

urlpatterns = [
    path("mail/settings/", mail_settings, name="mail-settings"),
    path("mail/settings/<str:name>/", mail_settings_domain, name="mail-settings-domain"),
    path("mail/clients/", clients.clients, name="clients"),
    path("mail/clients/<int:number>/", clients.look, name="client-look"),
    path("mail/clients/<int:number>/live/", clients.live, name="client-live"),
    path("mail/addresses/", addresses.addresses, name="addresses"),
    path("mail/addresses/add/", addresses.add, name="address-add"),
    path("mail/addresses/strength/", addresses.strength, name="address-strength"),
    path("mail/addresses/<str:address>/", address.address, name="address"),
    path("mail/addresses/<str:address>/password/", address.password, name="address-password"),
    path("mail/addresses/<str:address>/quota/", address.quota, name="address-quota"),
    path("mail/addresses/<str:address>/switch/", address.switch, name="address-switch"),
    path("mail/addresses/<str:address>/remove/", address.remove, name="address-remove"),
    path("mail/addresses/<str:address>/app-passwords/", address.app_password, name="app-password-add"),
    path(
        "mail/addresses/<str:address>/app-passwords/<str:selector>/revoke/",
        address.app_password_revoke,
        name="app-password-revoke",
    ),
]
