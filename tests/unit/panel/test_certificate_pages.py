"""The certificate pages over a made-up world: what is listed, refused at its field, downloaded, and who may do what."""

import re
import time
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from cryptography import x509

from fakes import papers
from stage import Stage

HOSTILE = "<script>alert"
NOW = datetime.now(UTC).replace(microsecond=0)


def text(response: Any) -> str:
    return str(response.content.decode())


def bought(*names: str) -> Any:
    return papers.leaf(*names, after=NOW - timedelta(days=10), until=NOW + timedelta(days=300))


def file(content: bytes, name: str = "certificate.pem") -> BytesIO:
    made = BytesIO(content)
    made.name = name
    return made


def settled(client: Any, path: str, wanted: str = "") -> str:
    """The page when nothing goes on any more, and it says what is ``wanted``."""
    for _ in range(600):
        page = text(client.get(path))
        if "hx-trigger" not in page and wanted in page:
            return page
        time.sleep(0.05)
    raise AssertionError("it never ended")


def test_the_list_shows_what_is_in_reach(stage: Stage) -> None:
    """A provider sees every certificate, a customer their own domains' alone, and nobody's subject becomes markup."""
    everything = text(stage.client(stage.provider).get("/certificates/"))
    own = stage.client(stage.customer).get("/certificates/")
    assert own.status_code == 200
    assert "bluebakery.example-wildcard" in text(own)
    assert "oldmillpress" not in text(own)
    assert "server-san" in everything
    assert "oldmillpress.example-wildcard" in everything
    assert HOSTILE not in everything
    assert "&lt;script&gt;alert" in text(own)


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("state=failed", "oldmillpress.example-wildcard", "server-san"),
        ("state=self-signed", "web-self-signed", "oldmillpress"),
        ("state=valid&q=bluebakery", "bluebakery.example-wildcard", "server-san"),
        ("state=revoked", "No certificate is like that", "server-san"),
        ("q=harbourdental", "harbourdental.example-upload", "bluebakery"),
        ("sort=ends", "server-san", "nothing"),
        ("page=99999999", "certificates", "bluebakery"),
        ("state=%3Cscript%3E&sort=x&page=-1", "server-san", HOSTILE),
    ],
)
def test_the_list_is_searched(stage: Stage, query: str, shown: str, hidden: str) -> None:
    """Search, state and order narrow the list; nonsense in the address is no error and no markup."""
    page = text(stage.client(stage.provider).get(f"/certificates/?{query}"))
    assert shown in page
    assert hidden not in page.partition("<main")[2]


def test_a_state_is_the_same_in_the_store_and_in_a_row(stage: Stage) -> None:
    """The filter of a list and the word beside a certificate never disagree, and each certificate has one state."""
    from mailward.actions.certificate_states import CertificateState, find_certificates, state_of
    from mailward.model.people import Actor

    office, root = stage.made.office, Actor("root")
    found = [(state, row) for state in CertificateState for row in find_certificates(office, root, state=state)]
    assert all(state_of(row, office.clock.now()) is state for state, row in found)
    assert len(found) == find_certificates(office, root).total


def test_green_is_what_was_met(stage: Stage) -> None:
    """Only a certificate that real connections met lately is green; one that nobody chose or saw for hours is not."""
    client = stage.client(stage.provider)
    met = text(client.get("/certificates/bluebakery.example-wildcard/"))
    assert "met at" in met
    stale = text(client.get("/certificates/northwind-studio.example-wildcard/"))
    assert "nobody knows whether it is really shown" in stale
    assert "is-pass" not in text(client.get("/certificates/bluebakery.example-upload/")).partition("<main")[2]


def test_a_failure_is_told_with_its_next_try(stage: Stage) -> None:
    """What failed stands there in a sentence, and when it is tried again."""
    page = text(stage.client(stage.other_customer).get("/certificates/oldmillpress.example-wildcard/"))
    assert "be reached" in page
    assert "It is tried again by itself at" in page


