"""Addresses of this subject."""

from django.urls import path

from mailward.panel.dns.all_domains import board, check
from mailward.panel.dns.one_domain import domain_board

urlpatterns = [
    path("board/", board, name="board"),
    path("board/check/", check, name="board-check"),
    path("domains/<str:name>/board/", domain_board, name="domain-board"),
]
