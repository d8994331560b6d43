"""The process that answers Postfix' questions about TLS with other hosts (mailpath/tls_policy.py). It opens neither the
store nor a secret."""

from pathlib import Path

from mailward.bootstrap import joining
from mailward.daemons import mta_sts, tls_policy
from mailward.host import socketmap
from mailward.host.resolver import DnsResolver
from mailward.mailpath.tls_policy import TlsPolicy
from mailward.model.layout import Layout


def serve_tls_policy(root: Path) -> None:
    """Answer until stopped. Asks the instance's own resolver, whatever mailward.toml's ``nameservers`` are: only that one
    vouches for what it says."""
    layout = Layout(root.resolve())
    settings = joining.read_settings(layout)

    def ask_mta_sts(domain: str) -> str:
        return socketmap.ask(mta_sts.socket(layout), "postfix", domain)

    policy = TlsPolicy(DnsResolver((settings.own_resolver,)), ask_mta_sts)
    socketmap.serve_forever(tls_policy.socket(layout), policy.answer)
