"""What goes wrong around an order: the CA is down, slow, gone in between, full, or talks nonsense; the DNS refuses."""

import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from acme_lab import double, free_port, lab
from fakes.order_world import MemoryBook, PlainSeal
from mailward.certificates.accounts import Accounts
from mailward.certificates.make import key_pem, private_key
from mailward.certificates.orders import Limits, OrderState, advance, plan_order, run_order
from mailward.host.acme_ca import connect
from mailward.host.dns_update import Rfc2136
from mailward.model.acme import AcmeProblem
from mailward.model.settings import CaSettings, KeyType

pytestmark = [pytest.mark.real, pytest.mark.fault]
NAMES = ("lab.test", "*.lab.test")
QUICK = Limits(visible=2, validation=5, issuance=5, total=20, first_pause=0.02, troubles=3)


def plan(*cas: str):
    return plan_order(1, "lineage", NAMES, cas or ("pebble",), datetime.now(UTC))


@pytest.fixture(scope="module")
def running():
    with lab() as made:
        yield made


def reached(record, outside, state: OrderState):
    for _ in range(40):
        if record.state is state:
            return record
        record = advance(record, outside)
    raise AssertionError(f"never came to {state}: {record.failure}")


def accounts_of(*cas: CaSettings, timeout: float) -> Accounts:
    return Accounts({ca.name: ca for ca in cas}, partial(connect, timeout=timeout), MemoryBook(), PlainSeal(), PlainSeal())


def test_ca_down(running):
    """With the CA down the order ends soon, with its reason and the date of the next try."""
    dead = running.ca("dead", directory=f"https://localhost:{free_port()}/dir")
    ended = run_order(plan("dead"), running.outside(dead, limits=QUICK))
    assert (ended.state, ended.failure.code) == (OrderState.FAILED, "ca-unreachable")
    assert ended.failure.retry_at > datetime.now(UTC)


def test_ca_down_next_ca_issues(running):
    """With the first CA down the second one issues."""
    dead = running.ca("dead", directory=f"https://localhost:{free_port()}/dir")
    ended = run_order(plan("dead", "pebble"), running.outside(dead, running.ca(), limits=QUICK))
    assert (ended.state, ended.ca) == (OrderState.DONE, "pebble"), ended.failure


def test_ca_with_a_foreign_certificate(running):
    """A CA whose own HTTPS isn't trusted is not spoken to, and the sentence says why."""
    stranger = running.ca(trust="/etc/ssl/certs/ca-certificates.crt")
    ended = run_order(plan(), running.outside(stranger, limits=QUICK))
    assert ended.failure.code == "ca-unreachable"
    assert "not trusted" in str(ended.failure.sentence)


@pytest.mark.parametrize("state", [OrderState.ORDERING, OrderState.VISIBLE, OrderState.READY])
def test_ca_gone_in_between(state):
    """A CA that goes down in the middle of an order and stays down: the order ends with its reason and a clean zone."""
    with lab() as made:
        outside = made.outside(limits=QUICK)
        record = reached(plan(), outside, state)
        made.stop_pebble()
        ended = run_order(record, outside)
        assert ended.failure.code == "ca-unreachable"
        assert made.dns.query("_acme-challenge.lab.test", "TXT").records == ()


@contextmanager
def listener(answer):
    """Accepts connections on a port of its own, and does ``answer(connection)`` with each."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                kept.append(connection)
                answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for connection in kept:
                connection.close()


def test_ca_that_never_answers(running):
    """A CA that takes connections and says nothing is given up within its time-out; the next CA issues."""
    with listener(lambda _connection: None) as port:
        deaf = running.ca("deaf", directory=f"https://localhost:{port}/dir")
        outside = replace(running.outside(limits=QUICK), accounts=accounts_of(deaf, running.ca(), timeout=0.3))
        began = time.monotonic()
        ended = run_order(plan("deaf", "pebble"), outside)
        assert (ended.state, ended.ca) == (OrderState.DONE, "pebble"), ended.failure
        assert time.monotonic() - began < 10


def problem(kind: str, status: int, **more) -> tuple[int, dict, bytes]:
    document = {"type": f"urn:ietf:params:acme:error:{kind}", "detail": f"{kind} it is", **more.pop("document", {})}
    return status, {"Content-Type": "application/problem+json", **more}, json.dumps(document).encode()


def ended_by(running, **told):
    with double(running, **told) as ca:
        return run_order(plan("double"), running.outside(ca, limits=QUICK))


def test_rate_limited(running):
    """rateLimited ends the order until the moment that the CA's Retry-After names, in seconds or as a date."""
    for retry_after in ("7200", (datetime.now(UTC) + timedelta(hours=2)).strftime("%a, %d %b %Y %H:%M:%S GMT")):
        ended = ended_by(running, newOrder=problem("rateLimited", 429, **{"Retry-After": retry_after}))
        assert (ended.failure.code, "rateLimited it is" in str(ended.failure.sentence)) == ("rate-limited", True)
        assert timedelta(minutes=115) < ended.failure.retry_at - datetime.now(UTC) < timedelta(minutes=125)


