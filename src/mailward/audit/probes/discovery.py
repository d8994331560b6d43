"""Taking a mail client's steps: real DNS queries, real HTTPS requests, real handshakes, in the client's own order.

Nothing is judged here but whether a step led to settings. Discovery URLs use the instance's own HTTPS port, since a
demo doesn't listen on 443. No password is sent anywhere, ever.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address

from mailward.audit.rules.clients import Fetch, FetchBySrv, Form, Guess, NotTried, Srv, Step
from mailward.model.doors import Door, Tls
from mailward.model.errors import BadInput
from mailward.model.outside import Dialled, DialTarget, HttpAnswer, HttpClient, Resolver, TlsDialer
from mailward.model.sentence import Sentence
from mailward.model.settings import Settings
from mailward.standards import autoconfig, autodiscover, client_srv, mobileconfig
from mailward.standards.mail_address import MailAddress
from mailward.standards.mail_settings import MailServer, MailSettings

_TIMEOUT = 5.0


@dataclass(frozen=True)
class StepTaken:
    """One step of a client: what was asked, how it ended (a stable word), and the settings that it gave.

    ``outcome``: found, no-address, no-record, not-tried, not-settings, status-404 …, or a connection's trouble.
    ``host``, ``port`` and ``address`` name the web door that was asked, if one was.
    """

    asked: str
    outcome: str
    says: Sentence
    settings: MailSettings | None = None
    host: str = ""
    port: int = 0
    address: str = ""


@dataclass
class Looking:
    """Looks on behalf of one address, and looks at the same door under the same name only once."""

    address: MailAddress
    settings: Settings
    resolver: Resolver
    http: HttpClient
    dialer: TlsDialer
    _dialled: dict[DialTarget, Dialled] = field(default_factory=dict)
    _addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def take(self, step: Step) -> StepTaken:
        """Take one step."""
        match step:
            case Fetch():
                return self._fetch(step.form, self._put_in(step.host), self._https_port, step.path, step.post)
            case FetchBySrv():
                return self._fetch_by_srv(step)
            case Srv():
                return self._srv(step)
            case Guess():
                return self._guess(step)
            case NotTried():
                return StepTaken("", "not-tried", step.what)

    def addresses_of(self, host: str) -> tuple[str, ...]:
        """The host's addresses in DNS, IPv4 first; an address is its own."""
        if host not in self._addresses:
            found = [record for kind in ("A", "AAAA") for record in self.resolver.query(host, kind).records]
            self._addresses[host] = tuple(record for record in found if _is_address(record))
        return self._addresses[host]

    def dial(self, door: Door, host: str, port: int, address: str, *, probe_clear: bool = False) -> Dialled:
        """A handshake at a door under a name, as a client makes it."""
        kind = door.kind
        target = DialTarget(kind.protocol, kind.tls, address, port, host, _TIMEOUT, probe_clear=probe_clear)
        if target not in self._dialled:
            self._dialled[target] = self.dialer.dial([target])[0]
        return self._dialled[target]

    @property
    def _https_port(self) -> int:
        return self.settings.ports.get(Door.HTTPS, 443)

    def _put_in(self, template: str) -> str:
        return template.replace("{domain}", self.address.domain).replace("{address}", str(self.address))

    def _fetch(self, form: Form, host: str, port: int, path: str, post: bool) -> StepTaken:
        url = f"https://{host}{'' if port == 443 else f':{port}'}{self._put_in(path)}"
        addresses = self.addresses_of(host)
        if not addresses:
            return StepTaken(url, "no-address", Sentence("{host} has no address in DNS.", host=host))
        body = autodiscover.make_request(str(self.address)) if post else None
        answer = self.http.fetch(url, address=addresses[0], port=port, method="POST" if post else "GET", body=body)
        outcome, says, found = self._read(form, answer)
        return StepTaken(url, outcome, says, found, host, port, addresses[0])

    def _read(self, form: Form, answer: HttpAnswer) -> tuple[str, Sentence, MailSettings | None]:
        if answer.trouble is not None:
            return answer.trouble, Sentence("No answer: {trouble}.", trouble=answer.trouble), None
        if answer.status != 200:
            says = Sentence("The web server answered {status}: no settings there.", status=answer.status)
            return f"status-{answer.status}", says, None
        try:
            found = _READ[form](answer.body, self.address.domain)
        except BadInput as refused:
            return "not-settings", refused.what, None
        if not found.incoming or not found.outgoing:
            return "not-settings", Sentence("The document names no server to read from, or none to send with."), None
        return "found", Sentence("Settings were found."), found

    def _fetch_by_srv(self, step: FetchBySrv) -> StepTaken:
        name = f"{client_srv.AUTODISCOVER}.{self.address.domain}"
        records = self._records(name)
        if not records:
            return StepTaken(f"SRV {name}", "no-record", Sentence("DNS has no such record."))
        return self._fetch(step.form, records[0].target, records[0].port, step.path, step.post)

    def _records(self, name: str) -> list[client_srv.SrvRecord]:
        found = []
        for value in self.resolver.query(name, "SRV").records:
            try:
                found.append(client_srv.parse(name, value))
            except BadInput:
                continue
        return client_srv.in_order(found)

    def _srv(self, step: Srv) -> StepTaken:
        incoming, outgoing = self._by_srv(step.incoming), self._by_srv(step.outgoing)
        asked = "SRV " + ", ".join(
            client_srv.service_name(d, self.address.domain) for d in (*step.incoming, *step.outgoing)
        )
        if not incoming or not outgoing:
            return StepTaken(asked, "no-record", Sentence("DNS has no such record."))
        return StepTaken(asked, "found", _FOUND, MailSettings(self.address.domain, incoming, outgoing))

    def _by_srv(self, doors: tuple[Door, ...]) -> tuple[MailServer, ...]:
        return tuple(
            client_srv.server_of(door, record)
            for door in doors
            for record in self._records(client_srv.service_name(door, self.address.domain))[:1]
        )

    def _guess(self, step: Guess) -> StepTaken:
        incoming, outgoing = self._try(step.incoming), self._try(step.outgoing)
        names = dict.fromkeys(self._put_in(name) for name, _ in (*step.incoming, *step.outgoing))
        asked = ", ".join(names)
        if incoming is None or outgoing is None:
            return StepTaken(asked, "no-answer", Sentence("No likely name answers at a mail door."))
        return StepTaken(asked, "found", _FOUND, MailSettings(self.address.domain, (incoming,), (outgoing,)))

    def _try(self, guesses: tuple[tuple[str, tuple[Door, ...]], ...]) -> MailServer | None:
        """The first name and open door where a handshake succeeds, trusted or not: clients decide on trust afterwards."""
        for name, doors in guesses:
            host = self._put_in(name)
            for door in doors:
                if self.settings.is_open(door) and self._answers(door, host):
                    return MailServer(door.kind.protocol, host, self.settings.ports[door], door.kind.tls)
        return None

    def _answers(self, door: Door, host: str) -> bool:
        addresses = self.addresses_of(host)
        return bool(addresses) and self.dial(door, host, self.settings.ports[door], addresses[0]).trouble is None


def door_of(server: MailServer) -> Door | None:
    """Which door a server of somebody's settings is; None when it is to be used without TLS."""
    if server.tls is Tls.NONE:
        return None
    doors = (Door.IMAPS, Door.IMAP, Door.POP3S, Door.POP3, Door.SUBMISSIONS, Door.SUBMISSION)
    return next((d for d in doors if (d.kind.protocol, d.kind.tls) == (server.protocol, server.tls)), None)


_FOUND = Sentence("Settings were found.")
_READ: dict[Form, Callable[[bytes, str], MailSettings]] = {
    Form.AUTOCONFIG: lambda body, _domain: autoconfig.parse(body),
    Form.AUTODISCOVER: autodiscover.parse,
    Form.MOBILECONFIG: mobileconfig.parse,
}


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
