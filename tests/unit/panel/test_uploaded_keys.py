"""A private key that somebody uploads: sealed in the request that brings it, and nowhere in clear after it."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from stage import Stage


@pytest.mark.parametrize("way", ["pasted", "file"])
def test_an_uploaded_key_is_sealed_in_the_request_that_brings_it(stage: Stage, way: str) -> None:
    """When the answer comes, the store, with its log, holds the key neither as text nor in its bytes; the steward can open
    what was sealed."""
    from pathlib import Path

    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.db import connections

    from fakes.papers import CHAIN, leaf
    from mailward.store.models import Version

    now = datetime.now(UTC)
    names = (f"webmail.{Stage.safe_domain}", f"mail.{Stage.safe_domain}")
    brought = leaf(*names, after=now - timedelta(days=1), until=now + timedelta(days=80))
    form = {"how": "upload", "certificate": (brought.pem + CHAIN).decode(), "key": brought.key_pem.decode()}
    if way == "file":
        form["key"] = ""
        form["key_file"] = SimpleUploadedFile("key.pem", brought.key_pem)
    known = set(Version.objects.values_list("pk", flat=True))
    answer = stage.client(Stage.customer).post(f"/certificates/new/{Stage.safe_domain}/", form)
    assert answer.status_code == 302, answer.content.decode()
    version = Version.objects.exclude(pk__in=known).get()
    assert stage.made.host.unseal.unseal(bytes(version.sealed_key)).strip() == brought.key_pem.strip()
    store = Path(connections["default"].settings_dict["NAME"])
    content = b"".join(path.read_bytes() for path in store.parent.glob(f"{store.name}*") if not path.name.endswith("-shm"))
    secret = brought.key.private_numbers().private_value.to_bytes(32, "big")
    for form_of_it in (brought.key_pem.splitlines()[1], brought.key_pem.splitlines()[2], secret, base64.b64encode(secret)):
        assert form_of_it not in content
