"""Certificate runs on a whole host: chosen, served, proven, declared; or undone, with nothing declared."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fakes import papers
from fakes.made_host import LAYOUT
from fakes.sudden_death import Countdown
from mailward.model.doors import Door, Role
from mailward.model.people import Actor
from mailward.model.progress import Quiet
from mailward.model.runs import RunState

ANNA = Actor("anna")
NAMES = ("a.test", "*.a.test")


@pytest.fixture
def held(made):
    return made.holding("a.test", "b.test")


def uploaded(made, domain: str = "a.test", *names: str) -> str:
    from mailward.actions import certificates

    row, _ = certificates.upload(made.office, ANNA, domain, papers.bundle(papers.leaf(*(names or NAMES))))
    return row.id


def choose(made, domain: str, **chosen: str):
    from mailward.actions import choices

    return made.carry_out(choices.choose(made.office, ANNA, domain, **chosen))


def shown(made, domain: str) -> tuple[str | None, str | None]:
    from mailward.actions import domains

    return next((row.webmail, row.mail) for row in domains.list_domains(made.office, ANNA) if row.name == domain)


def pem_of(made, lineage: str, version: int = 1) -> bytes:
    return made.files.read(LAYOUT.tls_version(lineage, version))


def test_a_chosen_certificate_is_served_and_then_declared(held) -> None:
    """A5, A6: at every door that follows the role; and nowhere else."""
    upload = uploaded(held)
    assert choose(held, "a.test", mail=upload).state is RunState.DONE
    assert shown(held, "a.test") == (None, upload)
    assert held.doors.served("imap", "mail.a.test") == pem_of(held, upload)
    assert held.doors.served("smtp", "mail.a.test") == pem_of(held, upload)
    assert held.doors.served("http", "webmail.a.test") == pem_of(held, "web-self-signed")
    assert choose(held, "a.test", webmail=upload).state is RunState.DONE
    assert shown(held, "a.test") == (upload, upload)
    assert held.doors.served("http", "webmail.a.test") == pem_of(held, upload)


def test_what_no_door_proves_is_not_declared(held) -> None:
    """Undone: each name shows what it showed, the choice stands nowhere but in the run, with the reason."""
    before = dict(held.sni.entries), [held.files.names(LAYOUT.tls_names(role)) for role in Role]
    held.doors.troubles = lambda target: "timeout" if target.port == held.settings.ports[Door.POP3S] else None
    row = choose(held, "a.test", mail=uploaded(held))
    assert row.state is RunState.UNDONE
    assert "pop3s" in str(row.what)
    assert shown(held, "a.test") == (None, None)
    assert (dict(held.sni.entries), [held.files.names(LAYOUT.tls_names(role)) for role in Role]) == before


def test_another_domains_trouble_stops_nobody(held) -> None:
    """Only the names of the domain itself must be proven: a door that fails for b.test doesn't undo a.test."""
    held.doors.troubles = lambda target: "timeout" if target.sni and target.sni.endswith("b.test") else None
    assert choose(held, "a.test", mail=uploaded(held)).state is RunState.DONE


def test_one_domain_is_not_given_anothers_names(held) -> None:
    """A certificate that covers b.test, too, answers only to a.test's names when a.test chooses it."""
    upload = uploaded(held, "a.test", *NAMES, "b.test", "*.b.test")
    choose(held, "a.test", mail=upload, webmail=upload)
    assert held.doors.served("smtp", "mail.b.test") == pem_of(held, "mail-self-signed")
    assert held.doors.served("http", "webmail.b.test") == pem_of(held, "web-self-signed")


def test_another_certificate_takes_the_names_it_covers_and_drops_the_others(held) -> None:
    """From a wildcard to a SAN certificate: names it doesn't cover fall back to the server's."""
    first, second = uploaded(held), uploaded(held, "a.test", "mail.a.test", "webmail.a.test")
    choose(held, "a.test", mail=first)
    assert choose(held, "a.test", mail=second).state is RunState.DONE
    assert held.doors.served("imap", "mail.a.test") == pem_of(held, second)
    assert held.doors.served("imap", "other.a.test") == pem_of(held, "mail-self-signed")
    assert held.files.names(LAYOUT.tls_names(Role.MAIL)) == ["mail.a.test", held.settings.hostname, "webmail.a.test"]


def test_the_servers_certificate_changes_for_those_who_ask_for_nobody(held) -> None:
    """A2: valid server-wide certificate for mail and panel, also for clients without a name; and back again."""
    for secured in ("server",):
        held.secured(secured)
    new = pem_of(held, "server-san")
    for sni in (None, "unknown.invalid", held.settings.hostname):
        assert [held.doors.served(protocol, sni) for protocol in ("http", "imap", "smtp")] == [new] * 3
    assert choose(held, "server", webmail="self-signed", mail="self-signed").state is RunState.DONE
    assert held.doors.served("smtp", None) == pem_of(held, "mail-self-signed")


