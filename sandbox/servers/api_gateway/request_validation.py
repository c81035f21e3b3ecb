"""Request validation before the integration: required parameters present, the body as its model says.

Source: "Request validation for REST APIs in API Gateway". Models are JSON schemas, draft 4.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import fastjsonschema
import orjson

from sandbox.servers.api_gateway.document import Document, Method, mappings, section
from sandbox.servers.api_gateway.extensions import REQUEST_VALIDATOR, REQUEST_VALIDATORS
from sandbox.servers.api_gateway.gateway_responses import (
    API_CONFIGURATION_ERROR,
    BAD_REQUEST_BODY,
    BAD_REQUEST_PARAMETERS,
    Refused,
)
from sandbox.servers.api_gateway.invocation import Invocation
from sandbox.servers.api_gateway.media_types import media_type
from sandbox.servers.api_gateway.payload import MalformedPayloadError

DRAFT_4 = "http://json-schema.org/draft-04/schema#"
# How a model that was made by create_model names another one.
MODEL_REFERENCE = re.compile(rb'"https://apigateway\.amazonaws\.com/restapis/[^"/]+/models/([^"/]+)"')
DEFAULT_MODEL = "$default"

Schema = Callable[[Any], Any]


@dataclass(frozen=True)
class RequestValidation:
    """What is checked of a method's requests: required (place, name) pairs, and schemas by media type."""

    required: tuple[tuple[str, str], ...] = ()
    schemas: dict[str, Schema] | None = None

    def check(self, invocation: Invocation) -> None:
        """Return if the request may go on. Raises `Refused` with 400, or 500 for a model that is no schema."""
        missing = sorted(name for place, name in self.required if not _present(invocation, place, name))
        if missing:
            message = f"Missing required request parameters: [{', '.join(missing)}]"
            raise Refused(replace(BAD_REQUEST_PARAMETERS, message=message))
        if self.schemas is not None:
            self._check_body(self.schemas, invocation)

    def _check_body(self, schemas: dict[str, Schema], invocation: Invocation) -> None:
        schema = schemas.get(media_type(invocation)) or schemas.get(DEFAULT_MODEL)
        if schema is None:
            return
        try:
            schema(invocation.payload.json)
        except MalformedPayloadError as error:
            raise Refused(BAD_REQUEST_BODY, str(error)) from error
        except (fastjsonschema.JsonSchemaValueException, RecursionError) as error:
            raise Refused(BAD_REQUEST_BODY, f"[{error}]") from error


def request_validation(document: Document, method: Method) -> RequestValidation:
    """What a method's validator asks for; nothing where it has none."""
    name = method.operation.get(REQUEST_VALIDATOR, document.get(REQUEST_VALIDATOR))
    validator = section(document, REQUEST_VALIDATORS, str(name))
    required = _required(method) if validator.get("validateRequestParameters") else ()
    schemas = _schemas(document, method) if validator.get("validateRequestBody") else None
    return RequestValidation(required, schemas)


def _required(method: Method) -> tuple[tuple[str, str], ...]:
    parameters = mappings(method.operation.get("parameters"))
    return tuple((str(item.get("in")), str(item.get("name"))) for item in parameters if item.get("required"))


def _present(invocation: Invocation, place: str, name: str) -> bool:
    if place == "query":
        return bool((invocation.query_values.get(name) or [""])[-1])
    if place == "header":
        return bool(invocation.header(name))
    return place != "path" or bool(invocation.path_parameters.get(name))


def _schemas(document: Document, method: Method) -> dict[str, Schema]:
    content = section(method.operation, "requestBody", "content")
    return {kind.lower(): _compile(document, section(media, "schema")) for kind, media in content.items()}


def _compile(document: Document, schema: dict[str, Any]) -> Schema:
    whole = {**schema, "$schema": DRAFT_4, "components": {"schemas": section(document, "components", "schemas")}}
    local = MODEL_REFERENCE.sub(rb'"#/components/schemas/\1"', orjson.dumps(whole))
    try:
        return fastjsonschema.compile(orjson.loads(local), use_default=False)
    except (fastjsonschema.JsonSchemaException, ValueError, KeyError, TypeError, AttributeError) as error:
        return _refuse_all(str(error))


def _refuse_all(cause: str) -> Schema:
    def refuse(_: Any) -> None:
        raise Refused(API_CONFIGURATION_ERROR, f"Execution failed due to configuration error: invalid model ({cause})")

    return refuse