def test_downloads_are_certificates_alone(stage: Stage) -> None:
    """The chain and the leaf come as PEM attachments under a plain name; a key never does, a stranger gets nothing."""
    client = stage.client(stage.customer)
    chain = client.get("/certificates/bluebakery.example-upload/1/chain.pem")
    leaf = client.get("/certificates/bluebakery.example-upload/1/leaf.pem")
    assert chain.headers["Content-Disposition"] == 'attachment; filename="bluebakery.example-upload-1-chain.pem"'
    assert len(x509.load_pem_x509_certificates(chain.content)) == 2
    assert len(x509.load_pem_x509_certificates(leaf.content)) == 1
    assert b"PRIVATE" not in chain.content + leaf.content
    for path in ("1/key.pem", "1/rsa-chain.pem", "9/chain.pem"):
        assert client.get(f"/certificates/bluebakery.example-upload/{path}").status_code == 404
    stranger = stage.client(stage.other_customer)
    assert stranger.get("/certificates/bluebakery.example-upload/1/chain.pem").status_code == 404


@pytest.mark.parametrize("path", ["", "live/", "revoke/", "request.csr"])
def test_a_strangers_certificate_is_unknown(stage: Stage, path: str) -> None:
    """Another's certificate is answered as one that doesn't exist."""
    client = stage.client(stage.customer)
    foreign = client.get(f"/certificates/oldmillpress.example-wildcard/{path}")
    nobodys = client.get(f"/certificates/nobodys.example-wildcard/{path}")
    assert (foreign.status_code, nobodys.status_code) == (404, 404)
    assert client.get(f"/certificates/new/{stage.foreign_domain}/").status_code == 404


def test_who_is_not_signed_in_is_led_to_where_one_is(stage: Stage) -> None:
    """No page of certificates opens for strangers, and they come back to it after signing in."""
    answer = stage.client().get("/certificates/?q=a")
    assert answer.headers["Location"] == "/sign-in/?next=%2Fcertificates%2F%3Fq%3Da"
    assert stage.client().post("/certificates/server-san/renew/").status_code == 302


def test_one_button_gets_the_wildcard_and_shows_its_steps(stage: Stage) -> None:
    """The button orders, assigns and proves; its page tells each step, then that it was met at the doors."""
    client = stage.client(stage.customer)
    answer = client.post(f"/certificates/new/{stage.unsafe_domain}/", {"how": "wildcard"})
    where = answer.headers["Location"]
    assert where == f"/certificates/{stage.unsafe_domain}-wildcard/"
    page = settled(client, where)
    assert "The order is placed with" in page
    assert "proven there" in page
    assert page.count('<li class="is-done">') == 7
    live = client.get(f"{where}live/")
    assert live.headers["HX-Refresh"] == "true"


def test_the_authoritys_limits_are_told_before_an_order(stage: Stage) -> None:
    """What was ordered lately is counted for the domain; the names that others ordered stand nowhere."""
    page = text(stage.client(stage.customer).get(f"/certificates/new/{stage.safe_domain}/"))
    assert f"new certificates are left for {stage.safe_domain} within 7 days" in page
    assert stage.foreign_domain not in page


def test_names_are_refused_at_their_field(stage: Stage) -> None:
    """Names of others, and a wildcard by HTTP-01, come back with what was typed and the reason beside it."""
    client = stage.client(stage.customer)
    for names, challenge in ((f"mail.{stage.foreign_domain}", "dns-01"), (f"*.{stage.safe_domain}", "http-01")):
        form = {"how": "san", "names": names, "challenge": challenge}
        answer = client.post(f"/certificates/new/{stage.safe_domain}/", form)
        assert answer.status_code == 400
        assert 'id="e-names"' in text(answer)
        assert names in text(answer)


GOOD = bought(f"webmail.{Stage.safe_domain}", f"mail.{Stage.safe_domain}")
OTHER = bought(f"mail.{Stage.safe_domain}")