def test_a_stored_certificate_that_expired_meanwhile_is_refused(held) -> None:
    """What was good when it was uploaded is looked at again before it is served."""
    upload = uploaded(held)
    held.clock.move(days=100)
    row = choose(held, "a.test", mail=upload)
    assert row.state is RunState.REFUSED
    assert "expired" in str(row.what)
    assert shown(held, "a.test") == (None, None)


def test_a_pasted_answer_is_checked_kept_and_served_when_chosen(held) -> None:
    """A4: the bought certificate that answers the request made here; another one is refused, and the request stays."""
    from cryptography import x509

    from fakes.chains import issue
    from fakes.scripted_ca import _AUTHORITY
    from mailward.actions import certificates
    from mailward.store.models import SigningRequest

    row, csr_pem = certificates.signing_request(held.office, ANNA, "a.test")
    wrong = held.carry_out(certificates.answer(held.office, ANNA, row.id, papers.leaf(*NAMES).pem + papers.CHAIN))
    assert wrong.state is RunState.REFUSED
    assert SigningRequest.objects.count() == 1

    class Key:
        """Only the public half is known to a CA."""

        def public_key(self):
            return x509.load_pem_x509_csr(csr_pem).public_key()

    when = {"after": papers.NOW, "until": papers.NOW.replace(year=2027)}
    bought = issue("a.test", _AUTHORITY.intermediate, NAMES, key=Key(), **when).certificate
    pem = bought.public_bytes(papers.Encoding.PEM) + papers.CHAIN
    good = held.carry_out(certificates.answer(held.office, ANNA, row.id, pem))
    assert good.state is RunState.DONE, str(good.what)
    assert SigningRequest.objects.count() == 0
    assert certificates.show_certificate(held.office, ANNA, row.id).current == 1
    assert choose(held, "a.test", mail=row.id).state is RunState.DONE
    assert pem in pem_of(held, row.id)


def test_clients_are_told_the_domains_own_host_once_it_is_proven(held) -> None:
    """Autoconfig and SRV name mail.<domain> while it has a certificate of its own, and the server before and after."""
    path = LAYOUT.web / "autoconfig" / "a.test.xml"
    server = held.settings.hostname.encode()
    assert server in held.files.read(path)
    upload = uploaded(held)
    choose(held, "a.test", mail=upload)
    assert b"mail.a.test" in held.files.read(path)
    assert server not in held.files.read(path)
    assert any("mail.a.test" in record for record in held.dns.records[("_imaps._tcp.a.test", "SRV")])
    choose(held, "a.test", mail="self-signed")
    assert server in held.files.read(path)
    assert any(held.settings.hostname in record for record in held.dns.records[("_imaps._tcp.a.test", "SRV")])


def test_a_name_server_in_trouble_after_the_proof_undoes_nothing(held) -> None:
    """The certificate is served and proven: that SRV records could not be changed is said, and no failure of it."""
    from mailward.model.errors import NotPossible
    from mailward.model.sentence import Sentence

    upload = uploaded(held)
    held.dns.refuses = NotPossible(Sentence("the name server refused"), code="dns-update-failed")
    row = choose(held, "a.test", mail=upload)
    assert row.state is RunState.DONE
    assert "the name server refused" in str(row.what) + str(row.remedy)
    assert shown(held, "a.test") == (None, upload)


def test_one_certificate_costs_the_same_among_few_and_many_domains(made) -> None:
    """Changes to the machine and queries to the store don't grow with the number of other domains."""
    from mailward.actions import choices
    from mailward.steward.steward import Steward
    from mailward.store.models import Customer, Domain

    made.holding("a.test")
    costs = []
    for others in (5, 300):
        holder, _ = Customer.objects.get_or_create(name="many")
        Domain.objects.bulk_create(Domain(name=f"d{others}-{n}.test", customer=holder) for n in range(others))
        upload = uploaded(made)
        asked = choices.choose(made.office, ANNA, "a.test", webmail=upload, mail=upload)
        countdown = Countdown()
        with CaptureQueriesContext(connection) as queries:
            Steward(made.mortal(countdown)).take(asked.run_id, Quiet())
        costs.append((countdown.count, len(queries)))
        assert made.carry_out(asked).state is RunState.DONE
        made.carry_out(choices.choose(made.office, ANNA, "a.test", webmail="self-signed", mail="self-signed"))
    assert costs[0] == costs[1]


def test_dovecots_own_doors_show_the_chosen_certificate_too(another) -> None:
    """Where mailward.toml opens a STARTTLS door, choosing brings the certificate there as well, in the same run."""
    settings = another().settings
    opened = replace(settings, ports={**settings.ports, Door.IMAP: 12143, Door.SIEVE: 14190})
    made = another(opened).holding("a.test")
    from mailward.actions import configuration

    assert made.carry_out(configuration.apply(made.office, ANNA)).state is RunState.DONE
    upload = uploaded(made)
    row = choose(made, "a.test", mail=upload)
    assert row.state is RunState.DONE, str(row.what)
    assert made.doors.served_by_dovecot("mail.a.test") == pem_of(made, upload)
    assert choose(made, "a.test", mail="self-signed").state is RunState.DONE
    assert made.doors.served_by_dovecot("mail.a.test") == pem_of(made, "mail-self-signed")
