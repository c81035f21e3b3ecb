"""An integration and its responses: Amazon's shape of them, read from `x-amazon-apigateway-integration` and written
into it.

In OpenAPI an integration's responses are keyed by selection pattern (`default` for none), at Amazon by status code.
"""

from __future__ import annotations

from typing import Any

from sandbox.servers.api_gateway.document import INTEGRATION, section
from sandbox.servers.api_gateway.integrations import MAX_TIMEOUT_MS
from sandbox.servers.api_gateway.state import Api

Record = dict[str, Any]
DEFAULT_PATTERN = "default"
DEFAULT_PASSTHROUGH = "WHEN_NO_MATCH"
# Fields that are the same in both shapes.
SAME = (
    "httpMethod", "uri", "connectionId", "credentials", "requestParameters", "requestTemplates", "contentHandling",
    "cacheKeyParameters", "tlsConfig",
)  # fmt: skip


def read_integration(api: Api, path: str, operation: Record) -> Record | None:
    """Amazon's Integration of an operation of the resource at `path`; None where it has none."""
    written = operation.get(INTEGRATION)
    if not isinstance(written, dict):
        return None
    kind = str(written.get("type", "")).upper()
    responses = (read_integration_response(written, pattern) for pattern in section(written, "responses"))
    return {
        **{name: written.get(name) for name in SAME},
        "type": kind,
        "connectionType": written.get("connectionType", None if kind == "MOCK" else "INTERNET"),
        "requestTemplates": _templates(written, "requestTemplates"),
        "passthroughBehavior": str(written.get("passthroughBehavior", DEFAULT_PASSTHROUGH)).upper(),
        "timeoutInMillis": written.get("timeoutInMillis", MAX_TIMEOUT_MS),
        "cacheNamespace": written.get("cacheNamespace", api.resource_ids[path]),
        "cacheKeyParameters": written.get("cacheKeyParameters", []),
        "integrationResponses": {response["statusCode"]: response for response in responses} or None,
    }


def write_integration(api: Api, path: str, operation: Record, integration: Record) -> None:
    """Put Amazon's Integration into an operation, without what is Amazon's default; its responses stay as they are."""
    fields = {name: integration.get(name) for name in (*SAME, "connectionType", "cacheNamespace", "timeoutInMillis")}
    defaults = {
        "connectionType": "INTERNET",
        "cacheNamespace": api.resource_ids[path],
        "timeoutInMillis": MAX_TIMEOUT_MS,
    }
    written = {name: value for name, value in fields.items() if value and value != defaults.get(name)}
    _keep_empty_templates(written, "requestTemplates")
    written["type"] = integration["type"].lower()
    written["passthroughBehavior"] = (integration.get("passthroughBehavior") or DEFAULT_PASSTHROUGH).lower()
    responses = section(operation, INTEGRATION, "responses")
    operation[INTEGRATION] = {**written, **({"responses": responses} if responses else {})}


def read_integration_response(integration: Record, pattern: str) -> Record:
    """Amazon's IntegrationResponse of the response with a selection pattern."""
    written = section(integration, "responses", pattern)
    return {
        "statusCode": str(written.get("statusCode", "200")),
        "selectionPattern": None if pattern == DEFAULT_PATTERN else pattern,
        "responseParameters": written.get("responseParameters"),
        "responseTemplates": _templates(written, "responseTemplates"),
        "contentHandling": written.get("contentHandling"),
    }


def write_integration_response(integration: Record, response: Record) -> None:
    """Put Amazon's IntegrationResponse into an integration, in the place of the one with its status code."""
    kept = ("statusCode", "responseParameters", "responseTemplates", "contentHandling")
    remove_integration_response(integration, response["statusCode"])
    written = {name: response[name] for name in kept if response.get(name)}
    _keep_empty_templates(written, "responseTemplates")
    integration.setdefault("responses", {})[response.get("selectionPattern") or DEFAULT_PATTERN] = written


def remove_integration_response(integration: Record, status: str) -> None:
    """Take out the response with a status code, if there is one."""
    for pattern in list(section(integration, "responses")):
        if read_integration_response(integration, pattern)["statusCode"] == status:
            del integration["responses"][pattern]


def _templates(holder: Record, name: str) -> dict[str, str | None] | None:
    """Templates by content type; Amazon shows an empty one as null."""
    return {kind: template or None for kind, template in section(holder, name).items()} or None


def _keep_empty_templates(written: Record, name: str) -> None:
    if name in written:
        written[name] = {kind: template or "" for kind, template in written[name].items()}
