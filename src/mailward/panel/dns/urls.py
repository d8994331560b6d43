"""Addresses of this subject."""

from django.urls import path

from mailward.panel.dns.all_domains import board, check
from mailward.panel.dns.one_domain import domain_board
from mailward.panel.dns.records import cure, domain_dns

urlpatterns = [
    path("board/", board, name="board"),
    path("board/check/", check, name="board-check"),
    path("domains/<str:name>/board/", domain_board, name="domain-board"),
    path("domains/<str:name>/cure/", cure, name="domain-cure"),
    path("domains/<str:name>/dns/", domain_dns, name="domain-dns"),
]
