"""What makes moto's answer to a call differ from one run to the next: random draws, key pairs, and the time.

moto draws its identifiers from one generator that can be seeded, but takes key material from the system and has no
clock to set. Both are led back to the call's own seed and time here, so that a recorded call repeats itself exactly.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import moto.core.utils
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from moto.moto_api._internal import mock_random

_GENERATORS = ((rsa, "generate_private_key"), (ec, "generate_private_key"), (ed25519.Ed25519PrivateKey, "generate"))


@contextmanager
def drawn_from(seed: str, key_pairs: list[str], repeat: bool = False) -> Iterator[None]:
    """Draw everything from a seed; private keys, which no seed determines, are taken down in `key_pairs` (PEM).

    With `repeat` they are taken from there instead, in order.
    """
    mock_random.seed(seed)
    with ExitStack() as stack:
        stack.enter_context(patch("os.urandom", mock_random.randbytes))
        for owner, name in _GENERATORS:
            generate = _repeated(key_pairs) if repeat else _taken_down(getattr(owner, name), key_pairs)
            stack.enter_context(patch.object(owner, name, generate))
        yield


def _taken_down(generate: Callable[..., Any], key_pairs: list[str]) -> Callable[..., Any]:
    def run(*arguments: Any, **named: Any) -> Any:
        key = generate(*arguments, **named)
        key_pairs.append(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
        return key

    return run


def _repeated(key_pairs: list[str]) -> Callable[..., Any]:
    """The same keys again. That they are sound, which is costly to tell, was told when they were made."""
    remaining = list(key_pairs)
    return lambda *_, **__: load_pem_private_key(remaining.pop(0).encode(), None, unsafe_skip_rsa_key_validation=True)


@contextmanager
def clock_stopped_at(moment: float) -> Iterator[None]:
    """Let moto read this time, in seconds since 1970, from its clock."""

    class Stopped(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return datetime.datetime.fromtimestamp(moment, tz)

    stopped = SimpleNamespace(**{**vars(datetime), "datetime": Stopped})
    with patch.object(moto.core.utils, "datetime", stopped), patch.object(time, "time", lambda: moment):
        yield
