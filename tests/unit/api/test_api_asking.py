"""Asking the API: who may, what an error looks like, once or again, changed or not, how fast."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from api_client import Program, program_of

from mailward.api.pace import PACE, Pace
from mailward.api.problems import Refusal
from mailward.model.settings import SecondFactor


@pytest.fixture(autouse=True)
def unhurried() -> Iterator[None]:
    """Nobody has asked anything yet in this minute."""
    PACE.forget()
    yield


@pytest.fixture
def slow() -> Iterator[None]:
    """Only a few requests a minute."""
    before, PACE.most = PACE.most, 20
    yield
    PACE.most = before


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem document of an answer, looked at whole."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert (found["status"], found["code"], found["type"]) == (status, code, f"urn:mailward:problem:{code}")
    assert found["title"] and found["detail"]
    return found


@pytest.mark.parametrize("token", ["", "mw_1_" + "x" * 43, "nonsense", "mw_99999999999999999_" + "a" * 43, "ü"])
def test_nobody_gets_in_without_a_good_token(stage: Any, token: str) -> None:
    """No token, an invented one and no token at all are all 401, with what to send."""
    response = Program(token).get("/domains")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")
    assert response.headers["Content-Type"] == "application/problem+json"


def test_a_revoked_token_and_a_closed_account_end_at_once(stage: Any) -> None:
    """What was good a moment ago is 401 after it is taken back."""
    program = program_of(stage, stage.mail_administrator)
    number = program.token.split("_")[1]
    assert program.get("/me").status_code == 200
    assert program.ask("DELETE", f"/tokens/{number}").status_code == 200
    problem(program.get("/me"), 401, "invalid-token")


def test_a_token_shows_whose_it_is_and_what_it_may(stage: Any) -> None:
    """A narrowed token names what it was narrowed to, and does nothing else."""
    program = program_of(stage, stage.customer, acts=["domains.read"], domains=[stage.safe_domain])
    me = program.get("/me").json()
    assert (me["name"], me["acts"], me["domains"]) == (stage.customer, ["domains.read"], [stage.safe_domain])
    assert [one["name"] for one in program.get("/domains").json()["items"]] == [stage.safe_domain]
    problem(program.get(f"/domains/{stage.unsafe_domain}"), 404, "unknown")
    problem(program.get("/mailboxes"), 403, "forbidden")


def test_a_session_needs_the_csrf_token_where_something_changes(stage: Any) -> None:
    """A browser's cookie alone reads, and changes nothing: other sites make browsers send cookies."""
    from django.test import Client

    client = Client(enforce_csrf_checks=True, HTTP_X_FORWARDED_PROTO="https")
    client.cookies["__Host-mailward"] = stage.sign_in(stage.customer)
    assert client.get("/api/v1/domains").status_code == 200
    body = json.dumps({"domains": [stage.safe_domain]})
    problem(client.post("/api/v1/verify", body, content_type="application/json"), 403, "csrf")


def test_a_dangerous_act_asks_a_stale_session_for_a_second_factor(stage: Any) -> None:
    """The code says what is missing, so that a page or program can ask for it."""
    answer = stage.client(stage.provider, fresh=False).delete(f"/api/v1/domains/{stage.unsafe_domain}")
    problem(answer, 403, "needs-second-factor")


def test_whoever_has_set_up_no_second_factor_is_told_so(stage: Any) -> None:
    """A session that must enrol gets a whole problem document with a code of its own."""
    from allauth.mfa.models import Authenticator
    from django.contrib.sessions.backends.db import SessionStore

    from mailward.store.models import Account
    from mailward.web import office

    told = stage.made.office
    account = Account.objects.get(email=stage.support)
    kept = list(Authenticator.objects.filter(user=account))
    client = stage.client(stage.support)
    session = SessionStore(client.cookies["__Host-mailward"].value)
    session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
    session.save()
    Authenticator.objects.filter(user=account).delete()
    office.use(replace(told, settings=replace(told.settings, second_factor=SecondFactor.BY_ROLE)))
    try:
        problem(client.get("/api/v1/domains"), 403, "needs-enrolment")
    finally:
        office.use(told)
        Authenticator.objects.bulk_create(kept)


