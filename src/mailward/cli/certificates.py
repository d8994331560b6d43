"""Certificates: choosing them, ordering them, taking in what was bought, their history and their end."""

import sys
from pathlib import Path

import click

from mailward.actions import budget as limits
from mailward.actions import certificates as actions
from mailward.actions import choices, orders
from mailward.cli.app import FINE
from mailward.cli.asked import carry_out
from mailward.cli.command import command, group, option, yes
from mailward.cli.face import Face
from mailward.cli.language import tell
from mailward.cli.show_certificates import show_budget, show_certificate, show_certificates, show_history
from mailward.model.certificates import Challenge
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER
from mailward.model.sentence import Sentence
from mailward.model.settings import KeyType

certificate = group("certificate")
_LARGEST = 1024 * 1024

_DOMAIN = "DOMAIN|server"
_KINDS = click.Choice([kind.value for kind in KeyType])
_FILE = click.Path(dir_okay=False, path_type=Path)

key_type = option("--key-type", "--key", type=_KINDS, says=Sentence("The kind of private key (both: ECDSA and RSA)"))


@command("secure", results=True)
@click.argument("subject", metavar=_DOMAIN)
@option("--webmail", metavar="CERT", says=Sentence("The certificate for webmail"))
@option("--mail", metavar="CERT", says=Sentence("The certificate for mail"))
@option("--panel", metavar="CERT", says=Sentence("The server's certificate for panel and webmail"))
@option(
    "--challenge",
    type=click.Choice([one.value for one in Challenge]),
    default=Challenge.DNS_01.value,
    says=Sentence("How control is shown: dns-01 (a wildcard), or http-01 (mail and webmail; DNS may be anywhere)"),
)
def secure(face: Face, subject: str, webmail: str | None, mail: str | None, panel: str | None, challenge: str) -> int:
    mailward = face.open()
    if panel is not None and (subject != SERVER or webmail is not None):
        raise BadInput(
            "panel", Sentence("--panel is the server's choice"), Sentence("./mailward secure server --panel CERT")
        )
    if webmail is None and mail is None and panel is None:
        asked = choices.secure(mailward.office, face.actor, subject, Challenge(challenge))
    else:
        asked = choices.choose(mailward.office, face.actor, subject, webmail=webmail or panel, mail=mail)
    return carry_out(face, mailward, asked)


@command("list", Sentence("Show the certificates, and where each is chosen"), under=certificate, results=True)
@click.argument("domain", required=False)
def show_all(face: Face, domain: str | None) -> None:
    rows = actions.list_certificates(face.open().office, face.actor, domain).rows
    face.answer(rows, lambda out: show_certificates(out, rows))


@command("show", Sentence("Show all about one certificate"), under=certificate, results=True)
@click.argument("cert")
def show_one(face: Face, cert: str) -> None:
    row = actions.show_certificate(face.open().office, face.actor, cert)
    face.answer(row, lambda out: show_certificate(out, row))


@command(
    "issue",
    Sentence("Order a free certificate (without names: the wildcard)"),
    under=certificate,
    results=True,
)
@click.argument("domain", metavar=_DOMAIN)
@option("--name", "names", multiple=True, metavar="NAME", says=Sentence("A name it shall have; may be given several times"))
@option("--challenge", type=click.Choice(["dns-01", "http-01"]), says=Sentence("How control of the names is shown"))
@option("--ca", metavar="CA", says=Sentence("Which certificate authority of mailward.toml"))
@key_type
def issue(
    face: Face, domain: str, names: tuple[str, ...], challenge: str | None, ca: str | None, key_type: str | None
) -> int:
    mailward = face.open()
    asked = orders.issue(
        mailward.office,
        face.actor,
        domain,
        names,
        challenge=Challenge(challenge or "dns-01"),
        ca=ca,
        key_type=KeyType(key_type) if key_type else None,
    )
    return carry_out(face, mailward, asked)


