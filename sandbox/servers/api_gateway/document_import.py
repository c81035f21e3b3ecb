"""An imported document in the one form that the rest of the gateway reads and edits.

Paths are canonical; what Amazon has as text is text; operations hold their own parameters, bodies and responses instead
of sharing those of their path or of `components`; the validator named at the root is named by each operation, as Amazon
applies it at import.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.servers.api_gateway.document import (
    ANY_METHOD,
    INTEGRATION,
    VERBS,
    Document,
    canonical_path,
    is_swagger,
    mappings,
    parse,
    section,
    text,
    text_map,
    texts,
)
from sandbox.servers.api_gateway.extensions import (
    BINARY_MEDIA_TYPES,
    GATEWAY_RESPONSES,
    REQUEST_VALIDATOR,
    REQUEST_VALIDATORS,
)
from sandbox.servers.api_gateway.swagger_import import from_swagger

COMPONENTS = "#/components/"
INTEGRATION_TEXTS = (
    "type", "httpMethod", "uri", "credentials", "passthroughBehavior", "contentHandling", "connectionType",
    "connectionId", "cacheNamespace", "statusCode",
)  # fmt: skip
INTEGRATION_MAPS = ("requestParameters", "requestTemplates", "responseParameters", "responseTemplates")


def read_document(body: bytes) -> Document:
    """An OpenAPI 3 document from the text of one, or of a Swagger 2.0 document. Raises `BadRequestError`."""
    document = parse(body)
    return normalised(from_swagger(document) if is_swagger(document) else document)


def normalised(document: Document) -> Document:
    """The document in the form that this module describes."""
    paths: dict[str, Any] = {}
    for path, item in section(document, "paths").items():
        paths.setdefault(canonical_path(path), {}).update(_item(document, section(item)))
    rest = {key: value for key, value in document.items() if key != REQUEST_VALIDATOR}
    return {**rest, **_settings(document), "paths": paths}


def _settings(document: Document) -> dict[str, Any]:
    """What the document says of the API itself, as far as it has to be of one form."""
    info = section(document, "info")
    named = {name: text(info[name]) for name in ("title", "description", "version") if name in info}
    settings: dict[str, Any] = {"info": {**info, **named}}
    if BINARY_MEDIA_TYPES in document:
        settings[BINARY_MEDIA_TYPES] = texts(document[BINARY_MEDIA_TYPES])
    for key in (GATEWAY_RESPONSES, REQUEST_VALIDATORS):
        if key in document:
            settings[key] = {name: section(value) for name, value in section(document, key).items()}
    for response in settings.get(GATEWAY_RESPONSES, {}).values():
        response.update(_of_texts(response))
    return settings


def _of_texts(definition: dict[str, Any]) -> dict[str, Any]:
    """The fields of an integration or response that are text or mappings of texts, as such."""
    fields: dict[str, Any] = {name: text(definition[name]) for name in INTEGRATION_TEXTS if name in definition}
    return fields | {name: text_map(definition[name]) for name in INTEGRATION_MAPS if name in definition}


def _item(document: Document, item: dict[str, Any]) -> dict[str, Any]:
    shared = item.get("parameters")
    own = {key: value for key, value in item.items() if key != "parameters"}
    return {
        key: _operation(document, section(value), shared) if key in VERBS or key == ANY_METHOD else value
        for key, value in own.items()
    }


def _operation(document: Document, operation: dict[str, Any], shared: Any) -> dict[str, Any]:
    """An operation that needs nothing around it; its own parameters win over those of the path."""
    own = dict(operation)
    own.pop("parameters", None)
    given = [_resolved(document, item) for item in [*mappings(shared), *mappings(operation.get("parameters"))]]
    named = [{**item, "in": text(item.get("in")), "name": text(item.get("name"))} for item in given]
    if named:
        own["parameters"] = list({(item["in"], item["name"]): item for item in named}.values())
    if "requestBody" in operation:
        own["requestBody"] = _resolved(document, section(operation, "requestBody"))
    if "responses" in operation:
        responses = section(operation, "responses").items()
        own["responses"] = {status: _response(document, section(response)) for status, response in responses}
    validator = operation.get(REQUEST_VALIDATOR, document.get(REQUEST_VALIDATOR))
    if validator is not None:
        own[REQUEST_VALIDATOR] = text(validator)
    if "operationId" in operation:
        own["operationId"] = text(operation["operationId"])
    if isinstance(operation.get(INTEGRATION), dict):
        own[INTEGRATION] = _integration(operation[INTEGRATION])
    return own


def _integration(integration: dict[str, Any]) -> dict[str, Any]:
    own = {**integration, **_of_texts(integration)}
    if "cacheKeyParameters" in integration:
        own["cacheKeyParameters"] = texts(integration["cacheKeyParameters"])
    if "tlsConfig" in integration:
        own["tlsConfig"] = {name: value is True for name, value in section(integration, "tlsConfig").items()}
    if "responses" in integration:
        responses = section(integration, "responses").items()
        own["responses"] = {pattern: {**section(item), **_of_texts(section(item))} for pattern, item in responses}
    return own


def _response(document: Document, response: dict[str, Any]) -> dict[str, Any]:
    found = dict(_resolved(document, response))
    if "headers" in found:
        headers = section(found, "headers").items()
        found["headers"] = {name: _resolved(document, section(header)) for name, header in headers}
    return found


def _resolved(document: Document, value: dict[str, Any]) -> dict[str, Any]:
    """What a reference into `components` stands for; anything else as it is."""
    reference = str(value.get("$ref", ""))
    if not reference.startswith(COMPONENTS):
        return value
    return section(document, "components", *reference.removeprefix(COMPONENTS).split("/"))


def merged(document: Document, incoming: Mapping[str, Any]) -> Document:
    """A document with another one merged in, as `mode=merge` does: of a method, model or setting the incoming wins."""
    paths = dict(section(document, "paths"))
    for path, item in section(incoming, "paths").items():
        paths[path] = {**section(paths, path), **item}
    components = dict(section(document, "components"))
    for kind, things in section(incoming, "components").items():
        components[kind] = {**section(components, kind), **section(things)}
    rest = {key: _merged_value(document.get(key), value) for key, value in incoming.items()}
    return {**document, **rest, "paths": paths, "components": components}


def _merged_value(old: Any, new: Any) -> Any:
    return {**old, **new} if isinstance(old, dict) and isinstance(new, dict) else new
