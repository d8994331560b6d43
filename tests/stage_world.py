"""What is on the stage: a small hosting firm on an ordinary day: something safe, something broken, something new."""

from datetime import UTC, datetime, timedelta
from typing import Any

from stage import SECRET, TOTP_SECRET, Stage

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'
CUSTOMERS = {
    "Blue Bakery": ("bluebakery.example", "bluebakery-shop.example"),
    "Harbour Dental": ("harbourdental.example",),
    "Old Mill Press": ("oldmillpress.example",),
    "Northwind Studio": ("northwind-studio.example", "xn--bcher-kva.example"),
    "Société Générale du Très Long Nom": ("the-longest-name-that-somebody-really-registered-one-day.example",),
}
MAILBOXES = {
    "bluebakery.example": ("info", "orders", "paula", "uma", "mia"),
    "bluebakery-shop.example": ("sales",),
    "harbourdental.example": ("reception", "dr.jansen"),
    "oldmillpress.example": ("otto", "printing"),
    "northwind-studio.example": ("hello",),
}


def fill(*, server_secured: bool) -> Any:
    """The made host, with a store that tells its story of the last days."""
    from fakes.made_host import MadeHost

    made = MadeHost()
    now = datetime.now(UTC).replace(microsecond=0)
    made.clock.move(seconds=(now - timedelta(days=3) - made.clock.now()).total_seconds())
    made.born()
    _domains(made)
    if server_secured:
        made.secured("server")
    _certificates(made, now)
    made.clock.move(seconds=(now - made.clock.now()).total_seconds())
    _look(made, now)
    _runs(made, now)
    _people()
    _events(made, now)
    _names(made, now)
    dns_checks(now)
    _reports(now)
    return made


def _domains(made: Any) -> None:
    from fakes.made_host import ANNA
    from mailward.actions.domains import add_domain
    from mailward.store.models import Alias, Domain, Mailbox

    for customer, domains in CUSTOMERS.items():
        for domain in domains:
            add_domain(made.office, ANNA, domain, customer)
    for name, boxes in MAILBOXES.items():
        domain = Domain.objects.get(name=name)
        for box in boxes:
            sealed = made.office.seal.seal(made.office.hash_password(SECRET).encode())
            Mailbox.objects.create(domain=domain, local_part=box, sealed_password=sealed, quota_bytes=2 << 30)
    bakery = Domain.objects.get(name="bluebakery.example")
    Alias.objects.create(domain=bakery, local_part="postmaster", targets=["paula@bluebakery.example"])
    Alias.objects.create(domain=bakery, local_part="team", targets=["paula@bluebakery.example", "uma@bluebakery.example"])
    made.carry_out()


def _names(made: Any, now: datetime) -> None:
    """A partner's name, a pattern of one's own, look-alikes that were seen; and a domain that is yet to be proven."""
    from fakes.made_host import ANNA
    from mailward.actions import domains, name_lists
    from mailward.model.people import Actor
    from mailward.model.rights import Grant, PersonRole
    from mailward.store.models import NameWatch, WatchedName

    name_lists.add_partner(made.office, ANNA, "harbour-bank.example", "the bank of many")
    name_lists.deny(made.office, ANNA, "*casino*", HOSTILE)
    name_lists.allow(made.office, ANNA, "dhl", "a customer's own name")
    rows = (
        ("bluebakary.example", "bluebakery.example", "typo", ["mail.collector.example"], False),
        ("xn--bluebakry-c4a.example", "bluebakery.example", "homograph", [], False),
        ("harbour-bank-login.example", "harbour-bank.example", "word", ["mx.harbour-bank.example"], True),
    )
    for name, of, kind, hosts, known in rows:
        WatchedName.objects.create(
            name=name, of=of, kind=kind, mail_hosts=hosts, known=known, first_seen=now - timedelta(days=9), last_seen=now,
            name_servers=["ns1.parking.example", "ns2.parking.example"],
        )  # fmt: skip
    NameWatch.objects.create(pk=1, guarded="harbour-bank.example", position=60, asked=12345, round_began_at=now)
    baker = Actor("paula", (Grant(PersonRole.CUSTOMER, customer="Blue Bakery"),))
    domains.add_domain(made.office, baker, Stage.unproven_domain)
    made.carry_out()


