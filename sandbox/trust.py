"""Whom a Java trusts when it downloads."""

import contextlib
import ssl
import warnings
from pathlib import Path

from cryptography.hazmat.primitives.serialization import NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import load_der_x509_certificate

from sandbox.java import Java

STORE = "trusted.p12"


def trust_options(java: Java, folder: Path) -> list[str]:
    """Options that let the bundled Java trust whom this Python trusts: the system's list, or that of SSL_CERT_FILE.

    The bundled Java brings a list of its own, which knows no authority of a company or a school; a Java of the system
    was set up with the system. Writes the list into `folder`.
    """
    certificates = authorities() if java.bundled else []
    if not certificates:
        return []
    store = folder / STORE
    store.write_bytes(serialize_java_truststore(certificates, NoEncryption()))
    return [f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStoreType=PKCS12"]


def authorities() -> list[PKCS12Certificate]:
    """The certificates this Python trusts, without those that break the standard and that no server uses."""
    trusted = ssl.create_default_context().get_ca_certs(binary_form=True)
    certificates = []
    with warnings.catch_warnings():
        warnings.simplefilter("error", CryptographyDeprecationWarning)
        for der in trusted:
            with contextlib.suppress(CryptographyDeprecationWarning, ValueError):
                certificates.append(PKCS12Certificate(load_der_x509_certificate(der), None))
    return certificates
