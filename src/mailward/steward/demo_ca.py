"""The demo's own CA. Pebble makes a new root at every start and keeps nothing, so every root that was ever met is kept:
certificates of an earlier root stay good until they expire."""

from mailward.model.errors import NotPossible
from mailward.model.sentence import Sentence
from mailward.steward.host import Host

PATIENCE = 20.0


def learn_roots(host: Host) -> None:
    """Fetch Pebble's present root over its management port and add it to what this instance trusts."""
    demo = host.settings.demo
    if demo is None:
        return
    url = f"https://localhost:{demo.pebble_management_port}/roots/0"
    end = host.clock.monotonic() + PATIENCE
    while True:
        answer = host.management.fetch(url, address="127.0.0.1", port=demo.pebble_management_port)
        if answer.status == 200 and b"BEGIN CERTIFICATE" in answer.body:
            break
        if host.clock.monotonic() >= end:
            said = Sentence("the demo's certificate authority does not answer: {why}", why=answer.trouble or answer.status)
            raise NotPossible(said, Sentence("See: mailward logs pebble"), code="demo-ca")
        host.clock.sleep(0.1)
    path = host.layout.trust_file(host.settings.trust)
    known = host.files.read(path) if host.files.exists(path) else b""
    if answer.body.strip() not in known:
        host.files.write(path, known + answer.body.strip() + b"\n")
