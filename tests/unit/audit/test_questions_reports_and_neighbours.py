"""Which doors are asked by which names, what is tried there, how findings are put together, and what neighbours can do."""

import json
from dataclasses import replace

import pytest

from fakes.chains import NOW
from fakes.still_clock import StillClock
from fakes.told_dialer import ToldDialer
from mailward.audit import other_servers, report
from mailward.audit.probes.doors import observe_doors
from mailward.audit.questions import door_questions
from mailward.model.doors import Door, Role, Tls
from mailward.model.findings import SERVER, DoorFinding, DoorQuestion
from mailward.model.other_servers import OtherServer
from mailward.model.outside import Dialled
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.settings import InternalPorts, Settings
from mailward.model.verdict import Verdict

SETTINGS = Settings(
    hostname="mx.host.test",
    ports={Door.HTTPS: 8443, Door.IMAPS: 2993, Door.SMTP: 2525},
    http_port=8080,
    dns_port=2053,
    internal=InternalPorts(1, 2, 3, 4, 5),
    addresses=("127.0.0.1", "::1"),
    cas=(),
)


def wanted(role, name):
    return f"{role.value}:{name}"


def asked(**options):
    return door_questions(SETTINGS, ["a.test", "b.test"], wanted, ["127.0.0.1", "::1"], **options)


def test_every_name_a_client_may_use_is_asked_at_every_open_door():
    """Each domain is asked by all its names at both addresses, the server by its own name, an unknown one and none."""
    found = asked()
    web = {(q.name, q.required) for q in found if q.domain == "a.test" and q.door is Door.HTTPS}
    mail = {(q.name, q.required) for q in found if q.domain == "a.test" and q.door is Door.IMAPS}
    assert web == {
        ("webmail.a.test", True),
        ("autoconfig.a.test", False),
        ("autodiscover.a.test", False),
        ("a.test", False),
    }
    assert mail == {("mail.a.test", True), ("a.test", False)}
    server = {(q.name, q.sni, q.expects_server) for q in found if q.domain == SERVER}
    assert server == {
        ("mx.host.test", "mx.host.test", False),
        ("unknown-name.invalid", "unknown-name.invalid", True),
        ("", None, True),
    }
    assert {q.address for q in found} == {"127.0.0.1", "::1"}
    assert {(q.door, q.port) for q in found} == {(Door.HTTPS, 8443), (Door.IMAPS, 2993), (Door.SMTP, 2525)}
    assert len(found) == len({(q.domain, q.name, q.door, q.address) for q in found})
    assert not [q for q in asked(server=False) if q.domain == SERVER]


def test_what_is_wanted_is_looked_up_by_role_and_name():
    """The chosen certificate is compared per role and name; unknown and missing names want the default."""
    found = {(q.domain, q.name, q.door): q.wanted_sha256 for q in asked()}
    assert found["a.test", "webmail.a.test", Door.HTTPS] == "web:webmail.a.test"
    assert found["a.test", "mail.a.test", Door.SMTP] == "mail:mail.a.test"
    assert found[SERVER, "mx.host.test", Door.IMAPS] == "mail:mx.host.test"
    assert found[SERVER, "", Door.IMAPS] == found[SERVER, "unknown-name.invalid", Door.IMAPS] == "mail:None"


def test_attacks_are_tried_once_per_door_not_per_name():
    """An old protocol is offered once per door and address, the clear-text attempts only where STARTTLS is spoken."""
    dialer = ToldDialer(lambda t: Dialled(t, None, "", (b"x",), "TLSv1.3"))
    questions = asked()
    seen = list(observe_doors(questions, dialer, StillClock(NOW), batch=7))
    assert [o.question for o in seen] == list(questions)
    old = [t for t in dialer.targets if t.old_protocol]
    clear = [t for t in dialer.targets if t.probe_injection]
    assert len(old) == len({(t.port, t.address) for t in old}) == 6
    assert {(t.port, t.address, t.probe_clear) for t in clear} == {(2525, "127.0.0.1", True), (2525, "::1", True)}
    assert len(dialer.targets) == len(questions) + len(old) + len(clear)
    assert all(o.attempts.old_protocol is not None for o in seen)
    assert all((o.attempts.clear_text is not None) == (o.question.door is Door.SMTP) for o in seen)
    assert all(o.checked_at == NOW for o in seen)
    plain = ToldDialer()
    list(observe_doors(questions, plain, StillClock(NOW), attempts=False))
    assert len(plain.targets) == len(questions)


def finding(verdict, code, **changes) -> DoorFinding:
    base = DoorFinding(
        "a.test",
        "mail.a.test",
        Door.IMAPS,
        2993,
        "127.0.0.1",
        Tls.IMPLICIT,
        "mail.a.test",
        verdict,
        code,
        NOTHING,
        NOTHING,
        NOW,
    )
    return replace(base, **changes)


