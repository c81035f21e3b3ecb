"""Identifiers that every service of Amazon gives."""

from __future__ import annotations

import os

ACCOUNT_ID = "123456789012"  # the account of moto, which answers STS in the sandbox
REGION = "us-east-1"  # the region of the profile that `sandbox up` writes


def request_id() -> str:
    """A random UUID in its text form, as `x-amzn-RequestId` carries it."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
