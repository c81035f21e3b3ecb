"""Identifiers as API Gateway makes them."""

from __future__ import annotations

import base64
import os
import secrets
import string
import time
from collections.abc import Container

ALPHABET = string.ascii_lowercase + string.digits


def new_id(length: int, taken: Container[str] = ()) -> str:
    """`length` characters of a-z0-9, at least one a digit (so never a word such as `usageplans`), not in `taken`."""
    while True:
        candidate = "".join(secrets.choice(ALPHABET) for _ in range(length))
        if candidate not in taken and not candidate.isalpha():
            return candidate


def new_key_value() -> str:
    """The value of an API key: 40 letters and digits."""
    alphabet = string.ascii_letters + string.digits
    return "".join(secrets.choice(alphabet) for _ in range(40))


def extended_request_id() -> str:
    """`$context.extendedRequestId`, the value of x-amz-apigw-id: 16 characters of base64."""
    return base64.b64encode(os.urandom(11)).decode()


def trace_id() -> str:
    """The value of X-Amzn-Trace-Id (version 1, seconds since 1970 in hex, 96 random bits)."""
    return f"Root=1-{int(time.time()):08x}-{os.urandom(12).hex()}"
