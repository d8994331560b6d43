"""Lineages as rows that are answered, and where they are shown. Asks no permission: only actions that did may call it."""

import re
from collections.abc import Iterator, Sequence

from django.db.models import F

from mailward.actions.office import Office
from mailward.actions.rows import CertificateRow
from mailward.model.certificates import Source
from mailward.model.errors import BadInput
from mailward.model.findings import SERVER
from mailward.model.sentence import Sentence
from mailward.store.models import Domain, Lineage, ServerChoice, Version
from mailward.store.sentences import from_json

_OF_SERVER = re.compile(rf"{SERVER}-(?:wildcard|san|upload|csr)(?:-[0-9]+)?|(?:web|mail)-self-signed(?:-[0-9]+)?")
AT_ONCE = 1000  # lineages that one question names


def certificate_row(lineage: Lineage) -> CertificateRow:
    return certificate_rows([lineage])[0]


def certificate_rows(lineages: Sequence[Lineage]) -> tuple[CertificateRow, ...]:
    """Their rows. The number of questions to the store grows with the thousands, not with each."""
    versions = {v.lineage_id: v for part in _parts(lineages) for v in _current_versions(part)}
    chosen = _chosen(lineages)
    return tuple(_row(row, versions.get(row.pk), tuple(chosen.get(row.pk, ()))) for row in lineages)


def chosen_for(lineage: Lineage) -> tuple[str, ...]:
    """Where a lineage is shown to clients now: domains and the server itself."""
    return tuple(_chosen([lineage]).get(lineage.pk, ()))


def belonging(lineage: Lineage) -> dict[str, str]:
    """Whose it is, as events have it: its domain and customer, or nobody's but the host's."""
    domain = lineage.domain
    return {"domain": domain.name, "customer": domain.customer.name} if domain else {"domain": "", "customer": ""}


def _parts(lineages: Sequence[Lineage]) -> Iterator[Sequence[Lineage]]:
    return (lineages[start : start + AT_ONCE] for start in range(0, len(lineages), AT_ONCE))


def _current_versions(lineages: Sequence[Lineage]) -> list[Version]:
    """The versions that are current, without their keys."""
    found = Version.objects.filter(lineage__in=lineages, number=F("lineage__current"))
    return list(found.defer("chain_pem", "sealed_key", "companion_chain_pem", "companion_sealed_key"))


def _chosen(lineages: Sequence[Lineage]) -> dict[str, list[str]]:
    """``chosen_for`` of those that are chosen somewhere."""
    found: dict[str, list[str]] = {}
    for what, field in (("webmail", "webmail_lineage"), ("mail", "mail_lineage")):
        for part in _parts(lineages):
            domains = Domain.objects.filter(**{f"{field}__in": part}).order_by("name")
            for name, lineage in domains.values_list("name", f"{field}_id"):
                found.setdefault(lineage, []).append(f"{what} of {name}")
    choice = ServerChoice.objects.first()
    own = (("server", choice.mail_lineage_id), ("panel", choice.panel_lineage_id)) if choice is not None else ()
    for what, chosen in own:
        if chosen is not None:
            found.setdefault(chosen, []).append(what)
    return found


def _row(lineage: Lineage, version: Version | None, chosen: tuple[str, ...]) -> CertificateRow:
    return CertificateRow(
        id=lineage.pk,
        domain=lineage.domain.name if lineage.domain else SERVER,
        source=lineage.source,
        names=tuple(lineage.names),
        challenge=lineage.challenge,
        ca=lineage.ca,
        current=lineage.current,
        not_before=version.not_before if version else None,
        not_after=version.not_after if version else None,
        issuer=version.issuer if version else "",
        sha256=version.sha256 if version else "",
        renew_at=lineage.renew_at,
        failures=lineage.failures,
        failure=from_json(lineage.failure),
        retry_at=lineage.retry_at,
        revoked_at=lineage.revoked_at,
        chosen_for=chosen,
        key_type=lineage.key_type if lineage.source == Source.ACME else "",
        companion_sha256=(version.companion_sha256 or "") if version else "",
    )


def refuse_pair_unless_shown(office: Office) -> None:
    """Two certificates for one name are taken only where the doors show both. Raises BadInput."""
    if not office.settings.rsa:
        said = Sentence("the doors of this host show one certificate for each name, not one for each kind of key")
        remedy = Sentence("Write rsa = true into mailward.toml, run: mailward apply; then try again.")
        raise BadInput("key_type", said, remedy, code="one-kind-of-key")


def is_of_server(lineage_id: str) -> bool:
    """Whether a lineage without a domain was made for the server. Those of removed domains are nobody's any more: whoever
    adds such a domain anew must not get what its former holder had."""
    return _OF_SERVER.fullmatch(lineage_id) is not None