def test_nonces_always_refused(running):
    """A CA that refuses every nonce is given up after a bounded number of tries."""
    ended = ended_by(running, newOrder=problem("badNonce", 400))
    assert ended.failure.code == "ca-trouble"


def test_problems_for_single_names(running):
    """What a CA says about single names (subproblems) is told with each name."""
    sub = {"type": "urn:ietf:params:acme:error:rejectedIdentifier", "detail": "no", "identifier": {"value": "lab.test"}}
    ended = ended_by(running, newOrder=problem("malformed", 400, document={"subproblems": [sub]}))
    assert ended.failure.names == ("lab.test",)
    assert "lab.test: no" in str(ended.failure.sentence)


@pytest.mark.parametrize(
    "nonsense",
    [
        (200, {}, b"<html>welcome</html>"),
        (200, {}, b"[]"),
        (200, {}, b"{}"),
        (201, {"Location": "https://localhost/o"}, b'{"status": "pending"}'),
        (
            201,
            {"Location": "https://localhost/o"},
            b'{"status": 1, "identifiers": 2, "authorizations": {}, "finalize": null}',
        ),
        (500, {}, b"oops"),
        (503, {}, b'{"type": 3}'),
        (200, {}, b"x" * 3_000_000),
        (200, {}, b"\x00\xff" * 100),
        (307, {"Location": "https://localhost:1/"}, b""),
    ],
    ids=["html", "list", "empty", "half", "types", "500", "503", "huge", "binary", "redirect"],
)
def test_nonsense(running, nonsense):
    """A CA that doesn't speak ACME ends the order with a code and a date, never with a fault of ours."""
    ended = ended_by(running, newOrder=nonsense)
    assert ended.state is OrderState.FAILED
    assert ended.failure.code in ("ca-trouble", "ca-unreachable", "refused")
    assert "internal" not in ended.failure.code


def test_answer_that_trickles(running):
    """An answer that arrives a byte at a time is cut off, although every byte is in time."""
    with double(running, newOrder=(201, {}, [b" "] * 100)) as ca:
        slow = connect(ca, key_pem(private_key(KeyType.P256)), "", timeout=0.4)
        slow.account()
        began = time.monotonic()
        with pytest.raises(AcmeProblem) as cut:
            slow.new_order(NAMES)
        assert cut.value.type == "timeout"
        assert time.monotonic() - began < 5


def test_dns_update_refused(running):
    """A name server that refuses the update (wrong key) ends the order with its word; the CA was never asked to look."""
    wrong = running.directory / "wrong-key"
    wrong.write_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    updates = Rfc2136(f"127.0.0.1:{running.dns_port}", "lab", wrong, timeout=2)
    ended = run_order(plan(), running.outside(limits=QUICK, dns_updates=updates))
    assert ended.failure.code == "dns-update-failed"
    assert ended.has_leftovers  # it could not be taken away either, so it is remembered
    assert ended.failure.retry_at > datetime.now(UTC)


def test_dns_update_slow(running):
    """A name server that takes updates and never answers ends the order within its time."""
    with listener(lambda _connection: None) as port:
        updates = Rfc2136(f"127.0.0.1:{port}", "lab", running.directory / "tsig", timeout=0.2)
        began = time.monotonic()
        ended = run_order(plan(), running.outside(limits=QUICK, dns_updates=updates))
        assert ended.failure.code == "dns-update-failed"
        assert time.monotonic() - began < 10


def test_dns_gone(running):
    """With the name server gone the order ends with a reason that names the DNS."""
    from mailward.certificates.solvers.dns_01 import Dns01
    from mailward.host.resolver import DnsResolver
    from mailward.model.certificates import Challenge

    outside = running.outside(limits=QUICK)
    nobody = DnsResolver((f"127.0.0.1:{free_port()}",), timeout=0.2)
    solvers = {Challenge.DNS_01: Dns01(running.updates, nobody, lambda _zone: (nobody,), outside.clock)}
    ended = run_order(plan(), replace(outside, solvers=solvers))
    assert ended.failure.code == "dns-broken"


def test_disk_full_while_storing(running):
    """A certificate that can't be stored is not lost without a word: the order ends as not stored, the zone is clean."""
    from mailward.host.files import RealFiles

    missing = Path(running.directory / "not" / "there")
    files = RealFiles(running.directory)
    outside = running.outside(limits=QUICK)
    ended = run_order(
        plan(), replace(outside, deliver=lambda _record, material: files.write(missing / "x.pem", material.pem))
    )
    assert ended.failure.code == "not-stored"
    assert running.dns.query("_acme-challenge.lab.test", "TXT").records == ()
    assert b"PRIVATE" not in repr(ended).encode()