def dns_checks(now: datetime) -> None:
    """A domain that is green, one with a fault of each kind and the records that cure it, one that was looked at long ago,
    and the server itself."""
    from mailward.model.checks import SIX, CheckFinding, Evidence, Mechanism
    from mailward.model.dns import Record
    from mailward.model.sentence import NOTHING, Sentence
    from mailward.model.verdict import Verdict
    from mailward.store import checks

    def found(domain: str, mechanism: Mechanism, verdict: Verdict, age: int = 9, **more: Any) -> CheckFinding:
        name = Stage.safe_domain if domain == "server" else domain
        seen = Evidence(name, "TXT", "NOERROR", (f'"v=spf1 +a +mx ~all {HOSTILE}"',), "127.0.0.1:5353", True, 300)
        said = Sentence("{name} says what it should", name=name)
        values: dict[str, Any] = {"code": f"{mechanism.value}-{verdict.value}", "reason": said, "remedy": NOTHING}
        values |= {"evidence": (seen,), "source": "resolver 127.0.0.1:5353", "subject": name} | more
        at = now - timedelta(minutes=age)
        return CheckFinding(domain=domain, mechanism=mechanism, verdict=verdict, checked_at=at, **values)

    unsafe, late = Stage.unsafe_domain, "harbourdental.example"
    spf = Record(unsafe, "TXT", "v=spf1 +a +mx include:_spf.mx.mailward.localhost ~all")
    broken = [
        found(
            unsafe, Mechanism.SPF, Verdict.FAIL, cure=(spf,), replaces=(Record(unsafe, "TXT", "v=spf1 -all"),),
            reason=Sentence("{name} has no SPF record: receivers can't tell its mail from forged mail.", name=unsafe),
            remedy=Sentence("Publish the record that is shown."),
        ),
        found(unsafe, Mechanism.DKIM, Verdict.PASS, subject="s1._domainkey"),
        found(unsafe, Mechanism.DKIM, Verdict.FAIL, subject="s2._domainkey",
              cure=(Record(f"s2._domainkey.{unsafe}", "TXT", "v=DKIM1; k=rsa; p=" + "A" * 392),)),
        found(unsafe, Mechanism.DMARC, Verdict.WARN),
        found(unsafe, Mechanism.DNSBL, Verdict.UNKNOWN, subject="bl.invalid", evidence=()),
        found(unsafe, Mechanism.DANE, Verdict.NOT_APPLICABLE),
        found(unsafe, Mechanism.MTA_STS, Verdict.WARN),
        found(unsafe, Mechanism.CONTRADICTION, Verdict.FAIL),
    ]  # fmt: skip
    well = [found(Stage.safe_domain, one, Verdict.PASS) for one in (*SIX, Mechanism.DNSSEC)]
    old = [found(late, one, Verdict.PASS, age=60 * 30) for one in SIX]
    server = [found("server", one, Verdict.PASS) for one in (Mechanism.RDNS, Mechanism.DNSBL)]
    rows = [*broken, *well, *old, *server]
    checks.keep(rows, [unsafe, Stage.safe_domain, late, "server"], now)


def _reports(now: datetime) -> None:
    """A month of what two other servers saw of the shop's mail: its own, a service, and what is forged in passing."""
    from mailward.standards.dmarc import reports
    from mailward.standards.tls_rpt import FailureDetail, PolicyReport, TlsReport
    from mailward.store import received

    domain = Stage.unsafe_domain
    published = reports.Published(domain, "quarantine")
    for day in range(1, 29):
        begin = (now - timedelta(days=day)).replace(hour=0, minute=0, second=0)
        for reporter, weight in (("bigmail.example", 7), ("Provider <script>", 2)):
            service = (reports.AuthResult("newsletters.example", "pass", "s1"),)
            rows = [reports.ReportRow("127.0.0.1", weight * (3 + day % 7), "none", True, True, domain)]
            if day % 7 == 2:
                seen = reports.ReportRow("198.51.100.7", 3 * weight, "none", False, False, domain, dkim_results=service)
                rows.append(seen)
            if day % 5 == 0:
                rows += [reports.ReportRow(f"2001:db8::{day}", weight, "quarantine", False, False, domain)]
            about = reports.AggregateReport(
                reporter, "x@bigmail.example", str(day), begin, begin + timedelta(days=1), published, tuple(rows)
            )
            received.keep_aggregate(domain, about, "bigmail.example", weight == 7, now)
    failed = (FailureDetail("certificate-host-mismatch", 3, receiving_host="mx.mailward.localhost"),)
    policy = PolicyReport("sts", domain, 210, 3, details=failed)
    about = TlsReport("bigmail.example", "", "t1", now - timedelta(days=1), now, (policy,))
    received.keep_tls(domain, about, "bigmail.example", True, now)


