"""Identifiers and times as MSK and MSK Connect give them."""

from __future__ import annotations

import secrets
import string
import uuid
from datetime import UTC, datetime

from sandbox.servers.aws.identifiers import ACCOUNT_ID, REGION

VERSION_LENGTH = 13
VERSION_CHARACTERS = string.ascii_uppercase + string.digits


def new_arn(service: str, kind: str, name: str) -> str:
    """An ARN such as `arn:aws:kafka:us-east-1:123456789012:cluster/NAME/UUID-7`."""
    return f"{arn_prefix(service, kind)}{name}/{uuid.uuid4()}-{secrets.randbelow(25) + 1}"


def new_operation_arn(connector_arn: str) -> str:
    """An ARN for an operation of a connector."""
    return f"{connector_arn.replace(':connector/', ':connector-operation/')}/{uuid.uuid4()}"


def connector_arn_of(operation_arn: str) -> str:
    """The ARN of the connector that an operation's ARN names."""
    return operation_arn.replace(":connector-operation/", ":connector/").rpartition("/")[0]


def arn_prefix(service: str, kind: str) -> str:
    """What the ARNs of a kind begin with."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{kind}/"


def file_name(arn: str) -> str:
    """The last part of an ARN, which no other thing of its kind has."""
    return arn.rsplit("/", 1)[1]


def new_version(letter: str) -> str:
    """A version such as `K3AEGXETSR30VB`: a cluster's begins with K, a connector's with C."""
    return letter + "".join(secrets.choice(VERSION_CHARACTERS) for _ in range(VERSION_LENGTH))


def now() -> str:
    """The present in UTC, to the millisecond: `2026-11-23T05:35:20.123Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
