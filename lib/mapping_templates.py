"""What a mapping template of PutRecords makes of a request: tried on an API for practice, without a deployment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_ROUTE = "/streams/{stream-name}/records"
_EXAMPLE_ACCOUNT = "123456789012"
DEFINITION = Path(__file__).resolve().parent.parent / "aws" / "api.yaml"


def try_templates(
    gateway: Any, account: str, templates: Mapping[str, str], stream: str, request: Mapping[str, Any]
) -> dict[str, Any]:
    """Send one request to a stream by each of several templates; what Kinesis answered, by the template's name.

    An API with a path for each template is made of the course's own route (`aws/api.yaml`), each path is run by
    TestInvokeMethod, the button Test of the console, and the API is removed again.

    Args:
        gateway: boto3's client `apigateway`.
        account: the number of the account whose role `pinterest-api-gateway-kinesis` the integration takes on.
        templates: mapping templates by a name of their own.
        stream: which the records go to.
        request: the body, as a client sends it.
    """
    api_id = gateway.import_rest_api(body=json.dumps(_document(account, templates)))["id"]
    try:
        resources = {item["path"]: item["id"] for item in gateway.get_resources(restApiId=api_id)["items"]}
        answers = {}
        for name in templates:
            told = gateway.test_invoke_method(
                restApiId=api_id,
                resourceId=resources[f"/{name}/{{stream-name}}"],
                httpMethod="PUT",
                pathWithQueryString=f"/{name}/{stream}",
                headers={"Content-Type": "application/json"},
                body=json.dumps(request),
            )
            answers[name] = json.loads(told["body"])
        return answers
    finally:
        gateway.delete_rest_api(restApiId=api_id)


def _document(account: str, templates: Mapping[str, str]) -> dict[str, Any]:
    """The course's document with its route of PutRecords alone, once for each template."""
    document: dict[str, Any] = yaml.safe_load(DEFINITION.read_text(encoding="utf-8"))
    route = json.dumps(document["paths"][_ROUTE]["put"]).replace(_EXAMPLE_ACCOUNT, account)
    paths = {}
    for name, template in templates.items():
        method = json.loads(route)
        method["x-amazon-apigateway-integration"]["requestTemplates"] = {"application/json": template}
        paths[f"/{name}/{{stream-name}}"] = {"put": method}
    return document | {"info": {"title": f"practice-{'-'.join(templates)}", "version": "1"}, "paths": paths}
