"""Where the cases are sent: to a sandbox, or to a real account and a real Confluent proxy.

`CONTRACT_PROFILE` names an AWS profile; then no sandbox is started. Every other `CONTRACT_NAME` is the value that
stands for `{name}` in the cases: `CONTRACT_INVOKE_URL`, `CONTRACT_REST_PROXY`, `CONTRACT_API_KEY`, `CONTRACT_TOPIC`,
`CONTRACT_BUCKET`, `CONTRACT_BOOTSTRAP_SERVERS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import boto3
from botocore.config import Config

PREFIX = "CONTRACT_"
ONCE = Config(retries={"total_max_attempts": 1}, parameter_validation=False)


@dataclass
class Target:
    """An AWS profile, and the values that stand for the names in braces: `invoke_url`, `rest_proxy`, `topic`, ..."""

    session: boto3.session.Session
    values: dict[str, str]
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A client that tries once and sends what it is given, so that the service is what refuses it."""
        if service not in self.clients:
            self.clients[service] = self.session.client(service, config=ONCE)
        return self.clients[service]

    def base_url(self, kind: str) -> str:
        """The address of `rest-proxy` or `invoke-url`."""
        return self.values[kind.replace("-", "_")].rstrip("/")


def real_target(environment: Mapping[str, str]) -> Target | None:
    """The target that the environment names, or None: the sandbox."""
    named = {name.removeprefix(PREFIX).lower(): value for name, value in environment.items() if name.startswith(PREFIX)}
    profile = named.pop("profile", None)
    return Target(boto3.session.Session(profile_name=profile), named) if profile else None


def unique() -> str:
    """A name that nothing else has."""
    return uuid4().hex[:10]
