"""Shard iterators and tokens of listings: whole in themselves, so that they outlive a restart, and five minutes old
at most."""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from sandbox.servers.kinesis.errors import ExpiredIteratorError, ExpiredNextTokenError, InvalidArgumentError

TOLERATED_MILLISECONDS = 300_000
_VERSION = b"\0\0\0\0\0\0\0\1"
_CHECK_BYTES = 8


class ShardIterator(msgspec.Struct, array_like=True, frozen=True):
    """The next record that a consumer wants.

    Attributes:
        created: the second the stream was made: a stream made anew is another.
        issued: milliseconds since 1970.
    """

    stream: str
    created: int
    shard: int
    offset: int
    issued: int


class NextToken(msgspec.Struct, array_like=True, frozen=True):
    """Where a listing goes on: after a shard of a stream, filtered as before, or after the stream itself."""

    stream: str
    created: int
    after: str
    filter: dict[str, str | float]
    issued: int


_Token = TypeVar("_Token", ShardIterator, NextToken)


def milliseconds() -> int:
    """Now, since 1970."""
    return int(time.time() * 1000)


def seal(token: ShardIterator | NextToken) -> str:
    """A token as its holder sees it."""
    packed = msgspec.msgpack.encode(token)
    return base64.b64encode(_VERSION + _check(packed) + packed).decode()


def open_iterator(text: str) -> ShardIterator:
    """Read a shard iterator. Raises `InvalidArgumentError`, `ExpiredIteratorError`."""
    iterator = _opened(text, ShardIterator)
    if iterator is None:
        raise InvalidArgumentError("Invalid ShardIterator.")
    now = milliseconds()
    if now - iterator.issued > TOLERATED_MILLISECONDS:
        raise ExpiredIteratorError(
            f"Iterator expired. The iterator was created at time {_amazons_time(iterator.issued)} while right now it "
            f"is {_amazons_time(now)} which is further in the future than the tolerated delay of "
            f"{TOLERATED_MILLISECONDS} milliseconds."
        )
    return iterator


def open_next_token(text: str) -> NextToken:
    """Read a listing's token. Raises `InvalidArgumentError`, `ExpiredNextTokenError`."""
    token = _opened(text, NextToken)
    if token is None:
        raise InvalidArgumentError("Invalid NextToken.")
    if milliseconds() - token.issued > TOLERATED_MILLISECONDS:
        raise ExpiredNextTokenError(f"NextToken expired after {TOLERATED_MILLISECONDS // 1000} seconds.")
    return token


def _opened(text: str, kind: type[_Token]) -> _Token | None:
    try:
        sealed = base64.b64decode(text, validate=True)
        head, packed = sealed[: len(_VERSION) + _CHECK_BYTES], sealed[len(_VERSION) + _CHECK_BYTES :]
        return msgspec.msgpack.decode(packed, type=kind) if head == _VERSION + _check(packed) else None
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None


def _check(packed: bytes) -> bytes:
    """What tells a token from made-up bytes; it keeps no secret."""
    return hashlib.blake2b(packed, digest_size=_CHECK_BYTES).digest()


def _amazons_time(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment / 1000, UTC):%a %b %d %H:%M:%S UTC %Y}"
