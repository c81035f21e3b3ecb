"""The access keys that may sign: those of an AWS shared credentials file, read anew for each request."""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from botocore.credentials import Credentials

from sandbox.servers.aws.errors import CredentialsError


class KnownKeys(Protocol):
    """Whatever knows the secrets of access keys."""

    def find(self, access_key: str) -> Credentials | None:
        """The credentials of an access key, or None."""


class CredentialsFile:
    """A shared credentials file (`[profile]`, `aws_access_key_id`, `aws_secret_access_key`, `aws_session_token`)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, access_key: str) -> Credentials | None:
        """The credentials of an access key, in whatever profile. Raises `CredentialsError` for an unreadable file."""
        return next((known for known in self._all() if known.access_key == access_key), None)

    def first(self) -> Credentials:
        """The credentials of the first profile. Raises `CredentialsError` where there is none."""
        for known in self._all():
            return known
        raise CredentialsError(f"{self._path} holds no access key; `sandbox up` writes the sandbox's credentials")

    def _all(self) -> Iterator[Credentials]:
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(self._path.read_text(encoding="utf-8"))
        except (OSError, configparser.Error, UnicodeDecodeError) as error:
            # The parser's own message may quote the line that holds a secret.
            kind = type(error).__name__
            raise CredentialsError(f"{self._path} is not a readable credentials file ({kind})") from None
        for profile in parser.values():
            if access_key := profile.get("aws_access_key_id", "").strip():
                secret, token = profile.get("aws_secret_access_key"), profile.get("aws_session_token")
                yield Credentials(access_key, secret, token)
