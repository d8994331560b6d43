"""A panel over a made-up world: a store full of people, domains, certificates and troubles, a host in memory that carries
out what is asked, and a web server of its own on 127.0.0.1. For browser tests, client tests and screenshots.

    with raised(directory) as stage:                         # tests: the fixture ``stage`` (one for each test module)
        client = stage.client(stage.customer)                # Django's test client, signed in
        page = stage.open(browser, "/domains/", stage.provider)   # a page of Playwright, signed in

Nothing of it touches the machine: MadeHost's doors answer what its files say. What a page asks for is carried out within
a moment by a thread of the stage, as the steward's daemon would.
"""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any, ClassVar
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.management import call_command
from django.db import connections
from django.db.backends.signals import connection_created

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright's loop lives in the thread of the tests

SECRET = "Harbour-Lantern-42-Violin"  # everybody's password
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # of everybody who must have a second factor
SESSION = "__Host-mailward"


@dataclass
class Stage:
    """``made``: the host in memory. The people are the addresses they sign in with."""

    url: str
    made: Any
    resting: threading.Event  # while it is set, the steward takes nothing up

    provider: ClassVar[str] = "ada@hosting.example"
    support: ClassVar[str] = "sam@hosting.example"
    dns_administrator: ClassVar[str] = "dana@hosting.example"
    auditor: ClassVar[str] = "aude@audit.example"
    customer: ClassVar[str] = "paula@bluebakery.example"  # Blue Bakery: bluebakery.example, bluebakery-shop.example
    other_customer: ClassVar[str] = "otto@oldmillpress.example"  # Old Mill Press: oldmillpress.example
    mail_administrator: ClassVar[str] = "mia@bluebakery.example"  # of bluebakery.example
    mailbox_user: ClassVar[str] = "uma@bluebakery.example"  # her own mailbox alone

    safe_domain: ClassVar[str] = "bluebakery.example"
    unsafe_domain: ClassVar[str] = "bluebakery-shop.example"
    unproven_domain: ClassVar[str] = "paulas-cakes.example"
    foreign_domain: ClassVar[str] = "oldmillpress.example"

    def sign_in(self, address: str, *, fresh: bool = True) -> str:
        """A session of this person, as after password and second factor; the cookie's value. ``fresh``: shown just now."""
        import time
        from importlib import import_module

        from django.conf import settings

        from mailward.store.models import Account

        account = Account.objects.get(email=address)
        session = import_module(settings.SESSION_ENGINE).SessionStore()
        session[SESSION_KEY] = str(account.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = account.get_session_auth_hash()
        at = time.time() if fresh else time.time() - 86400
        session["account_authentication_methods"] = [
            {"method": "password", "at": at, "email": address},
            {"method": "mfa", "at": at, "type": "totp"},
        ]
        session["account_authentication_methods_user"] = str(account.pk)
        session.save()
        return str(session.session_key)

    def client(self, address: str | None = None, *, fresh: bool = True) -> Any:
        """Django's test client, signed in as ``address``; CSRF is not asked for."""
        from django.test import Client

        client = Client(HTTP_X_FORWARDED_PROTO="https", HTTP_X_FORWARDED_FOR="192.0.2.7")
        if address is not None:
            client.cookies[SESSION] = self.sign_in(address, fresh=fresh)
        return client

    def context(self, browser: Any, address: str | None = None, **options: Any) -> Any:
        """A browser context, signed in. ``options`` are Playwright's (viewport, color_scheme, java_script_enabled …)."""
        context = browser.new_context(base_url=self.url, **options)
        if address is not None:
            secure = self.url.replace("http:", "https:")  # a cookie that is for secure addresses alone, as localhost is
            cookie = {"name": SESSION, "value": self.sign_in(address), "url": secure, "secure": True, "httpOnly": True}
            context.add_cookies([cookie])
        return context

    def open(self, browser: Any, path: str, address: str | None = None, **options: Any) -> Any:
        """A page at ``path``."""
        page = self.context(browser, address, **options).new_page()
        page.goto(path)
        return page


@contextmanager
def raised(directory: Path, *, server_secured: bool = True) -> Iterator[Stage]:
    """The whole world, its steward and its web server, until the end of the block. ``directory`` is for its store."""
    django.setup()
    told = connections["default"].settings_dict
    before = told["NAME"]
    connections.close_all()
    told["NAME"] = str(directory / "stage.sqlite")
    mine: list[Any] = []

    def remember(connection: Any, **_signal: Any) -> None:
        if threading.current_thread() is threading.main_thread():
            mine.append(connection)

    connection_created.connect(remember)
    try:
        call_command("migrate", interactive=False, verbosity=0)
        from mailward.web import office
        from stage_world import fill

        made = fill(server_secured=server_secured)
        office.use(made.office)
        resting = threading.Event()
        with _served() as url, _steward(made, resting):
            yield Stage(url, made, resting)
    finally:
        connection_created.disconnect(remember)
        for connection in mine:  # Playwright runs tests in contexts of its own: each has a connection that outlives it
            connection.close()
        connections.close_all()
        told["NAME"] = before


def copy_of_store(stage: Stage, path: Path) -> None:
    """What the stage's store holds now, for whoever wants to look at it or begin with it again."""
    connections["default"].cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(connections["default"].settings_dict["NAME"], path)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_args: Any) -> None:
        return None


@contextmanager
def _served() -> Iterator[str]:
    from mailward.panel.wsgi import application

    server = make_server("127.0.0.1", 0, application, _Server, _Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextmanager
def _steward(made: Any, resting: threading.Event) -> Iterator[None]:
    """Takes up what waits, and lets the made host's clock follow the real one."""
    from datetime import UTC, datetime

    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.1):
            behind = datetime.now(UTC) - made.clock.now()
            if behind > timedelta():
                made.clock.move(seconds=behind.total_seconds())
            if not resting.is_set():
                made.carry_out()
            connections.close_all()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(30)
