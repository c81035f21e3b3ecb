"""What a mapping template of PutRecords makes of a request: tried on an API for practice, without a deployment."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import yaml

from lib.api_definition import read_api_definition
from lib.settings import REPOSITORY

_ROUTE = "/streams/{stream-name}/records"


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
    title = f"practice-{'-'.join(templates)}"
    document: dict[str, Any] = yaml.safe_load(read_api_definition(REPOSITORY / "aws" / "api.yaml", title, account))
    paths = {}
    for name, template in templates.items():
        method = copy.deepcopy(document["paths"][_ROUTE]["put"])
        method["x-amazon-apigateway-integration"]["requestTemplates"] = {"application/json": template}
        paths[f"/{name}/{{stream-name}}"] = {"put": method}
    return document | {"paths": paths}
