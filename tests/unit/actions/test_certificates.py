"""Certificates as people handle them: uploads, requests, orders, choices; what is refused, warned of and written down."""

from datetime import timedelta

import pytest

from fakes import papers
from mailward.model.certificates import Challenge
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.runs import RunKind, RunState
from mailward.model.settings import KeyType

ANNA = Actor("anna")
NAMES = ("a.test", "*.a.test")


@pytest.fixture
def office(made):
    """a.test of A and b.test of B are held."""
    from mailward.actions import domains

    domains.add_domain(made.office, ANNA, "a.test", customer="A")
    domains.add_domain(made.office, ANNA, "b.test", customer="B")
    return made.office


def refused(action, *args, **options) -> BadInput:
    """The refusal; and nothing was changed by it."""
    from mailward.store.models import Event, Lineage, Run, SigningRequest, Version

    tables = (Event, Lineage, Run, SigningRequest, Version)
    before = [list(table.objects.order_by("pk").values()) for table in tables]
    with pytest.raises(BadInput) as caught:
        action(*args, **options)
    assert [list(table.objects.order_by("pk").values()) for table in tables] == before
    return caught.value


def uploaded(office, domain: str = "a.test", *names: str):
    from mailward.actions import certificates

    row, _ = certificates.upload(office, ANNA, domain, papers.bundle(papers.leaf(*(names or NAMES))))
    return row


GOOD = papers.leaf(*NAMES)
OTHER = papers.leaf(*NAMES)