def test_sentences_come_in_the_askers_language_with_one_code(stage: Any) -> None:
    """Texts differ by language, codes don't."""
    program = program_of(stage, stage.customer)
    answers = [program.get("/domains/nobody.example", Accept_Language=wish) for wish in ("en", "de", "nl", "fr")]
    found = [problem(answer, 404, "unknown") for answer in answers]
    assert len({one["reason"]["text"] for one in found}) == 4
    assert len({one["reason"]["code"] for one in found}) == 1
    assert [answer.headers["Content-Language"] for answer in answers] == ["en", "de", "nl", "fr"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing-here", 404), ("PUT", "/domains", 405), ("GET", "/verify", 405), ("OPTIONS", "/domains", 405)],
)
def test_what_no_route_takes_is_a_problem_too(stage: Any, method: str, path: str, status: int) -> None:
    """Unknown addresses and methods are answered in the API's form."""
    answer = program_of(stage, stage.customer).ask(method, path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert (status == 405) == ("Allow" in answer.headers)


def test_every_refused_field_is_named(stage: Any) -> None:
    """A slip in a name and a missing field are told at once, each with its place; values are never repeated."""
    answer = program_of(stage, stage.customer).post("/mailboxes", {"adress": "x@y.example", "password": 7})
    found = problem(answer, 422, "invalid-request")
    assert {(one["field"], one["code"]) for one in found["errors"]} == {
        ("address", "missing"),
        ("adress", "extra_forbidden"),
        ("password", "string_type"),
    }


ODD_BODIES = {
    "no JSON": b"{",
    "nothing": b"",
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "NUL": b'{"name": "a\\u0000b.example"}',
    "half a character": b'{"name": "\\ud800.example"}',
    "deep": b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep, and legal": b'{"name": ' + b"[" * 30 + b"]" * 30 + b"}",
    "twice": b'{"name": "a.example", "name": "b.example"}',
    "no number": b'{"name": NaN}',
    "a huge number": b'{"name": 1' + b"0" * 5000 + b"}",
    "a list": b"[]",
    "null": b"null",
    "a text": b'"x"',
    "a wrong type": b'{"name": {"a": 1}}',
    "a long name": json.dumps({"name": "a" * 100_000}).encode(),
    "huge": b'{"name": "' + b"a" * 1_100_000 + b'"}',
}


ODD_CODES = {
    "NUL": "odd-characters",
    "half a character": "odd-characters",
    "deep, and legal": "too-deep",
    "twice": "unreadable",
}


@pytest.mark.parametrize("kind", ODD_BODIES)
def test_an_odd_body_is_refused_and_nothing_breaks(stage: Any, kind: str) -> None:
    """Whatever is sent as a body: 4xx and a problem document."""
    answer = program_of(stage, stage.provider).post("/domains", ODD_BODIES[kind])
    assert 400 <= answer.status_code < 500, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (kind == "huge") == (answer.status_code == 413)
    assert kind not in ODD_CODES or answer.json()["code"] == ODD_CODES[kind]


def test_a_body_that_is_no_json_by_its_type_is_415(stage: Any) -> None:
    """Forms are not taken, so that no other site's form can be sent here."""
    answer = program_of(stage, stage.provider).post("/domains", b"name=x", Content_Type="application/x-www-form-urlencoded")
    problem(answer, 415, "media-type")


