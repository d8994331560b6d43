"""When certificates are renewed, how failures wait, and what the CA's limits still allow."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.chains import DAY, NOW, issue
from mailward.certificates.budget import LETS_ENCRYPT, Issuance, forecast
from mailward.certificates.refusals import BadInput
from mailward.certificates.renewal import ari_id, backoff, due
from mailward.certificates.selection import (
    belongs,
    needed_names,
    recommended_names,
    refuse_for_server,
    refuse_or_warn,
    served_for_server,
    served_names,
)
from mailward.certificates.suffixes import SHORT_LIST, parse_suffixes
from mailward.certificates.troubles import CODES
from mailward.model.acme import RenewalWindow
from mailward.model.doors import Role
from mailward.standards.x509 import describe

HOUR = timedelta(hours=1)


def certificate(*names, lifetime=90 * DAY, begins=NOW, by=None):
    return describe(issue("x", by, names or ("a.test",), after=begins, until=begins + lifetime).der)


@pytest.mark.parametrize("lifetime", [90 * DAY, 45 * DAY, 6 * DAY, HOUR])
def test_two_thirds(lifetime):
    """Without ARI a certificate is due shortly before two thirds of its lifetime, whatever that is."""
    one = certificate(lifetime=lifetime)
    at = due(one, "lineage", NOW).at
    assert one.not_before + lifetime * 0.633 <= at <= one.not_before + lifetime * (2 / 3)
    assert due(one, "lineage", NOW + lifetime / 2).at == at


def test_jitter_spreads():
    """Lineages of one hour's issuing are not due at one moment, and each keeps its own."""
    one = certificate()
    moments = {due(one, f"lineage-{number}", NOW).at for number in range(200)}
    assert len(moments) > 190
    assert max(moments) - min(moments) > 2 * DAY


@pytest.mark.parametrize("lifetime", [90 * DAY, 45 * DAY, 6 * DAY, HOUR])
def test_ari_decides(lifetime):
    """The CA's window decides: a moment within it, the same each time, another for another lineage."""
    one = certificate(lifetime=lifetime)
    window = RenewalWindow(NOW + lifetime * 0.4, NOW + lifetime * 0.5, 6 * HOUR)
    moments = [due(one, f"l{number}", NOW, window).at for number in range(50)]
    assert all(window.start <= at <= window.end for at in moments)
    assert len(set(moments)) > 40
    assert moments == [due(one, f"l{number}", NOW, window).at for number in range(50)]
    assert due(one, "l", NOW, window).ask_again == NOW + 6 * HOUR


def test_ari_in_the_past_means_now():
    """A window that is over (a mass revocation) makes the certificate due at once."""
    window = RenewalWindow(NOW - 2 * DAY, NOW - DAY, HOUR)
    assert due(certificate(begins=NOW - 10 * DAY), "l", NOW, window).at < NOW


@pytest.mark.parametrize(("start", "end"), [(5, 5), (9, 8), (95, 99)])
def test_useless_windows(start, end):
    """An empty window, or one after the certificate's end, is passed over."""
    window = RenewalWindow(NOW + start * DAY, NOW + end * DAY, timedelta(0))
    one = certificate()
    found = due(one, "l", NOW, window)
    assert found.at == due(one, "l", NOW).at
    assert found.ask_again == NOW + timedelta(minutes=1)


def test_ari_identifier():
    """The identifier is that of RFC 9773 section 4.1's own example."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    akid = bytes.fromhex("69885B6B87464041E1B37B847BA0AE2CDE01C8D4")
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(0x8765_4321).not_valid_before(NOW).not_valid_after(NOW + DAY)
    plain = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    assert ari_id(plain) == ""
    pem = builder.add_extension(x509.AuthorityKeyIdentifier(akid, None, None), False).sign(key, hashes.SHA256())
    # The serial is 00 87 65 43 21: the sign's byte is part of it.
    assert ari_id(pem.public_bytes(Encoding.PEM)) == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"


@given(
    st.integers(0, 10_000),
    st.sampled_from([*CODES, "anything"]),
    st.none() | st.floats(0, 1e7),
    st.none() | st.floats(60, 1e8),
)
def test_never_hot(failures, code, asked, lifetime):
    """No failure, however often, waits less than a minute or, unless the CA asks for it, more than a day."""
    wait = backoff(
        failures,
        code,
        NOW,
        retry_after=None if asked is None else timedelta(seconds=asked),
        lifetime=None if lifetime is None else timedelta(seconds=lifetime),
    )
    assert wait.wait >= timedelta(minutes=1)
    assert wait.wait <= max(DAY, timedelta(seconds=asked or 0))
    assert wait.wait >= timedelta(seconds=asked or 0)
    assert wait.until == NOW + wait.wait
    assert str(wait.why)


def test_backoff_grows():
    """Each failure in a row waits longer, up to a day; a six-day certificate is tried at least every half day."""
    waits = [backoff(failures, "domain-refused", NOW).wait for failures in range(1, 12)]
    assert waits == sorted(waits)
    assert waits[-1] == DAY
    assert backoff(50, "domain-refused", NOW, lifetime=6 * DAY).wait == 12 * HOUR
    assert backoff(50, "domain-refused", NOW, lifetime=HOUR).wait == timedelta(minutes=5)


def test_budget_of_a_registered_domain():
    """Of 60 new certificates in one week below one registered domain, the 51st is named with its moment."""
    planned = [Issuance(NOW + timedelta(hours=number), (f"h{number}.a.co.uk",)) for number in range(60)]
    (found,) = [one for one in forecast([], planned, NOW) if one.limit.code == "certificates-per-registered-domain"]
    assert found.subject == "a.co.uk"
    assert found.exceeded_at == NOW + timedelta(hours=50)
    assert found.used == 1
    assert found.weeks[0].used == 60
    assert len(found.weeks) == 8


def test_budget_of_history_runs_out():
    """What was issued seven days ago no longer counts."""
    history = [Issuance(NOW - 6 * DAY, (f"h{number}.a.test",)) for number in range(50)]
    early = forecast(history, [Issuance(NOW, ("new.a.test",))], NOW)
    late = forecast(history, [Issuance(NOW + 2 * DAY, ("new.a.test",))], NOW)
    assert next(one for one in early if one.subject == "a.test").exceeded_at == NOW
    assert next(one for one in late if one.subject == "a.test").exceeded_at is None


def test_budget_renewals():
    """Renewals by ARI count nowhere; others with the same names count only as duplicates."""
    names = ("a.test", "*.a.test")
    history = [Issuance(NOW - 30 * DAY, names)]
    by_ari = forecast(history, [Issuance(NOW + timedelta(hours=n), names, ari=True) for n in range(9)], NOW)
    assert all(one.exceeded_at is None for one in by_ari)
    plain = forecast(history, [Issuance(NOW + timedelta(hours=n), names) for n in range(9)], NOW)
    assert {one.limit.code: one.exceeded_at for one in plain if one.exceeded_at} == {"same-names": NOW + timedelta(hours=5)}


def test_budget_of_an_account():
    """300 new orders in three hours are an account's most."""
    planned = [Issuance(NOW + timedelta(seconds=number), (f"d{number}.test",)) for number in range(301)]
    found = next(one for one in forecast([], planned, NOW) if one.limit.code == "orders-per-account")
    assert found.exceeded_at == NOW + timedelta(seconds=300)


