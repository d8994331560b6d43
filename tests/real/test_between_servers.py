"""Mail between two servers, both ways, on the real ports, with a signed DNS between them: proven TLS by DANE (RFC 7672) and
by MTA-STS (RFC 8461); what isn't as promised waits, and flows again after the cure; what must not go in clear doesn't."""

import json
import time
from collections.abc import Iterator

import pytest

from mailward.host.clock import RealClock
from mailward.host.supervisor import Supervisord
from mailward.model.layout import Layout
from two_hosts import Lab, lab, until

pytestmark = pytest.mark.real
WRONG = f"3 1 1 {'00' * 32}"
IN_CLEAR = """
import smtplib, sys
with smtplib.SMTP("198.18.0.10", 25, "mx.beta.example", timeout=20) as smtp:
    if sys.argv[2] == "tls":
        import ssl
        smtp.starttls(context=ssl._create_unverified_context())
    smtp.ehlo_or_helo_if_needed()
    smtp.mail(sys.argv[1])
    print(smtp.rcpt(sys.argv[3]))
"""


@pytest.fixture(scope="module")
def between() -> Iterator[Lab]:
    with lab() as made:
        yield made


def sent(between: Lab, recipient: str) -> str:
    said: str = until(lambda: "status=sent" in between.mailward_says(recipient), f"mail to {recipient}") and ""
    return said or between.mailward_says(recipient)


def waits(between: Lab, recipient: str) -> str:
    """The reason why mail that left Mailward's people still waits."""
    until(lambda: "status=" in between.mailward_says(recipient), f"a word about {recipient}")
    said = between.mailward_says(recipient)
    assert "status=deferred" in said, said
    return said


def connections(between: Lab) -> str:
    return (between.instance / "log" / "postfix.log").read_text()


def test_mail_leaves_by_dane_waits_when_it_is_violated_and_flows_again(between: Lab) -> None:
    """A TLSA record that is the other server's: verified. Another's: the mail waits, with the reason, though the server is
    what its domain's MTA-STS policy promises (RFC 8461 section 2). Mended: it goes."""
    between.send_from_mailward("anna@alpha.example", "one@beta.example", "by DANE")
    sent(between, "one@beta.example")
    assert "Verified TLS connection established to mx.beta.example[198.18.0.20]:25: TLSv1.3 with cipher" in connections(
        between
    )
    with between.dns.instead("beta.example", "_25._tcp.mx.beta.example", "TLSA", [WRONG]):
        between.send_from_mailward("anna@alpha.example", "two@beta.example", "not by DANE")
        assert "Server certificate not" in waits(between, "two@beta.example")
    between.flush_mailward()
    sent(between, "two@beta.example")


def test_mail_leaves_by_mta_sts_waits_when_it_is_violated_and_flows_again(between: Lab) -> None:
    """A certificate for the name that the policy allows: verified. Of another name, or STARTTLS stripped on the way: it
    waits. Mended: it goes."""
    between.send_from_mailward("anna@alpha.example", "one@gamma.example", "by MTA-STS")
    sent(between, "one@gamma.example")
    assert "Verified TLS connection established to mx.gamma.example[198.18.0.21]:25" in connections(between)
    with between.dns.instead("gamma.example", "mx.gamma.example", "A", ["198.18.0.22"]):
        between.send_from_mailward("anna@alpha.example", "two@gamma.example", "another name")
        assert "Server certificate not verified" in waits(between, "two@gamma.example")
    with between.dns.instead("gamma.example", "mx.gamma.example", "A", ["198.18.0.23"]):
        between.send_from_mailward("anna@alpha.example", "three@gamma.example", "stripped")
        assert "TLS is required, but was not offered" in waits(between, "three@gamma.example")
    between.flush_mailward()
    sent(between, "two@gamma.example")
    sent(between, "three@gamma.example")


def test_what_must_not_go_in_clear_waits_with_the_reason(between: Lab) -> None:
    """A server without STARTTLS gets mail in clear; not once TLS is demanded of its domain, or of the sender's mail."""
    between.send_from_mailward("anna@alpha.example", "clear@plain.example", "in clear")
    sent(between, "clear@plain.example")
    between.mailward("tls", "domain", "omega.example", "--out")
    between.send_from_mailward("anna@omega.example", "of-omega@plain.example", "not in clear")
    assert "TLS is required, but was not offered" in waits(between, "of-omega@plain.example")
    between.send_from_mailward("anna@omega.example", "dane@beta.example", "by DANE all the same")
    sent(between, "dane@beta.example")
    assert "postfix/tls/smtp" in between.mailward_says("dane@beta.example")
    between.mailward("tls", "demand", "plain.example")
    between.send_from_mailward("anna@alpha.example", "demanded@plain.example", "not in clear either")
    assert "TLS is required, but was not offered" in waits(between, "demanded@plain.example")
    postfix = str(between.instance / "current" / "postfix")
    assert "TLS is required, but was not offered" in between.here.run("postqueue", "-c", postfix, "-p")
    between.here.run("postsuper", "-c", postfix, "-e", "ALL")  # as when five days are over
    between.flush_mailward()
    told = between.arrived("anna@omega.example", "Undelivered Mail Returned to Sender")
    assert "TLS is required, but was not offered" in told


