"""Arguments that every server takes, checked as `argparse` types."""

from __future__ import annotations

import argparse
import ipaddress
from pathlib import Path


def loopback(text: str) -> str:
    """A loopback address; the sandbox serves this machine only."""
    if text != "localhost" and not ipaddress.ip_address(text).is_loopback:
        raise argparse.ArgumentTypeError(f"{text} is not a loopback address; the sandbox serves this machine only")
    return text


def credentials_file(text: str) -> Path:
    """An AWS shared credentials file that is there."""
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"{text} is not there; `sandbox up` writes the sandbox's credentials")
    return Path(text)
