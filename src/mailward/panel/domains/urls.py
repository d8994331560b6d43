"""Addresses of this subject."""

from django.urls import path

from mailward.panel.domains.listing import add, domains
from mailward.panel.domains.one import domain, remove
from mailward.panel.domains.reports import reports
from mailward.panel.domains.tls import tls_policy

urlpatterns = [
    path("domains/", domains, name="domains"),
    path("domains/add/", add, name="domain-add"),
    path("domains/<str:name>/", domain, name="domain"),
    path("domains/<str:name>/reports/", reports, name="reports"),
    path("domains/<str:name>/remove/", remove, name="domain-remove"),
    path("domains/<str:name>/tls/", tls_policy, name="tls-policy"),
]