def test_mail_arrives_by_dane_and_by_mta_sts_and_says_how(between: Lab) -> None:
    """The other server proves Mailward's certificate by its TLSA record, for a domain without DNSSEC by its MTA-STS policy;
    the message says which TLS it came by. When either is violated it waits there; after the cure it arrives."""
    log = between.work / "other" / "mail.log"
    for recipient in ("anna@alpha.example", "anna@omega.example"):
        before = log.read_text().count("Verified TLS connection established to mx.alpha.example[198.18.0.10]:25")
        between.send_from_other("bob@beta.example", recipient, f"to {recipient}")
        until(lambda to=recipient: "status=sent" in between.other_says(to), recipient)
        after = log.read_text().count("Verified TLS connection established to mx.alpha.example[198.18.0.10]:25")
        assert after == before + 1
        arrived = between.arrived(recipient, f"to {recipient}")
        assert "using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384" in " ".join(arrived.split())
    between.policy("omega.example", "mx.elsewhere.example")
    between.dns.set("omega.example", "_mta-sts.omega.example", "TXT", ['"v=STSv1; id=2;"'])
    with between.dns.instead("alpha.example", "_25._tcp.mx.alpha.example", "TLSA", [WRONG]):
        for recipient in ("anna+late@alpha.example", "anna+late@omega.example"):
            between.send_from_other("bob@beta.example", recipient, f"to {recipient}")
            until(lambda to=recipient: "status=deferred" in between.other_says(to), recipient)
    between.policy("omega.example", "mx.alpha.example")
    between.dns.set("omega.example", "_mta-sts.omega.example", "TXT", ['"v=STSv1; id=3;"'])
    between.flush_other()
    for recipient in ("anna+late@alpha.example", "anna+late@omega.example"):
        until(lambda to=recipient: "status=sent" in between.other_says(to), recipient)


def test_tls_can_be_demanded_of_what_comes_in(between: Lab) -> None:
    """Clear text is refused, with a reason, for a domain that demands TLS and from one of whom it is demanded."""

    def rcpt(sender: str, how: str, recipient: str) -> str:
        return between.there.run(between.python, "-c", IN_CLEAR, sender, how, recipient)

    assert "(250" in rcpt("bob@beta.example", "clear", "anna@alpha.example")
    between.mailward("tls", "domain", "alpha.example", "--in")
    assert "(550" in (said := rcpt("bob@beta.example", "clear", "anna@alpha.example"))
    assert "encryption" in said.lower()
    assert "(250" in rcpt("bob@beta.example", "tls", "anna@alpha.example")
    assert "(250" in rcpt("bob@gamma.example", "clear", "anna@omega.example")
    between.mailward("tls", "demand", "gamma.example")
    assert "(550" in rcpt("bob@gamma.example", "clear", "anna@omega.example")
    assert "(250" in rcpt("bob@gamma.example", "tls", "anna@omega.example")
    between.mailward("tls", "forget", "gamma.example")
    assert "(250" in rcpt("bob@gamma.example", "clear", "anna@omega.example")


@pytest.mark.parametrize("dead", ["tls-policy", "mta-sts", "unbound"])
def test_without_what_knows_the_policies_mail_waits(between: Lab, dead: str) -> None:
    """Nobody takes a helper's death for "nothing is demanded": mail waits, and goes when it is back."""
    supervisor = Supervisord(Layout(between.instance), clock=RealClock())
    supervisor.stop(dead)
    try:
        between.send_from_mailward("anna@alpha.example", f"{dead}@gamma.example", "waits")
        waits(between, f"{dead}@gamma.example")
    finally:
        supervisor.start(dead)

    def flows() -> bool:
        between.flush_mailward()
        time.sleep(0.5)
        return "status=sent" in between.mailward_says(f"{dead}@gamma.example")

    until(flows, "mail flows again")


def test_the_doctor_says_whether_dane_is_on(between: Lab) -> None:
    """With a resolver that proves the root, and a Postfix that asks it, both lines are green."""
    rows = {row["name"]: row["verdict"] for row in json.loads(between.mailward("doctor", "--json", check=False))}
    assert (rows["resolver"], rows["DANE"]) == ("pass", "pass")