GOOD = finding(Verdict.PASS, "ok")
BAD = finding(Verdict.FAIL, "refused", address="::1")
WEB = finding(Verdict.WARN, "name-mismatch", door=Door.HTTPS, name="a.test")


def test_the_matrix_shows_the_worst_address():
    """A door that is right over IPv4 and closed over IPv6 is red; doors come in their fixed order."""
    table = report.matrix([GOOD, BAD, WEB])
    assert table.doors == (Door.HTTPS, Door.IMAPS)
    assert [(r.domain, r.name, r.verdict) for r in table.rows] == [
        ("a.test", "mail.a.test", Verdict.FAIL),
        ("a.test", "a.test", Verdict.WARN),
    ]
    assert table.rows[0].cells[Door.IMAPS].code == "refused"
    assert Door.HTTPS not in table.rows[0].cells


def test_counts_and_nobody_looked():
    """The summary counts each verdict; no findings at all are unknown, not green."""
    total = report.summary([GOOD, GOOD, BAD, WEB])
    assert (total.passed, total.warned, total.failed, total.unknown, total.verdict) == (2, 1, 1, 0, Verdict.FAIL)
    assert report.summary([]).verdict is Verdict.UNKNOWN


def test_json_rows_have_exactly_the_promised_keys():
    """The rows of verify --json have the promised keys, and values that JSON knows."""
    row = report.row(replace(BAD, reason=Sentence("no {what}", what="answer"), not_after=NOW, also=("x",)))
    assert set(row) == {
        "domain",
        "name",
        "door",
        "port",
        "address",
        "tls",
        "sni",
        "verdict",
        "code",
        "reason",
        "remedy",
        "served_sha256",
        "wanted_sha256",
        "not_after",
        "protocol",
        "checked_at",
        "also",
        "key",
    }
    assert json.loads(json.dumps(row)) == row
    assert (row["reason"], row["verdict"], row["not_after"]) == ("no answer", "fail", "2026-06-01T12:00:00+00:00")
    assert report.rows([BAD], lambda _sentence: "übersetzt")[0]["reason"] == "übersetzt"


def server_finding(verdict, code, **changes):
    return finding(verdict, code, domain=SERVER, name="mx.host.test", **changes)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([server_finding(Verdict.PASS, "ok")], None),
        ([server_finding(Verdict.FAIL, "self-signed")], "self-signed certificate"),
        ([server_finding(Verdict.FAIL, "not-what-was-chosen", also=("self-signed",))], "self-signed certificate"),
        ([server_finding(Verdict.FAIL, "expired")], "is not secured"),
        ([server_finding(Verdict.UNKNOWN, "timeout")], "Nobody knows"),
        ([server_finding(Verdict.FAIL, "self-signed", door=Door.HTTPS)], "Nobody knows"),
        ([GOOD], "Nobody knows"),
        ([], "Nobody knows"),
    ],
)
def test_what_a_domain_certificate_means_without_a_secured_server(found, words):
    """A9: whoever chooses a domain certificate is told how the mail server itself stands, and not knowing is told too."""
    note = report.server_note(found)
    assert (note is None) == (words is None)
    assert words is None or words in str(note)


@pytest.mark.parametrize("name", other_servers.NAMES)
def test_neighbours_are_explained_honestly(name):
    """Each other mail server is explained with what is possible, and with the word that it was never run here."""
    runs, lies = other_servers.explain([OtherServer(name, True, True, "1.0", "/x"), OtherServer(name, True, False)])
    assert (runs.verdict, lies.verdict) == (Verdict.WARN, Verdict.NOT_APPLICABLE)
    assert "/x" in str(runs.reason)
    assert "never been run with" in str(runs.remedy)
    assert "does not run" in str(lies.reason)


def test_neighbours_that_are_not_there_are_not_mentioned():
    """Nothing is said about what isn't on the machine."""
    assert other_servers.explain([OtherServer("qmail", False, False), OtherServer("what", True, True)]) == ()


def test_questions_are_values():
    """A question can be kept and compared: the role decides which choice a door follows."""
    assert {q.door.kind.role for q in asked() if q.name == "mail.a.test"} == {Role.MAIL}
    assert isinstance(asked()[0], DoorQuestion)


def test_what_is_seen_at_one_address_of_a_door_holds_for_the_others():
    """Where ::1 can't show whether a password is taken in clear, the same door's IPv4 address tells."""
    dialer = ToldDialer(
        lambda t: Dialled(t, None, "", (b"x",), "TLSv1.3", clear_login=None if t.address == "::1" else t.probe_clear)
    )
    seen = [o for o in observe_doors(asked(), dialer, StillClock(NOW)) if o.question.door is Door.SMTP]
    assert {o.attempts.clear_text.clear_login for o in seen} == {True}
    blind = ToldDialer(lambda t: Dialled(t, None, "", (b"x",), "TLSv1.3"))
    seen = [o for o in observe_doors(asked(), blind, StillClock(NOW)) if o.question.door is Door.SMTP]
    assert {o.attempts.clear_text.clear_login for o in seen} == {None}
