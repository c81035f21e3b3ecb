"""Who may call: the sandbox's own key, and the keys that were made by IAM and STS here."""

from __future__ import annotations

import secrets

from botocore.credentials import Credentials
from moto.core.utils import utcnow
from moto.iam.models import IAMBackend, iam_backends
from moto.sts.models import STSBackend, sts_backends

from sandbox.servers.aws.credentials import CredentialsFile
from sandbox.servers.aws.errors import AccessDeniedError, ExpiredTokenError
from sandbox.servers.aws.identifiers import ACCOUNT_ID

PARTITION, REGION = "aws", "us-east-1"


def iam() -> IAMBackend:
    """The account's IAM."""
    return iam_backends[ACCOUNT_ID][PARTITION]


def sts() -> STSBackend:
    """The account's STS."""
    return sts_backends[ACCOUNT_ID][PARTITION]


class Identities:
    """The access keys that may sign."""

    def __init__(self, file: CredentialsFile) -> None:
        self._file = file

    def find(self, access_key: str) -> Credentials | None:
        """The credentials of a key, the file's before those made here. Raises `ExpiredTokenError`."""
        return self._file.find(access_key) or _session(access_key) or _user_key(access_key)


def _session(access_key: str) -> Credentials | None:
    role = sts().get_assumed_role_from_access_key(access_key)
    if role is None:
        return None
    if role.expiration < utcnow():
        raise ExpiredTokenError("The security token included in the request is expired")
    return Credentials(access_key, role.secret_access_key, role.session_token)


def _user_key(access_key: str) -> Credentials | None:
    key = iam().access_keys.get(access_key)
    if key is None or key.user_name is None or key.status != "Active":
        return None
    return Credentials(access_key, key.secret_access_key)


def enrol(user_name: str, access_key: str) -> None:
    """Make the user whose key the sandbox's own is, so that STS and IAM know who calls."""
    iam().create_user(REGION, user_name)
    key = iam().create_access_key(user_name)
    del iam().access_keys[key.access_key_id]
    key.access_key_id = access_key
    key.secret_access_key = secrets.token_hex(20)  # nobody's: the credentials file has the secret that signs
    iam().access_keys[key.access_key_id] = key


def refuse_unknown_role(arn: str, access_key: str) -> None:
    """Refuse a role that is not there, as Amazon does. Raises `AccessDeniedError`."""
    if not any(role.arn == arn for role in iam().get_roles()):
        _, caller, _ = sts().get_caller_identity(access_key, REGION)
        raise AccessDeniedError(f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}")
