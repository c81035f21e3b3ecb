"""JSON in and out with no integer changed on the way.

orjson is fast but reads an integer beyond 64 bits as a float. A body that seems to hold one is read and written by the
standard library, whose integers have no limit.
"""

import json
from collections.abc import Callable
from typing import Any

import orjson

from sandbox.servers.rest_proxy.errors import MalformedJsonError

# An integer of 18 digits fits 64 bits whatever its sign.
_TOO_MANY_DIGITS = b"0" * 19
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
# What may stand before a number; digits within a word or a URL follow something else.
_BEFORE_A_NUMBER = frozenset((b":", b",", b"[", b" ", b"\t", b"\n", b"\r"))

Encoder = Callable[[Any], bytes]


def decode(body: bytes) -> tuple[Any, Encoder]:
    """Read a JSON text.

    Returns:
        What it holds, and the function that writes any part of it as compact UTF-8 JSON.

    Raises:
        MalformedJsonError: the text is not JSON (RFC 8259 in UTF-8). NaN, Infinity, half a surrogate pair and a number
            beyond a double are not.
    """
    try:
        document = orjson.loads(body)
        if _may_hold_a_long_integer(body):
            return json.loads(body), _encode_exactly
    except (ValueError, RecursionError) as error:
        raise MalformedJsonError(f"The body is not valid JSON: {error}") from error
    return document, orjson.dumps


def _may_hold_a_long_integer(body: bytes) -> bool:
    """Whether there are too many digits in a row where a number may begin (or a word in a text)."""
    shape = body.translate(_DIGITS_TO_ZERO)
    at = shape.find(_TOO_MANY_DIGITS)
    while at >= 0:
        begin = at - 1 if body[at - 1 : at] == b"-" else at
        if body[begin - 1 : begin] in _BEFORE_A_NUMBER:
            return True
        at = shape.find(_TOO_MANY_DIGITS, at + len(_TOO_MANY_DIGITS))
    return False


def _encode_exactly(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
