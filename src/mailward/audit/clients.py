"""What will my mail client say? (``mailward client ADDRESS``)

For each client: the steps it takes to find the settings, the servers it ends up with, what these serve under the names
it asks for, the warning it shows in its own words, and what ends it. And for all: whether a client that falls back to
clear text would give its password away, and the manual's ways out. Plain structures; nothing is printed here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mailward.audit.probes.discovery import Looking, StepTaken, door_of
from mailward.audit.probes.doors import Attempts, DoorObservation
from mailward.audit.questions import Wanted
from mailward.audit.rules.chain import ChainJudge
from mailward.audit.rules.clients import DISCOVERY, MailClient, warnings
from mailward.audit.rules.doors import judge_door
from mailward.model.doors import Door
from mailward.model.findings import SERVER, DoorFinding, DoorQuestion
from mailward.model.outside import Clock, HttpClient, Resolver, TlsDialer
from mailward.model.sentence import NOTHING, Sentence
from mailward.model.settings import Settings
from mailward.model.verdict import Verdict, worst
from mailward.standards.mail_address import parse_address
from mailward.standards.mail_settings import MailServer

CLEAR_TEXT_CODES = ("clear-refused", "clear-login", "clear-unknown", "clear-closed")
CLIENT_CODES = ("settings-without-tls", "no-address")


@dataclass(frozen=True)
class ServerMet:
    """A server that a client would use, and what it meets there. ``finding`` None: the settings say not to use TLS."""

    server: MailServer
    user_name: str
    sni: str
    verdict: Verdict
    code: str
    says: Sentence
    remedy: Sentence
    warnings: tuple[Sentence, ...]
    finding: DoorFinding | None = None


@dataclass(frozen=True)
class DiscoveryStep:
    """A step with what its web door served, when that kept the client from its settings."""

    taken: StepTaken
    finding: DoorFinding | None = None
    warnings: tuple[Sentence, ...] = ()


@dataclass(frozen=True)
class ClientLook:
    """One client: its steps up to the one that gave settings, and the servers it then uses."""

    client: MailClient
    steps: tuple[DiscoveryStep, ...]
    servers: tuple[ServerMet, ...]
    verdict: Verdict
    says: Sentence = NOTHING


@dataclass(frozen=True)
class ClearText:
    """Whether a door would take a password in clear text (A11)."""

    door: Door
    port: int | None
    verdict: Verdict
    code: str
    says: Sentence


@dataclass(frozen=True)
class ClientReport:
    """Everything about one address. ``ways_out`` are the manual's, the best first; empty when nothing is wrong."""

    address: str
    verdict: Verdict
    clients: tuple[ClientLook, ...]
    clear_text: tuple[ClearText, ...]
    ways_out: tuple[Sentence, ...]
    notes: tuple[Sentence, ...]
    checked_at: datetime


def discover(
    address: str,
    settings: Settings,
    wanted: Wanted,
    chains: ChainJudge,
    resolver: Resolver,
    http: HttpClient,
    dialer: TlsDialer,
    clock: Clock,
) -> ClientReport:
    """Take every client's steps for an address of a domain that is hosted here. Raises BadInput for what is no address."""
    parsed = parse_address(address)
    judge = _Judge(Looking(parsed, settings, resolver, http, dialer), wanted, chains, clock)
    clients = tuple(_look_as(client, judge) for client in MailClient)
    clear = tuple(_clear_text(judge))
    looked = [door.verdict for door in clear if door.verdict is not Verdict.NOT_APPLICABLE]
    return ClientReport(
        str(parsed),
        worst([*(client.verdict for client in clients), *looked]),
        clients,
        clear,
        _ways_out(judge, clients),
        _notes(settings),
        clock.now(),
    )


@dataclass
class _Judge:
    """Looks at doors and judges them, for one address."""

    looking: Looking
    wanted: Wanted
    chains: ChainJudge
    clock: Clock

    def door(self, door: Door, host: str, port: int, address: str, domain: str) -> DoorFinding:
        question = DoorQuestion(domain, host, door, port, address, host, self.wanted(door.kind.role, host))
        seen = self.looking.dial(door, host, port, address)
        observation = DoorObservation(question, seen, Attempts(), self.clock.now())
        return judge_door(observation, self.chains, self.looking.settings.hostname)


def _look_as(client: MailClient, judge: _Judge) -> ClientLook:
    steps = []
    for step in DISCOVERY[client]:
        taken = judge.looking.take(step)
        steps.append(_with_web_door(client, taken, judge))
        if taken.settings is not None:
            used = (taken.settings.incoming[0], taken.settings.outgoing[0])
            servers = tuple(_meet(client, server, judge) for server in used)
            warned = [Verdict.WARN for one in steps if one.warnings]  # people saw these on the way
            return ClientLook(client, tuple(steps), servers, worst([*warned, *(server.verdict for server in servers)]))
    return ClientLook(client, tuple(steps), (), Verdict.FAIL, _NOTHING_FOUND)


def _with_web_door(client: MailClient, taken: StepTaken, judge: _Judge) -> DiscoveryStep:
    """When the connection to a web door failed, what it served. Outlook asks people about it; the others go on silently."""
    if not taken.address or taken.outcome in ("found", "not-settings") or taken.outcome.startswith("status-"):
        return DiscoveryStep(taken)
    finding = judge.door(Door.HTTPS, taken.host, taken.port, taken.address, judge.looking.address.domain)
    shown = client is MailClient.OUTLOOK and finding.served_sha256 is not None
    said = warnings(client, (finding.code, *finding.also), taken.host, taken.port) if shown else ()
    return DiscoveryStep(taken, finding, said)


