"""Who may call: the API takes a bearer token; the pages also open for the user whose sandbox it is.

A run's page is opened by a click in Airflow's grid, so a login at each would be in the way, and a token in its address
would lie in histories and logs. The kernel knows whose program holds the other end of a connection on this machine:
the owner's browser needs no login, another user's is asked for the token as a password. Where the kernel does not
tell (macOS, a forwarded port), everybody is asked. Pages only show; nothing can be changed through them.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import socket
import struct
from pathlib import Path

from starlette.requests import Request

from sandbox.servers.jobs.errors import ApiError

CONNECTIONS = Path("/proc/net/tcp")
LOGIN = {"WWW-Authenticate": 'Basic realm="Databricks Jobs of the sandbox: any name, DATABRICKS_TOKEN as password"'}


def require_token(request: Request, token: str) -> None:
    """Let a call of the API pass that carries the token.

    Raises:
        ApiError: none came (401), or another one (403), as the service answers.
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise ApiError(401, 401, "Credential was not sent or was of an unsupported type for this API.")
    if not same(given.strip(), token):
        raise ApiError(403, 403, "Invalid access token.")


def may_look(request: Request, token: str) -> bool:
    """Whether a page may be shown: to a program of the sandbox's owner, or with the token as a password."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        return same(password_of(given), token)
    return owner_of_peer(request) == os.getuid()


def same(given: str, token: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode(), token.encode())


def password_of(credentials: str) -> str:
    """The password of basic credentials."""
    try:
        return base64.b64decode(credentials).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def owner_of_peer(request: Request) -> int | None:
    """The user id of the program at the other end of a loopback connection, None where the kernel does not tell."""
    ours, theirs = request.scope.get("server"), request.client
    if not ours or not theirs or not CONNECTIONS.exists():
        return None
    ends = (kernel_address(theirs.host, theirs.port), kernel_address(ours[0], ours[1]))
    for line in CONNECTIONS.read_text().splitlines()[1:]:
        fields = line.split()
        if (fields[1], fields[2]) == ends:
            return int(fields[7])
    return None


def kernel_address(host: str, port: int) -> str:
    """An IPv4 address as the kernel lists it."""
    (number,) = struct.unpack("=I", socket.inet_aton(host))
    return f"{number:08X}:{port:04X}"