@pytest.mark.parametrize(
    ("code", "material", "password"),
    [
        ("not-pem", b"garbage", None),
        ("not-pem", bytes(range(256)) * 4, None),
        ("no-certificate", b"   ", None),
        ("no-key", GOOD.pem + papers.CHAIN, None),
        ("no-certificate", GOOD.key_pem, None),
        ("key-mismatch", papers.bundle(GOOD, key=OTHER), None),
        ("several-keys", papers.bundle(GOOD) + OTHER.key_pem, None),
        ("several-leaves", papers.bundle(GOOD) + OTHER.pem, None),
        ("truncated", papers.bundle(GOOD)[:-40], None),
        ("certificate-unreadable", papers.bundle(GOOD).replace(b"MII", b"AAA", 1), None),
        ("too-big", papers.bundle(GOOD) + b"#" * 300_000, None),
        ("chain-incomplete", papers.bundle(GOOD, chain=b""), None),
        ("chain-incomplete", papers.bundle(papers.leaf(*NAMES, by=papers.STRANGER), chain=b""), None),
        ("expired", papers.bundle(papers.leaf(*NAMES, until=papers.NOW - timedelta(seconds=1))), None),
        ("not-yet-valid", papers.bundle(papers.leaf(*NAMES, after=papers.NOW + timedelta(hours=1))), None),
        ("no-names", papers.bundle(papers.leaf()), None),
        ("is-ca", papers.bundle(papers.leaf(*NAMES, ca=True)), None),
        ("password-needed", GOOD.pem + papers.CHAIN + papers.locked_key(GOOD, "open sesame"), None),
        ("password-wrong", GOOD.pem + papers.CHAIN + papers.locked_key(GOOD, "open sesame"), "something else"),
        ("pkcs12-unreadable", papers.p12(GOOD, "open sesame"), "something else"),
        ("pkcs12-unreadable", papers.p12(GOOD, "open sesame")[:200], "open sesame"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 30 else "",
)  # fmt: skip
def test_bad_material_is_refused_by_its_fault(office, code: str, material: bytes, password: str | None) -> None:
    """Each upload that couldn't serve is refused with its own code; nothing is stored, and no refusal repeats a secret."""
    from mailward.actions import certificates

    said = refused(certificates.upload, office, ANNA, "a.test", material, password=password)
    assert said.code == code
    text = repr(said) + str(said) + str(said.what) + str(said.remedy)
    assert GOOD.key_pem.decode().splitlines()[1] not in text
    assert password is None or password not in text


def test_a_good_upload_becomes_a_lineage(office) -> None:
    """PEM in one piece, in two, encrypted, or PKCS#12: the same certificate; nothing is shown to clients yet."""
    from mailward.actions import certificates

    ways = [
        {"material": papers.bundle(GOOD)},
        {"material": GOOD.pem + papers.CHAIN, "key": GOOD.key_pem},
        {"material": GOOD.pem + papers.CHAIN, "key": papers.locked_key(GOOD, "open sesame"), "password": "open sesame"},
        {"material": papers.p12(GOOD, "open sesame"), "password": "open sesame"},
        {"material": GOOD.key_pem + papers.CHAIN + b"text around it\n" + GOOD.pem},
    ]
    for number, way in enumerate(ways, 1):
        row, asked = certificates.upload(office, ANNA, "a.test", **way)
        assert asked is None
        assert row.id == ("a.test-upload" if number == 1 else f"a.test-upload-{number}")
        assert (row.current, row.sha256, row.chosen_for, row.source) == (1, GOOD.sha256, (), "upload")
        assert set(row.names) == set(NAMES)
    assert len(certificates.list_certificates(office, ANNA, "a.test")) == len(ways)
    assert certificates.list_certificates(office, ANNA, "b.test").rows == ()


def test_an_upload_for_a_domain_that_is_not_held_is_refused(office) -> None:
    """Material for nobody is not kept."""
    from mailward.actions import certificates

    assert refused(certificates.upload, office, ANNA, "c.test", papers.bundle(GOOD)).code == "unknown"


def test_an_upload_can_follow_an_earlier_one(office) -> None:
    """The successor is the next version of the same lineage; where it isn't shown, it is current at once; foreign or
    unknown lineages are refused."""
    from mailward.actions import certificates

    row = uploaded(office)
    later = papers.leaf(*NAMES)
    again, asked = certificates.upload(office, ANNA, "a.test", papers.bundle(later), lineage_id=row.id)
    assert asked is None
    assert (again.id, again.current, again.sha256) == (row.id, 2, later.sha256)
    assert [(v.number, v.served) for v in certificates.history(office, ANNA, row.id)] == [(2, False), (1, False)]
    upload, bundle = certificates.upload, papers.bundle(later)
    assert refused(upload, office, ANNA, "b.test", bundle, lineage_id=row.id).code == "not-own"
    assert refused(upload, office, ANNA, "a.test", bundle, lineage_id="none").code == "unknown"
    assert refused(upload, office, ANNA, "server", bundle, lineage_id="web-self-signed").code == "not-own"


def test_an_upload_where_it_is_shown_goes_through_the_steward(made, office) -> None:
    """The successor of a certificate that clients see is not current before a run has proven it."""
    from mailward.actions import certificates, choices, runs

    row = uploaded(office)
    made.carry_out(choices.choose(office, ANNA, "a.test", mail=row.id))
    later = papers.leaf(*NAMES)
    shown, asked = certificates.upload(office, ANNA, "a.test", papers.bundle(later), lineage_id=row.id)
    assert asked is not None
    assert (shown.current, shown.sha256) == (1, row.sha256)
    assert runs.show_run(office, ANNA, asked.run_id).kind == RunKind.CERTIFICATE
    made.carry_out(asked)
    assert certificates.show_certificate(office, ANNA, row.id).sha256 == later.sha256
    assert [(v.number, v.served) for v in certificates.history(office, ANNA, row.id)] == [(2, True), (1, False)]


def test_a_request_is_made_here_and_its_key_stays_here(office) -> None:
    """The CSR names the domain and its wildcard (or what was asked), and can be shown again until it is answered."""
    from cryptography import x509

    from mailward.actions import certificates

    row, csr = certificates.signing_request(office, ANNA, "a.test")
    assert row.id == "a.test-csr"
    assert row.current is None
    assert certificates.pending_request(office, ANNA, row.id) == csr
    parsed = x509.load_pem_x509_csr(csr)
    names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == list(NAMES)
    assert b"PRIVATE" not in csr
    other, _ = certificates.signing_request(office, ANNA, "a.test", ["mail.a.test"], KeyType.RSA2048)
    assert other.names == ("mail.a.test",)
    assert refused(certificates.signing_request, office, ANNA, "a.test", ["no such name"]).field == "names"
    assert refused(certificates.signing_request, office, ANNA, "c.test").code == "unknown"
    assert refused(certificates.pending_request, office, ANNA, "mail-self-signed").code == "no-request"


def test_an_answer_is_kept_without_what_else_was_pasted(office) -> None:
    """Who pastes a whole file with a private key in it gets no key into any table; garbage and unknown requests are
    refused at once."""
    from mailward.actions import certificates
    from mailward.store.models import Run

    row, _ = certificates.signing_request(office, ANNA, "a.test")
    asked = certificates.answer(office, ANNA, row.id, b"Dear customer,\n" + papers.bundle(GOOD))
    request = Run.objects.get(pk=asked.run_id).request
    assert "PRIVATE" not in request["chain"]
    assert "Dear" not in request["chain"]
    assert request["chain"].count("BEGIN CERTIFICATE") == 2
    assert refused(certificates.answer, office, ANNA, row.id, b"garbage").code == "not-pem"
    assert refused(certificates.answer, office, ANNA, row.id, GOOD.key_pem).code == "no-certificate"
    assert refused(certificates.answer, office, ANNA, row.id, papers.CHAIN + b"#" * 300_000).code == "too-big"
    assert refused(certificates.answer, office, ANNA, "mail-self-signed", GOOD.pem).code == "no-request"


def test_without_names_the_wildcard_is_ordered(office) -> None:
    """Domain and wildcard by DNS-01 (A3); asked again, the same lineage; other names are another one."""
    from mailward.actions import certificates, orders, runs
    from mailward.store.models import Run

    asked = orders.issue(office, ANNA, "a.test")
    row = certificates.show_certificate(office, ANNA, "a.test-wildcard")
    assert (row.names, row.challenge, row.current) == (NAMES, "dns-01", None)
    run = runs.show_run(office, ANNA, asked.run_id)
    assert (run.kind, run.state, run.subject) == (RunKind.ORDER, RunState.WAITING, "a.test-wildcard")
    assert Run.objects.get(pk=asked.run_id).request == {"lineage": "a.test-wildcard", "scope": "a.test", "choose": []}
    orders.issue(office, ANNA, "a.test", ["*.a.test", "a.test"])
    orders.issue(office, ANNA, "a.test", ["mail.a.test", "webmail.a.test"], Challenge.HTTP_01)
    ids = [one.id for one in certificates.list_certificates(office, ANNA, "a.test")]
    assert ids == ["a.test-san", "a.test-wildcard"]


def test_another_kind_of_key_is_taken_for_the_next_version(office) -> None:
    """Asked for the same names with another kind of key, the lineage changes its kind instead of ignoring the wish."""
    from mailward.actions import orders
    from mailward.store.models import Lineage

    orders.issue(office, ANNA, "a.test")
    assert Lineage.objects.get(pk="a.test-wildcard").key_type == "p256"
    orders.issue(office, ANNA, "a.test", key_type=KeyType.RSA2048)
    assert Lineage.objects.get(pk="a.test-wildcard").key_type == "rsa2048"


def test_the_servers_own_name_is_ordered_for_the_server(office) -> None:
    """For "server" it is the host name, and nothing else is taken."""
    from mailward.actions import certificates, orders

    orders.issue(office, ANNA, "server", challenge=Challenge.HTTP_01)
    assert certificates.show_certificate(office, ANNA, "server-san").names == (office.settings.hostname,)
    assert refused(orders.issue, office, ANNA, "server", ["a.test"], Challenge.HTTP_01).code == "foreign-name"


@pytest.mark.parametrize(
    ("names", "options", "code"),
    [
        (["b.test"], {}, "foreign-name"),
        (["a.test", "xa.test"], {}, "foreign-name"),
        (["mail.a.test", "*.a.test"], {"challenge": Challenge.HTTP_01}, "wildcard-needs-dns"),
        ((), {"challenge": Challenge.HTTP_01}, "wildcard-needs-dns"),
        (["no name"], {}, "name-characters"),
        (["mail.*.a.test"], {}, "name-wildcard"),
        ((), {"ca": "nobody"}, "unknown"),
    ],
)
def test_orders_that_no_ca_could_fill_are_refused_at_once(office, names, options, code: str) -> None:
    """Other customers' names, wildcards by HTTP, names that are none and unknown CAs never reach a CA."""
    from mailward.actions import orders

    assert refused(orders.issue, office, ANNA, "a.test", names, **options).code == code


def test_without_a_ca_nothing_is_ordered(office) -> None:
    """An instance that knows no CA says how to name one."""
    from dataclasses import replace

    from mailward.actions import orders

    bare = replace(office, settings=replace(office.settings, cas=()))
    said = refused(orders.issue, bare, ANNA, "a.test")
    assert said.code == "no-ca"
    assert "[[ca]]" in str(said.remedy)


def test_only_what_can_be_renewed_is_renewed(office) -> None:
    """Self-signed and ACME lineages have a next version; an uploaded one is followed by an upload."""
    from mailward.actions import orders, runs

    assert runs.show_run(office, ANNA, orders.renew(office, ANNA, "mail-self-signed").run_id).kind == RunKind.ORDER
    assert refused(orders.renew, office, ANNA, uploaded(office).id).code == "not-renewable"
    assert refused(orders.renew, office, ANNA, "none").code == "unknown"


def test_what_clients_still_see_is_not_revoked(made, office) -> None:
    """A certificate that a domain or the server itself shows can't be revoked; nor one that no ACME CA issued."""
    from mailward.actions import choices, orders

    made.secured("a.test", "server")
    assert refused(orders.revoke, office, ANNA, "a.test-wildcard").code == "in-use"
    assert refused(orders.revoke, office, ANNA, "server-san").code == "in-use"
    assert refused(orders.revoke, office, ANNA, "mail-self-signed").code == "not-revocable"
    back = choices.choose(office, ANNA, "a.test", webmail="self-signed", mail="self-signed")
    made.carry_out(back)
    made.carry_out(orders.revoke(office, ANNA, "a.test-wildcard"))
    assert len(made.ca.revoked) == 1


def test_a_choice_names_what_is_missing(office) -> None:
    """A certificate that doesn't cover webmail.<domain> or mail.<domain> is refused with that name."""
    from mailward.actions import choices

    row = uploaded(office, "a.test", "mail.a.test", "a.test")
    said = refused(choices.choose, office, ANNA, "a.test", webmail=row.id, mail=row.id)
    assert said.code == "names-missing"
    assert "webmail.a.test" in str(said.what)
    choices.choose(office, ANNA, "a.test", mail=row.id)
    said = refused(choices.choose, office, ANNA, "server", mail=uploaded(office, "server", "else.test").id)
    assert said.code == "names-missing"
    assert office.settings.hostname in str(said.what)


def test_choices_that_mean_nothing_are_refused(office) -> None:
    """No certificate named, another customer's, one that isn't issued yet, one that doesn't exist."""
    from mailward.actions import certificates, choices

    row = uploaded(office)
    pending, _ = certificates.signing_request(office, ANNA, "a.test")
    choose = choices.choose
    assert refused(choose, office, ANNA, "a.test").code == "nothing-named"
    assert refused(choose, office, ANNA, "b.test", mail=row.id).code == "not-own"
    assert refused(choose, office, ANNA, "server", mail=row.id).code == "not-own"
    assert refused(choose, office, ANNA, "a.test", mail=pending.id).code == "not-issued"
    assert refused(choose, office, ANNA, "a.test", mail="none").code == "unknown"
    assert refused(choose, office, ANNA, "c.test", mail=row.id).code == "unknown"


def test_a_domain_certificate_on_an_unsecured_server_is_taken_with_a_warning(made, office) -> None:
    """A9: the choice is accepted, and said to protect only those who ask for the domain's names; once the server is
    secured, nothing is left to warn of."""
    from mailward.actions import choices
    from mailward.store.models import Run

    row = uploaded(office)
    asked = choices.choose(office, ANNA, "a.test", webmail=row.id, mail=row.id)
    assert any("self-signed" in str(warning) and "a.test" in str(warning) for warning in asked.warnings)
    assert Run.objects.get(pk=asked.run_id).request == {
        "choices": [
            {"scope": "a.test", "role": "web", "lineage": row.id},
            {"scope": "a.test", "role": "mail", "lineage": row.id},
        ]
    }
    assert choices.secure(office, ANNA, "a.test").warnings != ()
    assert choices.secure(office, ANNA, "server").warnings == ()
    made.secured("server")
    assert choices.choose(office, ANNA, "a.test", webmail=row.id, mail=row.id).warnings == ()
    assert choices.secure(office, ANNA, "a.test").warnings == ()


def test_going_back_to_the_servers_own_certificate_needs_no_material(office) -> None:
    """ "self-signed" is always there: for a domain it means no certificate of its own, for the server its first one."""
    from mailward.actions import choices
    from mailward.store.models import Run

    asked = choices.choose(office, ANNA, "a.test", webmail="self-signed")
    assert asked.warnings == ()
    request = {"choices": [{"scope": "a.test", "role": "web", "lineage": None}]}
    assert Run.objects.get(pk=asked.run_id).request == request
    asked = choices.choose(office, ANNA, "server", webmail="self-signed", mail="self-signed")
    assert [one["lineage"] for one in Run.objects.get(pk=asked.run_id).request["choices"]] == [
        "web-self-signed",
        "mail-self-signed",
    ]


def test_nothing_is_shown_before_a_run_has_proven_it(office) -> None:
    """Choosing changes no selection: what stands in the domain's row is what was last proven."""
    from mailward.actions import choices, domains

    choices.choose(office, ANNA, "a.test", mail=uploaded(office).id)
    assert domains.list_domains(office, ANNA).rows[0].mail is None


def test_securing_asks_for_both_roles_at_once(office) -> None:
    """One run: the wildcard, then webmail and mail."""
    from mailward.actions import choices
    from mailward.store.models import Run

    asked = choices.secure(office, ANNA, "a.test")
    assert Run.objects.get(pk=asked.run_id).request == {
        "lineage": "a.test-wildcard",
        "scope": "a.test",
        "choose": ["web", "mail"],
    }


def test_a_domain_with_a_certificate_of_its_own_is_not_removed(made, office) -> None:
    """First it must fall back to the server's: nothing keeps pointing at a certificate of nobody's."""
    from mailward.actions import domains

    made.secured("a.test")
    assert refused(domains.remove_domain, office, ANNA, "a.test").code == "in-use"


def test_a_removed_domains_certificates_are_kept_and_not_renewed(made, office) -> None:
    """The history stays; nothing is ordered for a domain that isn't held any more."""
    from mailward.actions import choices, domains
    from mailward.steward.daily import ask_for_renewals
    from mailward.store.models import Lineage

    made.secured("a.test")
    back = choices.choose(office, ANNA, "a.test", webmail="self-signed", mail="self-signed")
    made.carry_out(back)
    domains.remove_domain(office, ANNA, "a.test")
    assert Lineage.objects.get(pk="a.test-wildcard").versions.count() == 1
    made.clock.move(days=400)
    ask_for_renewals(made.host)
    assert not Lineage.objects.get(pk="a.test-wildcard").renew_at