@command("upload", Sentence("Take in a certificate with key and chain (PEM, PKCS#12)"), under=certificate, results=True)
@click.argument("domain", metavar=_DOMAIN)
@click.argument("file", type=_FILE)
@option(
    "--key",
    type=_FILE,
    metavar="FILE",
    says=Sentence("The key, if it has a file of its own"),
)
@option("--ask-password", is_flag=True, says=Sentence("Ask for the key's password (or read it from standard input)"))
@option("--next-of", "cert", metavar="CERT", says=Sentence("It follows this uploaded certificate, and replaces it"))
def upload(face: Face, domain: str, file: Path, key: Path | None, ask_password: bool, cert: str | None) -> int:
    material, key_material = _read(file), _read(key) if key else None
    password = _key_password() if ask_password else None
    mailward = face.open()
    row, asked = actions.upload(mailward.office, face.actor, domain, material, key_material, password, cert)
    if asked is not None:
        return carry_out(face, mailward, asked)
    face.answer(row, lambda out: show_certificate(out, row))
    return FINE


@command(
    "csr",
    Sentence("Make a key and a signing request here"),
    under=certificate,
    results=True,
)
@click.argument("domain", metavar=_DOMAIN)
@option("--name", "names", multiple=True, metavar="NAME", says=Sentence("A name it shall have; may be given several times"))
@key_type
def csr(face: Face, domain: str, names: tuple[str, ...], key_type: str | None) -> None:
    kind = KeyType(key_type) if key_type else None
    row, pem = actions.signing_request(face.open().office, face.actor, domain, names, kind)
    text = pem.decode("ascii")
    face.err.print(tell(Sentence("Give this to the certificate authority. It answers to: {name}", name=row.id)))
    face.answer({"certificate": row.id, "csr": text}, lambda out: out.print(text, end="", soft_wrap=True))


@command("answer", Sentence("Take in what the authority answered to a request made here"), under=certificate, results=True)
@click.argument("cert")
@click.argument("file", type=_FILE)
def answer(face: Face, cert: str, file: Path) -> int:
    mailward = face.open()
    return carry_out(face, mailward, actions.answer(mailward.office, face.actor, cert, _read(file)))


@command("renew", Sentence("Order the next version now"), under=certificate, results=True)
@click.argument("cert")
def renew(face: Face, cert: str) -> int:
    mailward = face.open()
    return carry_out(face, mailward, orders.renew(mailward.office, face.actor, cert))


@command("revoke", Sentence("Declare a certificate void at its authority"), under=certificate, results=True)
@click.argument("cert")
@yes
def revoke(face: Face, cert: str, yes: bool) -> int:
    mailward = face.open()
    face.be_sure(Sentence("Revoke {cert}? Nothing can use it afterwards.", cert=cert), yes)
    return carry_out(face, mailward, orders.revoke(mailward.office, face.actor, cert))


@command("history", Sentence("Show the versions that a certificate has had"), under=certificate, results=True)
@click.argument("cert")
def history(face: Face, cert: str) -> None:
    rows = actions.history(face.open().office, face.actor, cert)
    face.answer(rows, lambda out: show_history(out, rows))


@command(
    "budget",
    Sentence("Forecast the authority's limits"),
    under=certificate,
    results=True,
)
def budget(face: Face) -> None:
    rows = limits.budget(face.open().office, face.actor)
    face.answer(rows, lambda out: show_budget(out, rows))


def _read(path: Path) -> bytes:
    """A file a person named; ``-`` is standard input."""
    try:
        if str(path) == "-":
            content = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with path.open("rb") as file:
                content = file.read(_LARGEST + 1)
    except OSError as error:
        raise BadInput("file", Sentence("{path} can't be read: {why}", path=path, why=error.strerror or error)) from None
    if len(content) > _LARGEST:
        raise BadInput("file", Sentence("{path} is larger than 1 MB: that is no certificate", path=path), code="too-large")
    return content


def _key_password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt(tell(Sentence("The key's password")), hide_input=True, err=True))
    return sys.stdin.readline(1025).rstrip("\r\n")
