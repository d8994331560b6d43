"""Keys made ahead of their certificates, for the server-wide lineage: their hashes are in DNS before anybody orders."""

from hashlib import sha256

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailward.certificates import make
from mailward.model.certificates import KeyedChain, Source
from mailward.model.settings import KeyType
from mailward.steward.host import Host
from mailward.store import tlsa as rows
from mailward.store.models import Lineage, ServerChoice


def make_ahead(host: Host) -> bool:
    """See to it that the next certificate's keys are there, one of each kind that may be wanted. Whether one was made."""
    choice = ServerChoice.objects.select_related("mail_lineage").first()
    lineage = choice.mail_lineage if choice else None
    if lineage is None:
        return False
    made = False
    for kind in _kinds(lineage, host.settings.key_type):
        if rows.made_ahead(host.settings.hostname, lineage, kind) is None:
            key = make.private_key(kind)
            sealed = host.seal.seal(make.key_pem(key))
            rows.add_key(host.settings.hostname, key_hash(key), kind, sealed, host.clock.now())
            made = True
    return made


def key_for(host: Host, lineage_id: str, kind: KeyType) -> bytes | None:
    """The key (PEM) that this lineage's next certificate is to have; None: any new one. Asked again after a crash, it is
    the same key."""
    lineage = Lineage.objects.get(pk=lineage_id)
    if not is_of_server(lineage, host.settings.hostname):
        return None
    for _ in range(3):
        row = rows.made_ahead(host.settings.hostname, lineage, kind)
        if row is None or row.sealed_key is None:
            return None
        if rows.take(row, lineage):
            return host.unseal.unseal(bytes(row.sealed_key))
    return None


def was_delivered(chain: KeyedChain) -> None:
    """A version of a lineage holds the chain's keys now."""
    rows.held_by_version(hashes_of(chain))


def hashes_of(chain: KeyedChain) -> tuple[str, ...]:
    """What TLSA ``3 1 1`` holds of a chain's key, and of its companion's."""
    found = (chain, chain.companion) if chain.companion else (chain,)
    return tuple(one.certificate.spki_sha256 for one in found)


def key_hash(key: make.MadeKey) -> str:
    """SHA-256 (hex) of the public key, as TLSA ``3 1 1`` has it."""
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(spki).hexdigest()


def is_of_server(lineage: Lineage, hostname: str) -> bool:
    """Whether its certificates may be shown under the server's own name."""
    wildcard = f"*.{hostname.partition('.')[2]}"
    return lineage.domain_id is None and bool({hostname, wildcard} & set(lineage.names))


def _kinds(lineage: Lineage, wished: KeyType) -> tuple[KeyType, ...]:
    """Of the next version; a self-signed one may be followed by a CA's, with the kind of key that the host wishes."""
    kinds = [KeyType(lineage.key_type)]
    if lineage.source == Source.SELF_SIGNED:
        kinds.append(wished)
    single = [(KeyType.P256, KeyType.RSA2048) if kind is KeyType.BOTH else (kind,) for kind in kinds]
    return tuple(dict.fromkeys(kind for pair in single for kind in pair))
