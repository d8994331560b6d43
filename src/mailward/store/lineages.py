"""Writing lineages and their versions. A private key goes in sealed or not at all."""

from collections.abc import Sequence

from cryptography import x509
from django.db.models import QuerySet

from mailward.model.certificates import Certificate, Challenge, KeyedChain, Source
from mailward.model.outside import Seal
from mailward.model.settings import KeyType
from mailward.standards.x509 import describe_parsed
from mailward.store.models import Domain, Lineage, Version


def new_lineage(
    wanted_id: str,
    domain: Domain | None,
    source: Source,
    names: Sequence[str],
    *,
    challenge: Challenge | None = None,
    ca: str | None = None,
    key_type: KeyType = KeyType.P256,
) -> Lineage:
    """A lineage under ``wanted_id``, or that id with a number when it is taken."""
    free = wanted_id
    count = 1
    while Lineage.objects.filter(pk=free).exists():
        count += 1
        free = f"{wanted_id}-{count}"
    return Lineage.objects.create(
        id=free,
        domain=domain,
        source=source.value,
        names=list(names),
        challenge=challenge.value if challenge else "",
        ca=ca or "",
        key_type=key_type.value,
    )


def make_current(version: Version) -> None:
    """The lineage shows this version from now on. Nothing else sets ``current`` (revoking takes it away)."""
    now_current = {"current": version.number, "names": version.names, "ends_at": version.not_after}
    Lineage.objects.filter(pk=version.lineage_id).update(**now_current)


def add_version(lineage: Lineage, chain: KeyedChain, seal: Seal) -> Version:
    """The next version in the lineage's history. It isn't served until a run has proven it."""
    last = lineage.versions.order_by("-number").first()
    certificate = chain.certificate
    version = Version.objects.create(
        lineage=lineage,
        number=last.number + 1 if last else 1,
        chain_pem=chain.chain_pem,
        sealed_key=seal.seal(chain.key_pem),
        sha256=certificate.sha256,
        names=list(certificate.names),
        issuer=certificate.issuer[:250],
        not_before=certificate.not_before,
        not_after=certificate.not_after,
    )
    if chain.companion is not None:
        add_companion(version, chain.companion, seal)
    return version


def add_companion(version: Version, companion: KeyedChain, seal: Seal) -> None:
    """The second certificate of a version that isn't served yet. Done again, it changes nothing."""
    if version.companion_sha256 == companion.certificate.sha256:
        return
    version.companion_chain_pem = companion.chain_pem
    version.companion_sealed_key = seal.seal(companion.key_pem)
    version.companion_sha256 = companion.certificate.sha256
    version.save(update_fields=["companion_chain_pem", "companion_sealed_key", "companion_sha256"])


def is_whole(version: Version) -> bool:
    """Whether it has all that its lineage is to have. One of two certificates is not to be served alone."""
    return version.lineage.key_type != KeyType.BOTH or version.companion_sha256 is not None


def with_companion() -> QuerySet[Version, tuple[str, int]]:
    """The versions that have an RSA companion: (lineage, number)."""
    return Version.objects.exclude(companion_sha256=None).values_list("lineage_id", "number")


def certificate_of(version: Version) -> Certificate:
    """The facts of a version's leaf, read from its chain."""
    return describe_parsed(x509.load_pem_x509_certificate(bytes(version.chain_pem)))
