"""``doctor``'s looks at the instance's own resolver, and whether mail to other hosts can use what it vouches for (DANE)."""

from mailward.bootstrap.check_row import CheckRow
from mailward.daemons import unbound
from mailward.host.resolver import DnsResolver
from mailward.model.errors import MailwardError
from mailward.model.layout import Layout
from mailward.model.outside import Processes, Resolver
from mailward.model.sentence import Sentence
from mailward.model.settings import Settings
from mailward.model.verdict import Verdict


def dns_rows(layout: Layout, settings: Settings, processes: Processes) -> list[CheckRow]:
    """What a running instance's resolver and Postfix say."""
    rows = [resolver_row(settings, DnsResolver((settings.own_resolver,)))]
    if settings.outbound:
        rows.append(_dane(layout, settings, processes))
    return rows


def resolver_row(settings: Settings, resolver: Resolver) -> CheckRow:
    """Whether it answers, and proves it: in a demo the server's own name, else the root."""
    name, rdtype = (settings.hostname, "A") if settings.demo is not None else (".", "NS")
    answer = resolver.query(name, rdtype)
    if answer.rcode == "NOERROR" and (answer.authentic or settings.demo is not None):
        return CheckRow("resolver", Verdict.PASS, Sentence("it answers at {server}", server=settings.own_resolver))
    if answer.rcode == "NOERROR":
        said = Sentence("it answers, and can't prove what DNS says")
        remedy = Sentence("Look whether this machine's clock is right. See: mailward logs unbound")
        return CheckRow("resolver", Verdict.WARN, said, remedy)
    said = Sentence("it has no answer ({rcode}): mail to other hosts waits", rcode=answer.rcode)
    remedy = Sentence("Let this machine ask other name servers: port 53, UDP and TCP. See: mailward logs unbound")
    return CheckRow("resolver", Verdict.FAIL, said, remedy)


def _dane(layout: Layout, settings: Settings, processes: Processes) -> CheckRow:
    if not unbound.can_be_named(settings):
        said = Sentence("Postfix can't ask the instance's resolver, which is not on port 53: DANE is off")
        remedy = Sentence("Name each address in mailward.toml instead of all, and give the resolver port 53.")
        return CheckRow("DANE", Verdict.WARN, said, remedy)
    seen = _resolv_conf(layout, processes)
    if seen is None:
        return CheckRow("DANE", Verdict.UNKNOWN, Sentence("Postfix doesn't run"), Sentence("See: mailward logs postfix"))
    if seen != unbound.resolv_conf(settings):
        said = Sentence("Postfix asks the system's resolver, which proves nothing: DANE is off")
        remedy = Sentence("Let root make mount namespaces here (unshare --mount), then: mailward down, mailward up")
        return CheckRow("DANE", Verdict.WARN, said, remedy)
    return CheckRow("DANE", Verdict.PASS, Sentence("Postfix asks the instance's resolver, and believes what it proves"))


def _resolv_conf(layout: Layout, processes: Processes) -> str | None:
    """What Postfix reads as /etc/resolv.conf; None when it doesn't run."""
    try:
        pid = (layout.queue / "pid" / "master.pid").read_text(encoding="ascii", errors="replace").strip()
        if not pid.isdigit():
            return None
        argv = ("/usr/bin/nsenter", "--target", pid, "--mount", "--", "/bin/cat", "/etc/resolv.conf")
        read = processes.run(argv, timeout=10)
    except (OSError, MailwardError):
        return None
    return read.stdout if read.code == 0 else None