@pytest.mark.parametrize(
    ("field", "form"),
    [
        ("certificate", {}),
        ("certificate", {"certificate": "nonsense"}),
        ("certificate", {"certificate_file": file(b"x" * 300_000)}),
        ("certificate", {"certificate": GOOD.pem.decode(), "key": GOOD.key_pem.decode()}),
        ("key", {"certificate": (GOOD.pem + papers.CHAIN).decode()}),
        ("key", {"certificate": (GOOD.pem + papers.CHAIN).decode(), "key": OTHER.key_pem.decode()}),
        ("chain", {"certificate": GOOD.pem.decode(), "chain": "-" * 300_000}),
        ("password", {"certificate_file": file(papers.p12(GOOD, "open sesame"), "a.p12"), "password": "wrong"}),
    ],
)
def test_an_upload_is_refused_at_its_field(stage: Stage, field: str, form: dict[str, Any]) -> None:
    """Each fault is said beside the part that it is about; no key and no password comes back in the page."""
    client = stage.client(stage.customer)
    answer = client.post(f"/certificates/new/{stage.safe_domain}/", {"how": "upload", **form})
    assert answer.status_code == 400
    page = text(answer)
    assert f'id="e-{field}"' in page
    assert "PRIVATE KEY" not in page
    assert "open sesame" not in page


def test_nothing_that_is_uploaded_touches_a_disk(stage: Stage) -> None:
    """A key must never lie in a temporary file: what is too large for memory is refused, not written."""
    from django.conf import settings

    assert settings.FILE_UPLOAD_HANDLERS == ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
    form = {"how": "upload", "certificate_file": file(GOOD.key_pem + b"#" * 3_000_000)}
    answer = stage.client(stage.customer).post(f"/certificates/new/{stage.safe_domain}/", form)
    assert answer.status_code == 400
    assert "much more than a certificate with its chain needs" in text(answer)


def test_an_upload_and_its_successor(stage: Stage) -> None:
    """Certificate, chain and key from three fields are taken in; the successor is the next version of the same one."""
    client = stage.client(stage.customer)
    address = f"/certificates/new/{stage.safe_domain}/"
    parts = {"certificate_file": file(GOOD.pem), "chain_file": file(papers.CHAIN), "key": GOOD.key_pem.decode()}
    where = client.post(address, {"how": "upload", **parts}).headers["Location"]
    assert f"mail.{stage.safe_domain}" in text(client.get(where))
    later = bought(f"webmail.{stage.safe_domain}", f"mail.{stage.safe_domain}")
    named = where.split("/")[2]
    assert named in text(client.get(f"{address}?how=upload&replaces={named}"))
    p12 = file(papers.p12(later, "open sesame"), "a.p12")
    form = {"how": "upload", "replaces": named, "certificate_file": p12, "password": "open sesame"}
    assert client.post(address, form).headers["Location"] == where
    assert f"{where}2/chain.pem" in text(client.get(where))


def test_a_request_waits_for_its_answer(stage: Stage) -> None:
    """The request can be copied and fetched; nonsense as its answer is refused there; one of another key is told."""
    client = stage.client(stage.customer)
    where = client.post(f"/certificates/new/{stage.safe_domain}/", {"how": "csr", "names": f"mail.{stage.safe_domain}"})
    where = where.headers["Location"]
    page = text(client.get(where))
    assert "-----BEGIN CERTIFICATE REQUEST-----" in page
    assert client.get(f"{where}request.csr").content.startswith(b"-----BEGIN CERTIFICATE REQUEST-----")
    refused = client.post(f"{where}answer/", {"certificate": "nonsense"})
    assert refused.status_code == 400
    assert 'id="e-certificate"' in text(refused)
    assert client.post(f"{where}answer/", {"certificate": (OTHER.pem + papers.CHAIN).decode()}).status_code == 302
    told = settled(client, where)
    assert "does not answer the request" in told
    assert "-----BEGIN CERTIFICATE REQUEST-----" in told


