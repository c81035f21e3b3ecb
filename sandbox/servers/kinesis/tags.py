"""What tags a stream may have."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sandbox.servers.aws.identifiers import ACCOUNT_ID
from sandbox.servers.kinesis.errors import InvalidArgumentError

MOST_TAGS = 50
_ALLOWED = re.compile(r"[\w\s./=+\-@:]*")


def check_tags(stream: str, given: Mapping[str, str], existing: Mapping[str, str]) -> None:
    """Return if a stream that has tags may have others besides. Raises `InvalidArgumentError`."""
    failed = f"Failed to add tags to stream {stream} under account {ACCOUNT_ID} because"
    if not all(_ALLOWED.fullmatch(text) for text in (*given, *given.values())):
        raise InvalidArgumentError(
            f"{failed} some tags contained illegal characters. The allowed characters are Unicode letters, "
            "white-spaces, '_',',','/','=','+','-','@',':'."
        )
    if len(given.keys() | existing.keys()) > MOST_TAGS:
        raise InvalidArgumentError(
            f"{failed} a given stream cannot have more than {MOST_TAGS} tags associated with it."
        )