def _certificates(made: Any, now: datetime) -> None:
    """A wildcard everywhere, one that was uploaded, one whose renewals fail, one that nobody should read as markup."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from fakes.made_host import ANNA
    from fakes.papers import CHAIN, bundle, leaf
    from mailward.actions.certificates import upload
    from mailward.actions.choices import choose
    from mailward.model.certificates import KeyedChain, Source
    from mailward.model.sentence import Sentence
    from mailward.standards.x509 import describe_parsed
    from mailward.store.lineages import add_version, new_lineage
    from mailward.store.models import Domain, Lineage, Version

    made.secured("bluebakery.example", "oldmillpress.example", "northwind-studio.example")
    dental = "harbourdental.example"
    bought = leaf(f"webmail.{dental}", f"mail.{dental}", after=now - timedelta(days=340), until=now + timedelta(days=25))
    row, _ = upload(made.office, ANNA, dental, bundle(bought))
    made.carry_out(choose(made.office, ANNA, dental, webmail=row.id, mail=row.id))

    failing = Lineage.objects.filter(domain__name="oldmillpress.example").get()
    said = Sentence("The certificate authority {ca} can't be reached: {detail}.", ca="pebble", detail="ECONNREFUSED")
    failing.failures, failing.failure, failing.retry_at = 4, said.to_json(), now + timedelta(hours=7)
    failing.renew_at, failing.ends_at = now - timedelta(days=2), now + timedelta(days=6)
    failing.save()
    Version.objects.filter(lineage=failing).update(not_after=now + timedelta(days=6), not_before=now - timedelta(days=84))

    odd = leaf(f"webmail.{Stage.safe_domain}", until=now + timedelta(days=200))
    owner = Domain.objects.get(name=Stage.safe_domain)
    lineage = new_lineage(f"{Stage.safe_domain}-upload", owner, Source.UPLOAD, (f"webmail.{Stage.safe_domain}",))
    facts = describe_parsed(x509.load_pem_x509_certificate(odd.certificate.public_bytes(Encoding.PEM)))
    version = add_version(lineage, KeyedChain(facts, odd.pem + CHAIN, odd.key_pem), made.office.seal)
    Version.objects.filter(pk=version.pk).update(issuer=f"CN={HOSTILE}")
    lineage.current, lineage.ends_at = version.number, version.not_after
    lineage.save()


def _look(made: Any, now: datetime) -> None:
    """Every door as it is; then one domain that was not looked at for hours, and one that never was."""
    from mailward.model.findings import SERVER
    from mailward.steward.looking import Looker
    from mailward.store import records, states
    from mailward.store.models import Domain, Finding

    names = tuple(Domain.objects.values_list("name", flat=True))
    Finding.objects.all().delete()
    records.keep_findings(Looker(made.host).domains(names, server=True), (*names, SERVER))
    Finding.objects.update(checked_at=now - timedelta(minutes=4))
    Finding.objects.filter(domain="northwind-studio.example").update(checked_at=now - timedelta(hours=5))
    Finding.objects.filter(domain="xn--bcher-kva.example").delete()
    states.refresh((*names, SERVER))


def _runs(made: Any, now: datetime) -> None:
    """One run in every state, and times as a real host has them."""
    from mailward.model.runs import RunKind, RunState, Step
    from mailward.model.sentence import Sentence
    from mailward.store.models import Run, RunStep

    for run in Run.objects.order_by("id"):
        began = now - timedelta(days=3) + timedelta(minutes=7 * run.pk)
        Run.objects.filter(pk=run.pk).update(created_at=began, started_at=began, finished_at=began + timedelta(seconds=5))
        for number, step in enumerate(run.steps.order_by("id")):
            RunStep.objects.filter(pk=step.pk).update(seconds=0.08 + 0.31 * number)
    plan = [
        {
            "path": "postfix/main.cf", "kind": "changed",
            "sentence": Sentence("{path} changes", path="postfix/main.cf").to_json(),
            "diff": "--- postfix/main.cf\n+++ postfix/main.cf\n@@ -12,3 +12,3 @@\n smtpd_tls_security_level = may\n"
            "-smtpd_tls_protocols = >=TLSv1\n+smtpd_tls_protocols = >=TLSv1.2\n tls_preempt_cipherlist = no\n",
        }
    ]  # fmt: skip
    told = (
        (RunKind.CONFIGURATION, RunState.DONE, "host", 50, plan, Sentence("generation {n} serves", n=7), None),
        (
            RunKind.CERTIFICATE, RunState.UNDONE, "harbourdental.example", 30, [],
            Sentence("It could not be proven ({why}), so what was served before is served again.",
                     why="mail.harbourdental.example, imaps: not-chosen"),
            Sentence("See what the doors say: mailward verify"),
        ),
        (
            RunKind.ORDER, RunState.FAILED, "oldmillpress.example", 7, [],
            Sentence("The certificate authority {ca} can't be reached: {detail}.", ca="pebble", detail="ECONNREFUSED"),
            Sentence("Nothing needs to be done: it is tried again when the CA allows it."),
        ),
        (
            RunKind.CONFIGURATION, RunState.REFUSED, "host", 3, plan,
            Sentence("{daemon} refuses its configuration: {output}", daemon="postfix", output="unknown parameter"),
            Sentence("Nothing was switched. Correct mailward.toml, then run mailward plan."),
        ),
        (RunKind.CONFIGURATION, RunState.UNCHANGED, "host", 2, [], Sentence("nothing differs: nothing was changed"), None),
    )  # fmt: skip
    for kind, state, subject, hours, changes, what, remedy in told:
        at = now - timedelta(hours=hours)
        run = Run.objects.create(
            kind=kind, state=state, subject=subject, asked_by=Stage.provider, created_at=at, started_at=at,
            finished_at=at + timedelta(seconds=4), what=what.to_json(), plan=changes, generation=7 if changes else None,
            previous=6 if changes else None, domain="" if subject == "host" else subject,
            remedy=remedy.to_json() if remedy else None,
        )  # fmt: skip
        steps = [Step.OBSERVE, Step.PLAN, Step.STAGE, Step.CHECK, Step.APPLY, Step.VERIFY]
        if state is RunState.REFUSED:
            steps = steps[:4]
        if state is RunState.UNDONE:
            steps.append(Step.UNDO)
        for number, step in enumerate(steps):
            RunStep.objects.create(run=run, step=step, started_at=at, seconds=0.12 + 0.2 * number)


def _people() -> None:
    from allauth.account.models import EmailAddress
    from allauth.mfa.models import Authenticator
    from allauth.mfa.utils import encrypt
    from django.contrib.auth.hashers import make_password

    from mailward.model.rights import MUST_HAVE_SECOND_FACTOR, PersonRole
    from mailward.store.models import Account, Customer, Domain, Group, Mailbox, RoleGrant

    hashed = make_password(SECRET)
    bakery = Customer.objects.get(name="Blue Bakery")
    mill = Customer.objects.get(name="Old Mill Press")
    domain = Domain.objects.get(name=Stage.safe_domain)
    box = Mailbox.objects.get(domain=domain, local_part="uma")
    told: tuple[tuple[str, str, PersonRole, dict[str, Any]], ...] = (
        (Stage.provider, "Ada Verhoeven", PersonRole.PROVIDER, {}),
        (Stage.support, "Sam Oduya", PersonRole.SUPPORT, {}),
        (Stage.dns_administrator, "Dana Petit", PersonRole.DNS_ADMINISTRATOR, {}),
        (Stage.auditor, "Aude Lindqvist", PersonRole.AUDITOR, {}),
        (Stage.customer, "Paula Blau", PersonRole.CUSTOMER, {"customer": bakery}),
        (Stage.other_customer, "Otto Mühlen", PersonRole.CUSTOMER, {"customer": mill}),
        (Stage.mail_administrator, "Mia Blau", PersonRole.MAIL_ADMINISTRATOR, {"domain": domain}),
        (Stage.mailbox_user, "Uma Blau", PersonRole.MAILBOX_USER, {"mailbox": box}),
    )
    for email, name, role, reach in told:
        account = Account.objects.create(email=email, name=name, password=hashed)
        RoleGrant.objects.create(account=account, role=role, **reach)
        EmailAddress.objects.create(user=account, email=email, verified=True, primary=True)
        if role in MUST_HAVE_SECOND_FACTOR:
            Authenticator.objects.create(user=account, type="totp", data={"secret": encrypt(TOTP_SECRET)})
    group = Group.objects.create(name="Night watch")
    group.members.add(Account.objects.get(email=Stage.support))
    RoleGrant.objects.create(group=group, role=PersonRole.SUPPORT)


def _events(made: Any, now: datetime) -> None:
    from mailward.model.people import Actor
    from mailward.store import records

    paula = Actor(Stage.customer, (), came_from="192.0.2.44")
    records.tell(paula, "certificate.chosen", Stage.safe_domain, now - timedelta(hours=6), choices=[])
    records.tell(Actor(Stage.provider, (), came_from="198.51.100.9"), "signed-in", Stage.provider, now - timedelta(hours=2))
    records.tell(paula, "mailbox.added", "orders@bluebakery.example", now - timedelta(hours=1), label=HOSTILE)
