"""The access keys that may sign: those of an AWS shared credentials file, read anew whenever it has changed."""

from __future__ import annotations

import configparser
from pathlib import Path

from botocore.credentials import Credentials

from sandbox.servers.aws.errors import CredentialsError


class CredentialsFile:
    """A shared credentials file (`[profile]`, `aws_access_key_id`, `aws_secret_access_key`, `aws_session_token`)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_as: tuple[int, ...] = ()
        self._keys: dict[str, Credentials] = {}

    def find(self, access_key: str) -> Credentials | None:
        """The credentials of an access key, in whatever profile. Raises `CredentialsError` for an unreadable file."""
        try:
            found = self._path.stat()
            version = (found.st_mtime_ns, found.st_size, found.st_ino)
            if version != self._read_as:
                self._keys = _by_access_key(self._path.read_text(encoding="utf-8"))
                self._read_as = version
        except (OSError, configparser.Error, UnicodeDecodeError) as error:
            # The parser's own message may quote the line that holds a secret.
            kind = type(error).__name__
            raise CredentialsError(f"{self._path} is not a readable credentials file ({kind})") from None
        return self._keys.get(access_key)


def _by_access_key(text: str) -> dict[str, Credentials]:
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    keys: dict[str, Credentials] = {}
    for profile in parser.values():
        access_key = profile.get("aws_access_key_id", "").strip()
        if access_key and access_key not in keys:
            secret, token = profile.get("aws_secret_access_key"), profile.get("aws_session_token")
            keys[access_key] = Credentials(access_key, secret, token)
    return keys