def test_budget_of_failures():
    """Five failures of a host in an hour are its most."""
    history = [Issuance(NOW - timedelta(minutes=n), ("a.test", "*.a.test"), failed=True) for n in range(6)]
    found = next(one for one in forecast(history, [], NOW) if one.limit.code == "failed-authorizations-per-host")
    assert (found.subject, found.used, found.left) == ("a.test", 6, 0)


def test_budget_of_many_lineages_is_quick():
    """10,000 planned renewals are counted in a moment (linear, not square)."""
    import time

    planned = [
        Issuance(NOW + timedelta(minutes=number), (f"d{number}.test", f"*.d{number}.test")) for number in range(10_000)
    ]
    began = time.process_time()
    forecast([], planned, NOW, limits=LETS_ENCRYPT)
    assert time.process_time() - began < 10


LIST = Path("/usr/share/publicsuffix/public_suffix_list.dat")


@pytest.mark.parametrize(
    ("name", "registered"),
    [
        ("mail.example.com", "example.com"),
        ("*.a.b.example.co.uk", "example.co.uk"),
        ("example.com", "example.com"),
        ("com", "com"),
        ("co.uk", "co.uk"),
        ("a.alpha.localhost", "alpha.localhost"),
        ("WWW.Example.COM.", "example.com"),
    ],
)
def test_registered_domains(name, registered):
    """The registered domain is found with the short list and with Debian's whole one alike."""
    assert SHORT_LIST.registered(name) == registered
    if LIST.exists():
        assert parse_suffixes(LIST.read_text("utf-8")).registered(name) == registered


def test_suffix_rules():
    """Wildcard and exception rules are kept (publicsuffix.org's own examples)."""
    suffixes = parse_suffixes("// comment\ncom\n*.ck\n!www.ck\nxn--test rest\n公司.cn\n")
    assert suffixes.registered("a.b.c.ck") == "b.c.ck"
    assert suffixes.registered("a.www.ck") == "www.ck"
    assert suffixes.registered("a.b.xn--55qx5d.cn") == "b.xn--55qx5d.cn"


def test_selection():
    """A certificate without the role's name is refused with it; a good one beside an unsecured server is warned about."""
    good, mail = certificate(*recommended_names("a.test"), by=None), certificate("mail.a.test")
    issued = describe(issue("x", issue("ca", ca=True), ("a.test", "*.a.test")).der)
    assert needed_names("a.test", Role.WEB) == ("webmail.a.test",)
    assert refuse_or_warn(issued, "a.test", Role.MAIL, server_is_self_signed=False) is None
    assert "still has its self-signed" in str(refuse_or_warn(issued, "a.test", Role.MAIL, server_is_self_signed=True))
    assert "still has its self-signed" in str(refuse_or_warn(issued, "a.test", Role.WEB, server_is_self_signed=True))
    assert "self-signed" in str(refuse_or_warn(good, "a.test", Role.WEB, server_is_self_signed=False))
    with pytest.raises(BadInput) as refused:
        refuse_or_warn(mail, "a.test", Role.WEB, server_is_self_signed=False)
    assert "webmail.a.test" in str(refused.value.what)
    with pytest.raises(BadInput):
        refuse_for_server(mail, "mx.host.test")


def test_a_domain_answers_only_to_its_own_names():
    """A certificate with another customer's names never answers to them."""
    one = certificate("a.test", "*.a.test", "b.test", "aa.test", "*.x.a.test")
    assert served_names(one, "a.test") == ("a.test", "*.a.test", "*.x.a.test")
    assert not belongs("aa.test", "a.test")
    assert served_for_server(one, "mx.a.test") == ("mx.a.test",)
    assert served_for_server(one, "mx.c.test") == ()