@pytest.mark.parametrize(
    "path", ["/domains/a%00b", "/domains?search=%00", "/runs/0", "/runs/9223372036854775808", "/runs/x"]
)
def test_an_odd_address_is_refused(stage: Any, path: str) -> None:
    """NUL and numbers beyond a column's range never reach the store."""
    answer = program_of(stage, stage.provider).get(path)
    assert answer.status_code in (400, 404, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_pages_of_a_list_lead_to_each_other(stage: Any) -> None:
    """Following the Link header from the first page shows every entry once; the total is the same on each."""
    program = program_of(stage, stage.provider)
    total = program.get("/domains").json()["total"]
    assert total > 4
    seen, path = [], "/domains?limit=2&sort=-name"
    while path:
        answer = program.get(path)
        assert answer.json()["total"] == total
        seen += [one["name"] for one in answer.json()["items"]]
        links = dict(reversed(one.split("; ")) for one in answer.headers.get("Link", "").split(", ") if one)
        path = links.get('rel="next"', "").strip("<>").removeprefix("/api/v1")
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == total


def test_what_is_known_is_not_sent_again(stage: Any) -> None:
    """The ETag of an answer spares the next one; in another language it is another."""
    program = program_of(stage, stage.customer)
    first = program.get(f"/domains/{stage.safe_domain}")
    again = program.get(f"/domains/{stage.safe_domain}", If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert program.get(f"/domains/{stage.safe_domain}", If_None_Match='"other"').status_code == 200


def test_a_change_decided_on_an_old_sight_is_refused(stage: Any) -> None:
    """If-Match with an old tag is 412 and changes nothing; with the right one it is done."""
    program = program_of(stage, stage.provider)
    made = program.post("/groups", {"name": "Tagged"}).json()
    path = f"/groups/{made['id']}"
    tag = program.get(path).headers["ETag"]
    problem(program.ask("PATCH", path, {"name": "No"}, If_Match='"old"'), 412, "changed-meanwhile")
    assert program.ask("PATCH", path, {"name": "Yes"}, If_Match=tag).json()["name"] == "Yes"
    problem(program.ask("DELETE", path, If_Match=tag), 412, "changed-meanwhile")
    assert program.ask("DELETE", path, If_Match="*").status_code == 204
    problem(program.get(path), 404, "unknown")


def test_what_starts_a_run_says_where_to_follow_it(stage: Any) -> None:
    """202 with Location; waiting there answers when the run has ended."""
    program = program_of(stage, stage.customer)
    answer = program.post("/verify", {"domains": [stage.safe_domain]})
    assert answer.status_code == 202
    assert answer.headers["Location"] == answer.json()["run"]["href"]
    path = answer.headers["Location"].removeprefix("/api/v1")
    assert program.get(f"{path}?wait=20").json()["state"] == "done"


def test_a_creation_is_done_once(stage: Any) -> None:
    """The same key and request: the same answer, and one mailbox. Another request under the key is refused."""
    from mailward.store.models import Run

    program = program_of(stage, stage.customer)
    body = {"address": f"once@{stage.safe_domain}"}
    first = program.post("/mailboxes", body, Idempotency_Key="k1")
    runs = Run.objects.count()
    again = program.post("/mailboxes", body, Idempotency_Key="k1")
    assert (first.status_code, again.status_code, Run.objects.count()) == (202, 202, runs)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert (first.json()["secret"] is not None, first.json()["secret_withheld"]) == (True, False)
    assert (again.json()["secret"], again.json()["secret_withheld"]) == (None, True)
    other = program.post("/mailboxes", {"address": f"other@{stage.safe_domain}"}, Idempotency_Key="k1")
    problem(other, 422, "idempotency-key-reused")


def test_a_secret_is_never_kept(stage: Any) -> None:
    """What was answered under a key lies in the store without the password that was made."""
    from mailward.store.models import KeptAnswer

    program = program_of(stage, stage.customer)
    secret = program.post("/tokens", {"label": "x", "acts": ["domains.read"]}, Idempotency_Key="k2").json()["secret"]
    assert secret.startswith("mw_")
    kept = [bytes(row.body).decode() for row in KeptAnswer.objects.all()]
    assert kept
    assert not any(secret in one or secret.rpartition("_")[2] in one for one in kept)


def test_a_refused_creation_can_be_tried_again_under_its_key(stage: Any) -> None:
    """Nothing was done, so the key is free; keys of one person are not another's."""
    program = program_of(stage, stage.customer)
    problem(program.post("/mailboxes", {"address": "x@nobody.example"}, Idempotency_Key="k3"), 404, "unknown")
    assert program.post("/mailboxes", {"address": f"k3@{stage.safe_domain}"}, Idempotency_Key="k3").status_code == 202
    stranger = program_of(stage, stage.other_customer)
    body = {"address": f"k3@{stage.foreign_domain}"}
    assert stranger.post("/mailboxes", body, Idempotency_Key="k3").status_code == 202


def test_a_token_gets_no_answer_that_another_was_given(stage: Any) -> None:
    """A narrowed token that knows the key and the request of a broader one learns nothing by it."""
    body = {"address": f"broad@{stage.safe_domain}"}
    assert program_of(stage, stage.customer).post("/mailboxes", body, Idempotency_Key="k5").status_code == 202
    narrow = program_of(stage, stage.customer, acts=["domains.read"])
    problem(narrow.post("/mailboxes", body, Idempotency_Key="k5"), 422, "idempotency-key-reused")


def test_guessing_tokens_is_slowed_down(stage: Any, slow: None) -> None:
    """Whoever asks without a good token is counted by the address it comes from."""
    for _ in range(PACE.most):
        answer = Program("mw_1_" + "x" * 43).get("/me")
    assert answer.status_code == 401
    problem(Program("mw_1_" + "x" * 43).get("/me"), 429, "too-many-requests")
    assert program_of(stage, stage.customer).get("/me").status_code == 200


def test_a_key_in_use_is_409_and_an_old_one_is_forgotten(stage: Any) -> None:
    """While the first is being done the second is told so; after a day the key is new again."""
    from mailward.store.models import Account, KeptAnswer

    now = stage.made.office.clock.now()
    program = program_of(stage, stage.customer)
    body = {"address": f"late@{stage.safe_domain}"}
    assert program.post("/mailboxes", body, Idempotency_Key="k4").status_code == 202
    row = KeptAnswer.objects.get(account=Account.objects.get(email=stage.customer), key="k4")
    row.status = None
    row.created_at = now
    row.save()
    problem(program.post("/mailboxes", body, Idempotency_Key="k4"), 409, "in-progress")
    row.status, row.created_at = 202, now - timedelta(hours=25)
    row.save()
    problem(program.post("/mailboxes", body, Idempotency_Key="k4"), 409, "already-held")


def test_a_token_that_asks_too_fast_is_told_how_long_to_wait(stage: Any, slow: None) -> None:
    """429 with Retry-After, for this token alone."""
    program, other = program_of(stage, stage.customer), program_of(stage, stage.customer)
    assert int(program.get("/me").headers["RateLimit-Remaining"]) == PACE.most - 1
    for _ in range(PACE.most):
        answer = program.get("/me")
        if answer.status_code == 429:
            break
    problem(answer, 429, "too-many-requests")
    assert 1 <= int(answer.headers["Retry-After"]) <= 61
    assert other.get("/me").status_code == 200


def test_the_pace_counts_by_the_minute() -> None:
    """A new minute begins anew."""
    pace = Pace(2)
    assert [pace.spend("a", 1.0), pace.spend("a", 2.0), pace.spend("b", 2.0)] == [1, 0, 1]
    with pytest.raises(Refusal):
        pace.spend("a", 3.0)
    assert pace.spend("a", 61.0) == 1


def test_monitoring_sees_the_worst_and_the_oldest(stage: Any) -> None:
    """One answer says how everything in reach stands."""
    found = program_of(stage, stage.customer).get("/status").json()
    assert found["verdict"] == "fail"
    assert found["overview"]["counts"]["fail"] == 1
    assert found["overview"]["checked_at"].endswith("Z")


def test_head_is_answered_like_get_without_a_body(stage: Any) -> None:
    """RFC 9110: whoever may read may ask for the headers alone."""
    program = program_of(stage, stage.customer)
    answer = program.ask("HEAD", "/domains")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["ETag"] == program.get("/domains").headers["ETag"]


def test_no_failure_tells_what_failed(stage: Any) -> None:
    """What nobody foresaw is 500 in the API's form: no trace, no name of a module."""
    from mailward.web import office

    told = stage.made.office
    program = program_of(stage, stage.provider)
    try:
        office.use(_Broken(told))  # type: ignore[arg-type]
        answer = program.get("/budget")
    finally:
        office.use(told)
    found = problem(answer, 500, "failed")
    assert "sesame" not in json.dumps(found)
    assert "Traceback" not in answer.content.decode()


class _Broken:
    """An office in which the clock stands still after the door."""

    def __init__(self, whole: Any) -> None:
        self._whole = whole
        self._asked = 0

    def __getattr__(self, name: str) -> Any:
        if name == "clock":
            self._asked += 1
            if self._asked > 1:
                raise ZeroDivisionError("sesame")
        return getattr(self._whole, name)
