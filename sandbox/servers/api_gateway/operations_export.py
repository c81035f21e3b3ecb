"""Control plane: the definition of a deployed stage as a file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import yaml

from sandbox.servers.api_gateway.openapi_export import extensions, openapi_of
from sandbox.servers.api_gateway.state import State
from sandbox.servers.api_gateway.swagger_export import to_swagger
from sandbox.servers.aws.errors import BadRequestError
from sandbox.servers.aws.rest_json import Params

EXPORT_TYPES = ("oas30", "swagger")
JSON, YAML = "application/json", "application/yaml"
EXTENSIONS = (None, "integrations", "apigateway")


def get_export(state: State, params: Params) -> Params:
    """The deployment of a stage as OpenAPI 3 (`oas30`) or Swagger 2.0 (`swagger`), in JSON or YAML."""
    kind, media_type, wanted = params["exportType"], params.get("accepts", JSON), _extensions(params)
    if kind not in EXPORT_TYPES:
        raise BadRequestError(f"Unsupported export type: {kind}. Valid options are {','.join(EXPORT_TYPES)}")
    if media_type not in (JSON, YAML):
        raise BadRequestError(f"Unsupported media type: {media_type}. Valid options are {JSON},{YAML}")
    api, stage = state.api(params["restApiId"]), state.stage(params["restApiId"], params["stageName"])
    source = api.deployments[stage["deploymentId"]]["document"]
    version = datetime.fromtimestamp(api.summary["createdDate"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    exported = openapi_of(source, api.id, stage["stageName"], version, extensions(wanted))
    text = _text(exported if kind == "oas30" else to_swagger(exported, source), media_type)
    name = f"{kind}_{exported['info']['version']}.{media_type.rpartition('/')[2]}"
    disposition = f'attachment; filename="{name}"'
    return {"contentType": "application/octet-stream", "contentDisposition": disposition, "body": text}


def _extensions(params: Params) -> str | None:
    wanted = (params.get("parameters") or {}).get("extensions")
    if wanted not in EXTENSIONS:
        raise BadRequestError(f"Unsupported extensions: {wanted}. Valid options are integrations,apigateway")
    return None if wanted is None else str(wanted)


def _text(document: dict[str, Any], media_type: str) -> bytes:
    if media_type == YAML:
        return yaml.safe_dump(document, sort_keys=False, allow_unicode=True).encode()
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


OPERATIONS = {"GetExport": get_export}
