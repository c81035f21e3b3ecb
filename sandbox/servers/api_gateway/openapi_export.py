"""An API's document as GetExport gives it: of a stage, without or with Amazon's extensions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.servers.api_gateway.document import ANY_METHOD, INTEGRATION, Document, section
from sandbox.servers.api_gateway.schemas import referenced_models

EXTENSION = "x-amazon-apigateway-"


def openapi_of(document: Document, api_id: str, stage: str, version: str, keeps: Callable[[str], bool]) -> Document:
    """The document as OpenAPI 3 of a deployed stage, with those extensions that `keeps` names.

    Args:
        version: what `info.version` is where the document has none.
    """
    kept = _without_extensions({key: value for key, value in document.items() if key not in ("servers",)}, keeps)
    info = {**section(kept, "info"), "version": section(kept, "info").get("version", version)}
    server = {
        "url": f"https://{api_id}.execute-api.us-east-1.amazonaws.com/{{basePath}}",
        "variables": {"basePath": {"default": stage}},
    }
    front = {"openapi": "3.0.1", "info": info, "servers": [server], "paths": section(kept, "paths")}
    rest = {key: value for key, value in kept.items() if key not in (*front, "components")}
    return {**front, "components": _components(document, kept), **rest}


def extensions(wanted: str | None) -> Callable[[str], bool]:
    """Which extensions stay for the `extensions` parameter: `integrations`, `apigateway` (all), or none.

    Methods for any verb have no other form, so they stay always.
    """
    kept = {None: (ANY_METHOD,), "integrations": (ANY_METHOD, INTEGRATION)}.get(wanted)
    return lambda key: kept is None or key in kept


def _without_extensions(value: Any, keeps: Callable[[str], bool]) -> Any:
    if isinstance(value, list):
        return [_without_extensions(item, keeps) for item in value]
    if not isinstance(value, dict):
        return value
    stay = {key: item for key, item in value.items() if not key.startswith(EXTENSION) or keeps(key)}
    return {key: item if key == INTEGRATION else _without_extensions(item, keeps) for key, item in stay.items()}


def _components(document: Document, kept: Document) -> dict[str, Any]:
    """The models that methods refer to, themselves or through other models, and the security schemes."""
    schemas = section(document, "components", "schemas")
    needed: list[str] = []
    waiting = [name for name in referenced_models(section(kept, "paths")) if name in schemas]
    while waiting:
        name = waiting.pop(0)
        if name not in needed:
            needed.append(name)
            waiting += [other for other in referenced_models(schemas[name]) if other in schemas]
    rest = {kind: things for kind, things in section(kept, "components").items() if kind != "schemas" and things}
    return {**({"schemas": {name: schemas[name] for name in needed}} if needed else {}), **rest}