def test_revoking_asks_for_a_second_factor_and_then_tells_the_authority(stage: Stage) -> None:
    """Who showed no second factor lately is led there first; what is still shown is not revoked; then it is, for good."""
    address = "/certificates/bluebakery.example-wildcard/revoke/"
    stale = stage.client(stage.customer, fresh=False)
    assert stale.post(address).headers["Location"].startswith("/confirm/?next=")
    client = stage.client(stage.customer)
    assert "It cannot be taken back" in text(client.get(address))
    refused = client.post(address)
    assert refused.status_code == 400
    assert "still shown to clients" in text(refused)
    names = {"how": "san", "names": f"old.{stage.safe_domain}", "challenge": "dns-01"}
    unused = client.post(f"/certificates/new/{stage.safe_domain}/", names).headers["Location"]
    settled(client, unused, "Revoke")
    assert client.post(f"{unused}revoke/").headers["Location"] == unused
    settled(client, unused, '<span class="pill is-fail">revoked</span>')


def test_who_may_only_look_gets_no_forms(stage: Stage) -> None:
    """A mail administrator sees certificates; the pages offer nothing that the actions would refuse, and they refuse it."""
    client = stage.client(stage.mail_administrator)
    page = text(client.get("/certificates/bluebakery.example-wildcard/"))
    assert "Renew now" not in page
    assert 'name="how"' not in text(client.get(f"/certificates/new/{stage.safe_domain}/"))
    assert client.post(f"/certificates/new/{stage.safe_domain}/", {"how": "wildcard"}).status_code == 403
    assert client.post("/certificates/bluebakery.example-wildcard/renew/").status_code == 403


def test_the_server_is_the_providers(stage: Stage) -> None:
    """The provider gets certificates for the server itself; to a customer its scope is closed."""
    page = text(stage.client(stage.provider).get("/certificates/new/server/"))
    assert "secure the server" in page
    assert stage.client(stage.customer).get("/certificates/new/server/").status_code == 403


def queries(client: Any, path: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(path)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200
    return len(asked)


@pytest.mark.parametrize("path", ["/certificates/", "/certificates/?sort=ends&q=mill", "/certificates/new/"])
def test_a_page_asks_a_constant_number_of_questions(stage: Stage, path: str) -> None:
    """Thirty certificates cost as many questions to the store as three."""
    from mailward.model.certificates import Source
    from mailward.store.lineages import new_lineage
    from mailward.store.models import Customer, Domain, Lineage, Version

    client = stage.client(stage.other_customer)
    few = queries(client, path)
    mill = Customer.objects.get(name="Old Mill Press")
    for number in range(30):
        domain = Domain.objects.create(name=f"mill{number}.example", customer=mill)
        lineage = new_lineage(f"mill{number}.example-upload", domain, Source.UPLOAD, (domain.name,))
        dates = {"not_before": NOW, "not_after": NOW + timedelta(days=90)}
        Version.objects.create(lineage=lineage, number=1, chain_pem=b"", sealed_key=b"", sha256=f"{number:064}", **dates)
        Lineage.objects.filter(pk=lineage.pk).update(current=1)
        domain.mail_lineage = lineage
        domain.save()
    try:
        assert queries(client, path) == few
    finally:
        made = Domain.objects.filter(name__startswith="mill")
        made.update(mail_lineage=None)
        Lineage.objects.filter(domain__in=made).delete()
        made.delete()


def test_every_form_is_protected_against_forgery(stage: Stage) -> None:
    """A post without its token is refused, whoever is signed in."""
    from django.test import Client

    from stage import SESSION

    client = Client(enforce_csrf_checks=True, HTTP_X_FORWARDED_PROTO="https")
    client.cookies[SESSION] = stage.sign_in(stage.customer)
    for path in ("renew/", "revoke/", "answer/"):
        assert client.post(f"/certificates/bluebakery.example-wildcard/{path}").status_code == 403
    page = text(client.get(f"/certificates/new/{stage.safe_domain}/?how=upload"))
    assert re.search(r'name="csrfmiddlewaretoken" value="\w+"', page)
