"""What a connector, custom plugin or worker configuration may be called."""

from __future__ import annotations

import re

from sandbox.servers.aws.errors import BadRequestError

NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]*")


def check_name(name: str) -> None:
    """Raise `BadRequestError` unless a name is made of letters, digits, hyphens and underscores."""
    if not NAME.fullmatch(name):
        raise BadRequestError("The parameter value contains one or more characters that are not valid.")
