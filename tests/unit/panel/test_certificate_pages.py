"""The certificate pages over a made-up world: what is listed, found, refused at its field, downloaded, and who may do what."""

import re
from typing import Any

import pytest

from stage import Stage

HOSTILE = "<script>"


def text(response: Any) -> str:
    return str(response.content.decode())


def test_the_list_shows_what_is_in_reach(stage: Stage) -> None:
    """A provider sees every certificate, a customer their own domains' alone, and nobody's subject becomes markup."""
    everything = text(stage.client(stage.provider).get("/certificates/"))
    own = stage.client(stage.customer).get("/certificates/")
    assert own.status_code == 200
    assert "bluebakery.example-wildcard" in text(own)
    assert "oldmillpress" not in text(own)
    assert "server-san" in everything
    assert "oldmillpress.example-wildcard" in everything
    assert HOSTILE not in everything.replace("<script src", "")
    assert "&lt;script&gt;alert" in text(own)
