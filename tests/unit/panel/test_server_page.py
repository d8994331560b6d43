"""Mail server settings in the panel: what the provider may change, and what support may only see."""

import pytest

from mailward.model.runs import RunState
from mailward.store.models import Run

FORM = {"tls_profile": "intermediate", "key_type": "p256", "ca_first": "", "contact": ""}


@pytest.fixture
def now(stage) -> dict[str, str]:
    """What the form holds when nothing was changed in it."""
    from mailward.web.office import office

    settings = office().settings
    contact = settings.cas[0].contact if settings.cas else ""
    return {**FORM, "contact": contact or "", "key_type": settings.key_type.value}


def test_a_changed_profile_is_asked_of_the_steward(stage, now: dict[str, str]) -> None:
    """The wish goes into a run that is followed; nothing else of the form goes along."""
    answer = stage.client(stage.provider).post("/server/", {**now, "tls_profile": "modern", "door-imap": "1"})
    assert answer.status_code == 302, answer.content.decode()
    run = Run.objects.order_by("-id").first()
    assert answer.headers["Location"].startswith(f"/runs/{run.pk}/")
    wish = {name: value for name, value in run.request["settings"].items() if value is not None}
    assert wish == {"open_doors": ["imap"], "tls_profile": "modern"}


def test_an_unchanged_form_and_a_bad_one_are_refused(stage, now: dict[str, str]) -> None:
    """Nothing is asked of the steward by them, and the page says why."""
    before = Run.objects.count()
    client = stage.client(stage.provider)
    assert "Nothing was asked to be changed" in client.post("/server/", now).content.decode()
    assert client.post("/server/", {**now, "tls_profile": "<b>old"}).status_code == 400
    assert client.post("/server/", {**now, "ca_add": "evil"}).status_code == 400
    assert Run.objects.count() == before


def test_without_a_fresh_second_factor_it_is_asked_for(stage, now: dict[str, str]) -> None:
    """Changing the server is dangerous: the second factor is shown again first."""
    answer = stage.client(stage.provider, fresh=False).post("/server/", {**now, "tls_profile": "modern"})
    assert answer.headers["Location"].startswith("/confirm/")


def test_support_sees_the_server_and_changes_nothing(stage, now: dict[str, str]) -> None:
    """The page without its buttons; a form that is sent all the same is forbidden. Customers don't see it."""
    support = stage.client(stage.support)
    page = support.get("/server/").content.decode()
    assert "Mail server settings" in page
    assert "Change the settings" not in page
    assert support.post("/server/", {**now, "tls_profile": "modern"}).status_code == 403
    assert support.post("/server/secure/").status_code == 403
    assert stage.client(stage.customer).get("/server/").status_code == 403
    assert not Run.objects.filter(asked_by=stage.support, state=RunState.WAITING).exists()
