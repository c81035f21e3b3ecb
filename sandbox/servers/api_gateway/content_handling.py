"""`contentHandling` of an integration or an integration response: base64 text to bytes, or bytes to base64 text."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.servers.api_gateway.gateway_responses import API_CONFIGURATION_ERROR, Refused

Conversion = Callable[[bytes], bytes]


def check(definition: dict[str, Any]) -> Iterable[str]:
    """Faults of an integration's or integration response's `contentHandling`, one sentence each."""
    if str(definition.get("contentHandling") or "CONVERT_TO_TEXT").upper() not in CONVERSIONS:
        yield "Enumeration value for ContentHandlingStrategy must be CONVERT_TO_TEXT or CONVERT_TO_BINARY"


def conversion(definition: dict[str, Any]) -> Conversion:
    """What a checked definition does to a body."""
    return CONVERSIONS[str(definition.get("contentHandling") or "").upper()]


def _to_binary(body: bytes) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise Refused(API_CONFIGURATION_ERROR, "Execution failed: unable to base64 decode the body") from error


def _to_text(body: bytes) -> bytes:
    """Text stays as it is, other bytes become base64."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return base64.b64encode(body)
    return body


def _as_it_is(body: bytes) -> bytes:
    return body


CONVERSIONS: dict[str, Conversion] = {"": _as_it_is, "CONVERT_TO_BINARY": _to_binary, "CONVERT_TO_TEXT": _to_text}
