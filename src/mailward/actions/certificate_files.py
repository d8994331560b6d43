"""A certificate as files that people take with them: the chain, or the leaf alone. Never a key."""

from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mailward.actions import permission
from mailward.actions.office import Office
from mailward.model.errors import BadInput
from mailward.model.people import Actor
from mailward.model.rights import Act
from mailward.model.sentence import Sentence
from mailward.store.models import Version


class Part(StrEnum):
    CHAIN = "chain"  # the certificate, then what leads to its root
    LEAF = "leaf"
    RSA_CHAIN = "rsa-chain"  # of the companion with an RSA key
    RSA_LEAF = "rsa-leaf"


@dataclass(frozen=True)
class PemFile:
    name: str
    content: bytes


def pem_file(office: Office, actor: Actor, lineage_id: str, number: int, part: Part) -> PemFile:
    """A version of a certificate as a PEM file (RFC 7468). Raises BadInput (``unknown``) where there is none."""
    lineage = permission.lineage_for(actor, Act.CERTIFICATES_READ, lineage_id)
    version = (
        Version.objects.filter(lineage=lineage, number=number).only("chain_pem", "companion_chain_pem", "lineage").first()
    )
    kept = None
    if version is not None:
        kept = version.chain_pem if part in (Part.CHAIN, Part.LEAF) else version.companion_chain_pem
    if kept is None:
        said = Sentence("there is no version {number} of {id}", number=number, id=lineage.pk)
        raise BadInput("certificate", said, code="unknown")
    certificates = x509.load_pem_x509_certificates(bytes(kept))
    wanted = certificates if part in (Part.CHAIN, Part.RSA_CHAIN) else certificates[:1]
    content = b"".join(one.public_bytes(Encoding.PEM) for one in wanted)
    return PemFile(f"{_file_name(lineage.pk)}-{number}-{part.value}.pem", content)


def _file_name(lineage_id: str) -> str:
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-.") else "_" for letter in lineage_id)
