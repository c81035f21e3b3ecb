"""The model of an API: an OpenAPI 3 document with Amazon's extensions. Here it is read, checked and walked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import yaml

from sandbox.servers.aws.errors import BadRequestError

ANY_METHOD = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
API_KEY_HEADER = "x-api-key"
VERBS = ("delete", "get", "head", "options", "patch", "post", "put")
PATH_PART = re.compile(r"^(\{[a-zA-Z0-9._:-]+\+?\}|[a-zA-Z0-9._:@$%~-]+)$")

Document = dict[str, Any]


class _TextLoader(yaml.CSafeLoader):
    """YAML without dates: `version: 2024-01-01` stays the text it is in OpenAPI."""


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Method:
    """One method of one resource, as the document defines it. `verb` is `ANY` or an HTTP method in capitals."""

    path: str
    verb: str
    api_key_required: bool
    integration: dict[str, Any] | None
    operation: dict[str, Any]


def parse(body: bytes) -> Document:
    """An OpenAPI 3 or Swagger 2.0 document from YAML or JSON text, as JSON has it: YAML's response code `200:` becomes
    a text key.

    Raises `BadRequestError` for text that is neither.
    """
    try:
        loaded = body if body.lstrip()[:1] == b"{" else _json_of(yaml.load(body, _TextLoader))  # noqa: S506
        document = orjson.loads(loaded)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadRequestError(f"Failed to parse the uploaded OpenAPI document due to: {error}") from error
    if not isinstance(document, dict) or not (
        is_swagger(document) or str(document.get("openapi", "")).startswith("3.")
    ):
        raise BadRequestError("Invalid OpenAPI input. (`openapi: 3.0.1` or `swagger: '2.0'` is asked for)")
    return document


def is_swagger(document: Document) -> bool:
    """Whether a document is of Swagger 2.0, OpenAPI's older form."""
    return str(document.get("swagger", "")) == "2.0"


def _json_of(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)


def section(value: Any, *keys: str) -> dict[str, Any]:
    """The mapping found by following `keys`; an empty one where the document has none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[dict[str, Any]]:
    """The mappings in a list; none where the document has something else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """A value as text: YAML's `200` and `true` are the texts they look like; what is no single value is empty."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""


def texts(value: Any) -> list[str]:
    """The texts in a list; none where the document has something else."""
    return [text(item) for item in value if text(item)] if isinstance(value, list) else []


def text_map(value: Any) -> dict[str, str]:
    """A mapping of texts; empty where the document has something else."""
    return {key: text(item) for key, item in section(value).items()}


def methods(document: Document) -> Iterator[Method]:
    """Every method of the document, in its order."""
    for path, item in section(document, "paths").items():
        for key, operation in section(item).items():
            if key in VERBS or key == ANY_METHOD:
                verb = "ANY" if key == ANY_METHOD else key.upper()
                yield _method(document, canonical_path(path), verb, section(operation))


def verb_key(verb: str) -> str:
    """The key of a verb (`ANY` or an HTTP method in capitals) in a path item."""
    return ANY_METHOD if verb == "ANY" else verb.lower()


def _method(document: Document, path: str, verb: str, operation: dict[str, Any]) -> Method:
    integration = operation.get(INTEGRATION)
    return Method(
        path=path,
        verb=verb,
        api_key_required=needs_api_key(document, operation),
        integration=integration if isinstance(integration, dict) else None,
        operation=operation,
    )


def needs_api_key(document: Document, operation: dict[str, Any]) -> bool:
    """Whether the operation's own `security` names an apiKey scheme on x-api-key (Amazon ignores the root's)."""
    return any(_is_api_key(scheme) for scheme in _schemes(document, operation).values())


def foreign_schemes(document: Document, operation: dict[str, Any]) -> list[str]:
    """The security schemes of an operation that are no API key: IAM's and authorizers."""
    return [name for name, scheme in _schemes(document, operation).items() if scheme and not _is_api_key(scheme)]


def _schemes(document: Document, operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    schemes = section(document, "components", "securitySchemes")
    named = [name for requirement in mappings(operation.get("security")) for name in requirement]
    return {name: section(schemes, name) for name in named}


def _is_api_key(scheme: dict[str, Any]) -> bool:
    return scheme.get("type") == "apiKey" and str(scheme.get("name", "")).lower() == API_KEY_HEADER


def resource_paths(document: Document) -> list[str]:
    """The paths of all resources, parents before children: the document's own, those between, and the root."""
    paths = {"/"}
    for path in section(document, "paths"):
        parts = canonical_path(path).split("/")
        paths.update("/".join(parts[: depth + 1]) for depth in range(1, len(parts)))
    return sorted(paths)


def canonical_path(path: str) -> str:
    """A resource path with one slash before each part and none at its end; `/` for the root."""
    return "/" + "/".join(part for part in path.split("/") if part)