def _meet(client: MailClient, server: MailServer, judge: _Judge) -> ServerMet:
    user_name = server.user_name.of(str(judge.looking.address))
    door = door_of(server)
    if door is None:
        return ServerMet(
            server, user_name, server.host, Verdict.FAIL, "settings-without-tls", _NO_TLS, _NO_TLS_REMEDY, (_NO_TLS,)
        )
    addresses = judge.looking.addresses_of(server.host)
    if not addresses:
        says = Sentence("{host} has no address in DNS, so no client can reach it.", host=server.host)
        remedy = Sentence("Publish its address in DNS.")
        said = warnings(client, ("unreachable",), server.host, server.port)
        return ServerMet(server, user_name, server.host, Verdict.FAIL, "no-address", says, remedy, said)
    finding = judge.door(door, server.host, server.port, addresses[0], judge.looking.address.domain)
    said = warnings(client, (finding.code, *finding.also), server.host, server.port)
    return ServerMet(
        server, user_name, server.host, finding.verdict, finding.code, finding.reason, finding.remedy, said, finding
    )


_NOTHING_FOUND = Sentence("It finds no settings by itself: people have to type them in.")
_NO_TLS = Sentence("The settings say not to encrypt: the password and all mail can be read by everybody on the way.")
_NO_TLS_REMEDY = Sentence("Publish settings with TLS: mailward apply")


def _clear_text(judge: _Judge) -> Iterator[ClearText]:
    """Every door where a client could try a password before TLS."""
    settings = judge.looking.settings
    for door in (Door.SUBMISSION, Door.IMAP, Door.POP3, Door.SIEVE):
        if not settings.is_open(door):
            says = Sentence("Closed: there is nothing to fall back to.")
            yield ClearText(door, None, Verdict.NOT_APPLICABLE, "clear-closed", says)
        else:
            yield _one_clear_text(judge, door)


def _one_clear_text(judge: _Judge, door: Door) -> ClearText:
    settings = judge.looking.settings
    host = f"mail.{judge.looking.address.domain}"
    addresses = judge.looking.addresses_of(host) or settings.addresses
    seen = judge.looking.dial(door, host, settings.ports[door], addresses[0], probe_clear=True)
    if seen.clear_login:
        says = Sentence("It offers to log in before TLS: a client that falls back to clear text gives its password away.")
        return ClearText(door, settings.ports[door], Verdict.FAIL, "clear-login", says)
    if seen.clear_login is None:
        says = Sentence(
            "It could not be seen whether it takes a password in clear text ({trouble}).", trouble=seen.trouble or "-"
        )
        return ClearText(door, settings.ports[door], Verdict.UNKNOWN, "clear-unknown", says)
    says = Sentence("It takes no password before TLS: a client that refuses TLS gets no mail, but gives nothing away.")
    return ClearText(door, settings.ports[door], Verdict.PASS, "clear-refused", says)


def _ways_out(judge: _Judge, clients: tuple[ClientLook, ...]) -> tuple[Sentence, ...]:
    """The manual's ways to end a warning, the ones that work today first."""
    met = [server for client in clients for server in client.servers]
    if all(server.verdict is Verdict.PASS for server in met) and met:
        return ()
    domain, server_name = judge.looking.address.domain, judge.looking.settings.hostname
    own = Sentence(
        "Choose a certificate for mail of {domain}: mailward secure {domain} - then nobody has to change a client.",
        domain=domain,
    )
    never = Sentence(
        "Whatever the client says, never switch its encryption off: a warning still means an encrypted connection, no "
        "encryption means that everybody on the way reads the password. Use a client that connects with TLS."
    )
    if not any(server.code == "name-mismatch" or "name-mismatch" in _also(server) for server in met):
        return own, never
    return own, _server_name_way(judge, server_name, domain), never


def _also(server: ServerMet) -> tuple[str, ...]:
    return server.finding.also if server.finding else ()


def _server_name_way(judge: _Judge, server_name: str, domain: str) -> Sentence:
    """Whether the server's own name in the client would end the warning: looked at, not assumed."""
    addresses = judge.looking.addresses_of(server_name) or judge.looking.settings.addresses
    port = judge.looking.settings.ports.get(Door.IMAPS)
    if port is not None:
        finding = judge.door(Door.IMAPS, server_name, port, addresses[0], SERVER)
        if finding.verdict in (Verdict.PASS, Verdict.WARN):
            return Sentence(
                "Or put {server} in place of mail.{domain} in the client's settings: its certificate is valid for "
                "that name.",
                server=server_name,
                domain=domain,
            )
    return Sentence(
        "Putting {server} in place of mail.{domain} in the client's settings does not help yet: the server itself is "
        "not secured. The provider ends that with: mailward secure server",
        server=server_name,
        domain=domain,
    )


def _notes(settings: Settings) -> tuple[Sentence, ...]:
    port = settings.ports.get(Door.HTTPS)
    if port is None or port == 443:
        return ()
    return (
        Sentence(
            "Real clients look for settings at port 443 and at standard mail ports; this instance answers at {port} "
            "and was asked there.",
            port=port,
        ),
    )
