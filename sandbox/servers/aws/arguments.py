"""The command line that every server that answers as Amazon does has in common."""

from __future__ import annotations

import argparse
import ipaddress
import os
from pathlib import Path


def parser_of(server: str, description: str | None, state: str = "definitions") -> argparse.ArgumentParser:
    """A parser of `--state`, `--host`, `--port` and `--credentials`, to which a server adds its own.

    Args:
        server: the server's package below `sandbox.servers`.
        description: what `--help` says of it.
        state: what its state folder holds.
    """
    parser = argparse.ArgumentParser(prog=f"python -m sandbox.servers.{server}", description=description)
    parser.add_argument("--state", type=Path, required=True, help=f"folder of the {state}; made if it is not there")
    parser.add_argument("--host", type=_loopback, default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--credentials",
        type=existing_file,
        default=os.environ.get("AWS_SHARED_CREDENTIALS_FILE"),
        required="AWS_SHARED_CREDENTIALS_FILE" not in os.environ,
        help="AWS shared credentials file with the access keys that may sign (default: AWS_SHARED_CREDENTIALS_FILE)",
    )
    return parser


def existing_file(text: str) -> Path:
    """A file that the sandbox has written, as an `argparse` type."""
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"{text} is not there; `sandbox up` writes it")
    return Path(text)


def _loopback(text: str) -> str:
    if text != "localhost" and not ipaddress.ip_address(text).is_loopback:
        raise argparse.ArgumentTypeError(f"{text} is not a loopback address; the sandbox serves this machine only")
    return text
