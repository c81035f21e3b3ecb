"""A private integration (`connectionType: VPC_LINK`): `connectionId` is a VPC link, or names it by a stage variable.

A link is Amazon's way into a VPC. Here every back end is within reach: its `uri` is called as the link would call it,
and any identifier will do. An integration that has none is refused, as at Amazon.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import ClientSession

from sandbox.servers.api_gateway.endpoint_uri import in_stage
from sandbox.servers.api_gateway.gateway_responses import API_CONFIGURATION_ERROR, Refused
from sandbox.servers.api_gateway.invocation import IntegrationAnswer, Invocation

INTERNET, VPC_LINK = "INTERNET", "VPC_LINK"
PRIVATE_TYPES = ("http", "http_proxy")


def check(integration: Mapping[str, Any]) -> Iterable[str]:
    """Faults of an integration's connection, one sentence each."""
    connection = integration.get("connectionType", INTERNET)
    if connection not in (INTERNET, VPC_LINK):
        yield f"Enumeration value for ConnectionType must be one of {INTERNET}, {VPC_LINK}"
    if connection != VPC_LINK:
        return
    if str(integration.get("type", "")).lower() not in PRIVATE_TYPES:
        yield "Only integrations of type HTTP or HTTP_PROXY go through a VPC link"
    if not integration.get("connectionId"):
        yield "A VPC link must be specified as connectionId for connectionType VPC_LINK"


def is_missing(integration: Mapping[str, Any], variables: Mapping[str, str]) -> bool:
    """Whether an integration goes through a link that a stage with these variables does not name."""
    linked = integration.get("connectionType") == VPC_LINK
    return linked and not in_stage(str(integration.get("connectionId", "")), variables)


class MissingLink:
    """What stands for an integration whose link is missing."""

    async def invoke(self, invocation: Invocation, session: ClientSession) -> IntegrationAnswer:  # noqa: ARG002
        """Raises `Refused`: 500, as Amazon answers."""
        cause = "Execution failed due to configuration error: Invalid VPC link"
        raise Refused(API_CONFIGURATION_ERROR, cause)
