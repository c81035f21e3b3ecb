"""Signature version 4, verified by signing the same request again with botocore's signer."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sandbox.servers.aws.errors import (
    IncompleteSignatureError,
    InvalidSignatureError,
    MissingAuthenticationTokenError,
    UnrecognizedClientError,
)

ALLOWED_SKEW = timedelta(minutes=5)
_TIMESTAMP = re.compile(r"\d{8}T\d{6}Z")
PART = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]+)")
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


class KnownKeys(Protocol):
    """Whatever knows the secrets of access keys: a `CredentialsFile`, or the IAM and STS of the sandbox."""

    def find(self, access_key: str) -> Credentials | None:
        """The credentials of an access key, or None."""


class SignedRequest(NamedTuple):
    """A request as it came in. `url` is its path and query as sent; header names are lower case."""

    verb: str
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Claim:
    """What an Authorization header says; whether it is true is for `verify` to tell."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: list[str]
    signature: str


def verify(request: SignedRequest, service: str, credentials: KnownKeys) -> None:
    """Return if the request is signed for the service by a known key.

    Raises `MissingAuthenticationTokenError`, `IncompleteSignatureError`, `UnrecognizedClientError` or
    `InvalidSignatureError` as Amazon does.
    """
    claim = read_claim(request.headers.get("authorization", ""))
    known = credentials.find(claim.access_key)
    if known is None or request.headers.get("x-amz-security-token") != known.token:
        raise UnrecognizedClientError("The security token included in the request is invalid.")
    if claim.service != service:
        raise InvalidSignatureError(f"Credential should be scoped to correct service: '{service}'. ")
    _check_age(request.headers.get("x-amz-date", ""), claim)
    digest = _body_digest(request)
    if not hmac.compare_digest(_signature(request, claim, known, digest).encode(), claim.signature.encode()):
        raise InvalidSignatureError(MISMATCH)


def read_claim(header: str) -> Claim:
    """Read an Authorization header. Raises `MissingAuthenticationTokenError` or `IncompleteSignatureError`."""
    if not header:
        raise MissingAuthenticationTokenError("Missing Authentication Token")
    parts = dict(PART.findall(header))
    scope = parts.get("Credential", "").split("/")
    if not header.startswith("AWS4-HMAC-SHA256 ") or len(parts) != 3 or len(scope) != 5:
        raise IncompleteSignatureError(
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' "
            "parameter. Authorization header requires 'SignedHeaders' parameter."
        )
    names = parts["SignedHeaders"].lower().split(";")
    return Claim(scope[0], scope[1], scope[2], scope[3], names, parts["Signature"])


def _check_age(timestamp: str, claim: Claim) -> None:
    if not _TIMESTAMP.fullmatch(timestamp):
        raise IncompleteSignatureError("Authorization header requires existence of a 'X-Amz-Date' header.")
    now = datetime.now(UTC)
    if not _is_recent(timestamp, now) or not timestamp.startswith(claim.date):
        raise InvalidSignatureError(f"Signature expired: {timestamp} is not within 5 min. of {now:{SIGV4_TIMESTAMP}}")


def _is_recent(timestamp: str, now: datetime) -> bool:
    try:
        # Ten times as fast as `strptime`.
        return abs(now - datetime.fromisoformat(timestamp)) <= ALLOWED_SKEW
    except ValueError:
        return False


def _body_digest(request: SignedRequest) -> str:
    """The body's SHA-256; what the request names itself must be the same."""
    digest = hashlib.sha256(request.body).hexdigest()
    if request.headers.get("x-amz-content-sha256", digest) != digest:
        raise InvalidSignatureError(MISMATCH)
    return digest


class _Signer(SigV4Auth):
    """botocore's signer of a request whose body's digest is known: to find it out, it would prepare the request."""

    def __init__(self, credentials: Credentials, claim: Claim, digest: str) -> None:
        super().__init__(credentials, claim.service, claim.region)
        self._digest = digest

    def payload(self, request: AWSRequest) -> str:  # noqa: ARG002
        return self._digest


def _signature(request: SignedRequest, claim: Claim, credentials: Credentials, digest: str) -> str:
    if "host" not in claim.signed_headers or "x-amz-date" not in claim.signed_headers:
        raise InvalidSignatureError("'Host' or ':authority' and 'X-Amz-Date' must be signed headers.")
    headers = {name: request.headers.get(name, "") for name in claim.signed_headers}
    url = f"http://{headers['host']}{request.url}"
    again = AWSRequest(method=request.verb, url=url, headers=headers)
    again.context["timestamp"] = request.headers["x-amz-date"]
    signer = _Signer(credentials, claim, digest)
    try:
        canonical = signer.canonical_request(again)
    except ValueError as error:  # a Host header or path that makes no URL
        raise InvalidSignatureError(MISMATCH) from error
    return str(signer.signature(signer.string_to_sign(again, canonical), again))
