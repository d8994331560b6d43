"""Which certificate may be chosen for what, and to which names it then answers. Pure.

Rows A5, A6 and A9: a certificate that doesn't cover the names a role needs is refused, with the names; one that does is
accepted even while the server itself has only its self-signed certificate, with the warning that says what that means.
"""

from mailward.certificates.refusals import names_missing
from mailward.model.certificates import Certificate
from mailward.model.doors import Role
from mailward.model.sentence import Sentence


def needed_names(domain: str, role: Role) -> tuple[str, ...]:
    """The names of ``domain`` that a certificate must cover to be chosen for ``role``."""
    return (f"webmail.{domain}",) if role is Role.WEB else (f"mail.{domain}",)


def recommended_names(domain: str) -> tuple[str, ...]:
    """What to ask a CA for, so that one certificate is good for webmail, mail and every other subdomain (row A3)."""
    return (domain, f"*.{domain}")


def san_names(domain: str) -> tuple[str, ...]:
    """The same without a wildcard, for a CA that has to fetch a file by HTTP from each name (row A4)."""
    return (f"mail.{domain}", f"webmail.{domain}")


def refuse_or_warn(certificate: Certificate, domain: str, role: Role, *, server_is_self_signed: bool) -> Sentence | None:
    """None: all is well. A Sentence: accepted, with this warning. Raises BadInput (``names-missing``) when it is not."""
    missing = certificate.missing(needed_names(domain, role))
    if missing:
        raise names_missing("certificate", missing, certificate.names)
    if certificate.self_signed:
        return Sentence(
            "This certificate is self-signed: what is sent is encrypted, but every client of {domain} will warn.",
            domain=domain,
        )
    if server_is_self_signed and role is Role.MAIL:
        return Sentence(
            "The mail server itself still has its self-signed certificate. Clients that ask for a name of {domain} are "
            "protected; clients that use the server's own name, or ask for no name, and mail servers that deliver here, "
            "still meet the self-signed one. The provider ends this by securing the server.",
            domain=domain,
        )
    if server_is_self_signed:
        return Sentence(
            "The server itself still has its self-signed certificate: only the webmail of {domain} is protected, "
            "not the panel and not the webmail address of the server. The provider ends this by securing the server.",
            domain=domain,
        )
    return None


def refuse_for_server(certificate: Certificate, hostname: str) -> None:
    """The server-wide certificate must cover the server's own name. Raises BadInput (``names-missing``)."""
    missing = certificate.missing((hostname,))
    if missing:
        raise names_missing("certificate", missing, certificate.names)


def served_names(certificate: Certificate, domain: str) -> tuple[str, ...]:
    """The certificate's names that are the domain's own: it may answer to these, and to no other customer's."""
    return tuple(name for name in certificate.names if belongs(name, domain))


def served_for_server(certificate: Certificate, hostname: str) -> tuple[str, ...]:
    """The names to which the server-wide choice answers by name: the server's own, when the certificate covers it."""
    return (hostname,) if certificate.covers(hostname) else ()


def belongs(name: str, domain: str) -> bool:
    """Whether ``name`` (or the wildcard ``*.name``) is ``domain`` or lies below it."""
    bare = name.removeprefix("*.")
    return bare == domain or bare.endswith(f".{domain}")
