"""The access keys that may sign: those of an AWS shared credentials file, read anew for each request."""

from __future__ import annotations

import configparser
from pathlib import Path

from botocore.credentials import Credentials

from sandbox.servers.aws.errors import CredentialsError


class CredentialsFile:
    """A shared credentials file (`[profile]`, `aws_access_key_id`, `aws_secret_access_key`, `aws_session_token`)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, access_key: str) -> Credentials | None:
        """The credentials of an access key, in whatever profile. Raises `CredentialsError` for an unreadable file."""
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(self._path.read_text(encoding="utf-8"))
        except (OSError, configparser.Error, UnicodeDecodeError) as error:
            # The parser's own message may quote the line that holds a secret.
            kind = type(error).__name__
            raise CredentialsError(f"{self._path} is not a readable credentials file ({kind})") from None
        for profile in parser.values():
            if profile.get("aws_access_key_id", "").strip() == access_key:
                return Credentials(access_key, profile.get("aws_secret_access_key"), profile.get("aws_session_token"))
        return None
