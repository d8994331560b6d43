"""Webmail by HTTP, as a browser's forms speak it: log in, look at the inbox. Certificates are verified."""

import http.cookiejar
import json
import re
import socket
import ssl
import time
import urllib.parse
import urllib.request
from http.client import HTTPResponse, HTTPSConnection
from typing import Any


class _Connection(HTTPSConnection):
    """Connects to loopback, and asks there for the name in the URL."""

    def connect(self) -> None:
        plain = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)  # type: ignore[attr-defined]


class _Handler(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> HTTPResponse:
        return self.do_open(_Connection, request, context=self._context)  # type: ignore[attr-defined, arg-type, no-any-return]


class WebmailPerson:
    """One browser of one person."""

    def __init__(self, name: str, port: int, context: ssl.SSLContext) -> None:
        self._url = f"https://{name}:{port}/"
        jar = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=None))
        self._opener = urllib.request.build_opener(_Handler(context=context), urllib.request.HTTPCookieProcessor(jar))
        self._token = ""

    def log_in(self, address: str, password: str) -> None:
        self._token = self._found(r'name="_token" value="([^"]+)"', self._get(""))
        form = {
            "_token": self._token, "_task": "login", "_action": "login", "_timezone": "UTC", "_url": "",
            "_user": address, "_pass": password,
        }  # fmt: skip
        page = self._get("?_task=login", form)
        self._token = self._found(r'"request_token":"([^"]+)"', page)

    def inbox(self, patience: float = 0) -> str:
        """What the list of messages says, asked for until it holds one or ``patience`` seconds are over."""
        end = time.monotonic() + patience
        while True:
            answer: dict[str, Any] = json.loads(
                self._get(f"?_task=mail&_action=list&_mbox=INBOX&_remote=1&_unlock=0&_token={self._token}")
            )
            said = str(answer.get("exec", ""))
            if "add_message_row" in said or time.monotonic() >= end:
                return said
            time.sleep(0.3)

    def _get(self, path: str, form: dict[str, str] | None = None) -> str:
        body = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(self._url + path, body, {"X-Roundcube-Request": self._token})
        with self._opener.open(request, timeout=30) as answer:
            return str(answer.read().decode("utf-8", "replace"))

    @staticmethod
    def _found(pattern: str, page: str) -> str:
        match = re.search(pattern, page)
        assert match, f"webmail's page holds no {pattern}: {page[:300]}"
        return match.group(1)
