"""The whole look at real daemons: a domain with its own certificate is all green, one without fails as the manual says."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from whole_host import MAIL_DAEMONS, WholeHost, free_demo

from fakes.chains import Issued, authority, issue
from mailward.audit.probes.doors import observe_doors
from mailward.audit.questions import door_questions
from mailward.audit.report import server_note
from mailward.audit.rules.chain import ChainJudge, TrustRoots
from mailward.audit.rules.doors import judge_door
from mailward.host.clock import RealClock
from mailward.host.tls_dialer import AsyncioTlsDialer
from mailward.model.doors import Door
from mailward.model.findings import SERVER
from mailward.model.verdict import Verdict
from mailward.standards.x509 import describe

pytestmark = pytest.mark.real

TODAY = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
CA = authority(after=TODAY - 365 * DAY, until=TODAY + 365 * DAY)
ALPHA = issue("alpha", CA.intermediate, ("alpha.localhost", "*.alpha.localhost"), after=TODAY - DAY, until=TODAY + 80 * DAY)


def put(host: WholeHost, lineage: str, made: Issued, *above: Issued):
    path = host.put_version(lineage, 1, ("placeholder.test",))
    path.write_bytes(made.key_pem + made.pem + b"".join(one.pem for one in above))
    return path


@pytest.fixture(scope="module")
def host() -> Iterator[WholeHost]:
    settings = free_demo()
    base = settings.ports[Door.IMAPS] - Door.IMAPS.kind.demo_offset
    opened = {at: base + at.kind.demo_offset for at in (Door.IMAP, Door.POP3, Door.SIEVE)}
    settings = replace(settings, ports=settings.ports | opened)
    with WholeHost.started(settings, names=(*MAIL_DAEMONS, "dovecot-starttls")) as made:
        path = put(made, "alpha", ALPHA, CA.intermediate)
        for name in ALPHA_NAMES:
            made.serve(name, path)
        yield made


ALPHA_NAMES = ("alpha.localhost", "*.alpha.localhost")
BLOCKS = (Door.IMAP, Door.POP3, Door.SIEVE)  # Dovecot's own doors show the default here: no local_name block was rendered


def look(host: WholeHost):
    settings = host.settings
    default = describe_file(host, "server")
    asked = door_questions(
        settings,
        ["alpha.localhost", "beta.localhost"],
        lambda _role, name: ALPHA.sha256 if name and name.endswith("alpha.localhost") else default,
        settings.addresses,
    )
    judge = ChainJudge(TrustRoots.from_pem(CA.root.pem))
    seen = observe_doors(asked, AsyncioTlsDialer(), RealClock(), timeout=10)
    return [judge_door(one, judge, settings.hostname) for one in seen]


def describe_file(host: WholeHost, lineage: str) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    pem = host.layout.tls_version(lineage, 1).read_bytes()
    return describe(x509.load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERT") :]).public_bytes(Encoding.DER)).sha256


def test_real_daemons_are_seen_as_they_are(host):
    """Alpha passes at every door, name and address; beta and the server fail as self-signed, under beta's names also as
    made for another name; nothing at any real door can be injected, pushed down or talked into a log-in in clear."""
    findings = look(host)
    assert {f.address for f in findings} == set(host.settings.addresses)
    alpha = Counter((f.verdict, f.code) for f in findings if f.domain == "alpha.localhost" and f.door not in BLOCKS)
    assert set(alpha) == {(Verdict.PASS, "ok")}, alpha
    beta = {(f.verdict, f.code, f.also) for f in findings if f.domain == "beta.localhost"}
    assert beta == {(Verdict.FAIL, "self-signed", ("name-mismatch",))}
    server = {(f.verdict, f.code, f.also) for f in findings if f.domain == SERVER}
    assert server == {(Verdict.FAIL, "self-signed", ())}
    assert "self-signed certificate" in str(server_note(findings))
    attacked = {"starttls-injection", "clear-login", "old-protocol", "not-fully-tested"}
    assert not [f for f in findings if attacked.intersection((f.code, *f.also))]
    assert {f.code for f in findings if f.domain == "alpha.localhost" and f.door in BLOCKS} == {"not-what-was-chosen"}
