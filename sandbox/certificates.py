"""The certificates of the sandbox's Kafka: an own authority, and one certificate for localhost and 127.0.0.1."""

from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from sandbox.settings import Settings, write_private


def authority(settings: Settings) -> Path:
    """The certificate every client trusts (PEM)."""
    return settings.home / "certificates" / "ca.pem"


def broker_keystore(settings: Settings) -> Path:
    """The broker's PKCS8 key and certificate chain in one PEM file, as Kafka reads it."""
    return settings.home / "certificates" / "broker.pem"


def ensure_certificates(settings: Settings) -> None:
    """Make both files at the first start; the authority's own key is never stored, so nobody can sign with it again."""
    if broker_keystore(settings).exists() and authority(settings).exists():
        return
    issuer = trustme.CA(organization_name="Sandbox")
    issued = issuer.issue_cert("localhost", "127.0.0.1")
    write_private(authority(settings), issuer.cert_pem.bytes().decode())
    chain = b"".join(pem.bytes() for pem in issued.cert_chain_pems).decode()
    write_private(broker_keystore(settings), pkcs8(issued.private_key_pem.bytes()) + chain)


def pkcs8(key_pem: bytes) -> str:
    """Rewrite a private key in the PKCS8 form, the only one Kafka's PEM store takes."""
    key = load_pem_private_key(key_pem, password=None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
