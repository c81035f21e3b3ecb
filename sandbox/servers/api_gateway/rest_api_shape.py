"""A REST API's own fields: Amazon's shape of them, read from an OpenAPI document and written into one."""

from __future__ import annotations

from typing import Any

from sandbox.servers.api_gateway.document import Document, section, text
from sandbox.servers.api_gateway.extensions import (
    API_KEY_SOURCE,
    BINARY_MEDIA_TYPES,
    ENDPOINT_CONFIGURATION,
    MINIMUM_COMPRESSION_SIZE,
)
from sandbox.servers.aws.errors import BadRequestError

ENDPOINT_TYPES = ("REGIONAL", "EDGE", "PRIVATE")
ADDRESS_TYPES = ("ipv4", "dualstack")
MAX_COMPRESSION_SIZE = 10_485_760
BAD_COMPRESSION_SIZE = f"Invalid minimum compression size, must be between 0 and {MAX_COMPRESSION_SIZE}"


def read_rest_api(document: Document) -> dict[str, Any]:
    """Amazon's fields of an API that its document holds."""
    info = section(document, "info")
    disabled = section(document, ENDPOINT_CONFIGURATION).get("disableExecuteApiEndpoint", False)
    return {
        "name": str(info.get("title", "")),
        "description": info.get("description") or None,
        "version": info.get("version"),
        "apiKeySource": text(document.get(API_KEY_SOURCE, "HEADER")).upper(),
        "binaryMediaTypes": document.get(BINARY_MEDIA_TYPES) or None,
        "minimumCompressionSize": document.get(MINIMUM_COMPRESSION_SIZE),
        "disableExecuteApiEndpoint": bool(disabled),
    }


def write_rest_api(document: Document, fields: dict[str, Any]) -> None:
    """Put an API's fields into its document. Raises `BadRequestError` for values that Amazon refuses."""
    if not fields.get("name"):
        raise BadRequestError("Rest API name must be specified")
    info = {**section(document, "info"), "title": fields["name"]}
    info.update(description=fields.get("description"), version=fields.get("version"))
    document["info"] = {key: value for key, value in info.items() if value}
    disabled = {"disableExecuteApiEndpoint": True} if fields.get("disableExecuteApiEndpoint") else None
    settings = {
        API_KEY_SOURCE: fields.get("apiKeySource") or "HEADER",
        BINARY_MEDIA_TYPES: fields.get("binaryMediaTypes") or None,
        MINIMUM_COMPRESSION_SIZE: _compression_size(fields.get("minimumCompressionSize")),
        ENDPOINT_CONFIGURATION: disabled,
    }
    document.update(settings)
    for name in [name for name, value in settings.items() if value is None]:
        del document[name]


def _compression_size(value: Any) -> int | None:
    if value in (None, ""):
        return None
    if not is_compression_size(value):
        raise BadRequestError(BAD_COMPRESSION_SIZE)
    return int(value)


def is_compression_size(value: Any) -> bool:
    """Whether a value is a number of bytes that Amazon takes for the least size of what is compressed."""
    return str(value).isdecimal() and int(value) <= MAX_COMPRESSION_SIZE


def endpoint_configuration(wanted: dict[str, Any]) -> dict[str, Any]:
    """The whole of an endpoint configuration. Raises `BadRequestError` as Amazon does."""
    types = wanted.get("types", ["EDGE"])
    if not types:
        raise BadRequestError("REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.")
    if len(types) > 1:
        raise BadRequestError("Cannot create an api with multiple Endpoint Types.")
    if types[0] not in ENDPOINT_TYPES:
        raise BadRequestError(f"Invalid EndpointTypes specified. Valid options are {','.join(ENDPOINT_TYPES)}")
    address = wanted.get("ipAddressType") or ("dualstack" if types == ["PRIVATE"] else "ipv4")
    if address not in ADDRESS_TYPES:
        raise BadRequestError("ipAddressType must be either ipv4 or dualstack.")
    if types == ["PRIVATE"] and address != "dualstack":
        raise BadRequestError("Only dualstack ipAddressType is supported for Private APIs.")
    ids = wanted.get("vpcEndpointIds")
    return {"types": types, "ipAddressType": address, **({"vpcEndpointIds": ids} if ids else {})}
