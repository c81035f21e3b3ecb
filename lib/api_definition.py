"""APIs of API Gateway through boto3's client `apigateway`: which one answers, what it holds, how it goes away."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lib.errors import CourseError

PLACEHOLDER_ACCOUNT = "123456789012"
"""The account's number in `aws/api.yaml`, which everybody replaces by their own."""


class ApiNotFoundError(CourseError):
    """No API of this account and region answers at an invoke URL."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one resource, and what stands behind it.

    Attributes:
        path, method: what a client asks for; `ANY` is every method.
        api_key: whether a key is asked for.
        integration: the kind of what stands behind it: HTTP_PROXY, AWS, MOCK.
        backend: its address.
    """

    path: str
    method: str
    api_key: bool
    integration: str
    backend: str


def find_api(gateway: Any, invoke_url: str) -> tuple[str, str]:
    """The identifier of the API and the name of the stage that an invoke URL leads to. Raises ApiNotFoundError."""
    words = re.split("[/.]", invoke_url)
    for page in gateway.get_paginator("get_rest_apis").paginate():
        for api in page["items"]:
            if api["id"] in words:
                stages = [stage["stageName"] for stage in gateway.get_stages(restApiId=api["id"])["item"]]
                return api["id"], next(word for word in reversed(words) if word in stages)
    raise ApiNotFoundError(f"No API answers at {invoke_url}. Compare API_INVOKE_URL with the stage's invoke URL.")


def invoke_url_of(api_id: str, like: str, other_id: str) -> str:
    """The invoke URL of an API, by that of another one (`like`, `other_id`) with a stage of the same name."""
    return like.replace(other_id, api_id)


def routes(gateway: Any, api_id: str) -> list[Route]:
    """Every method of an API's definition, deployed or not, by path."""
    pages = gateway.get_paginator("get_resources").paginate(restApiId=api_id, embed=["methods"])
    found = [
        _route(resource["path"], verb, method)
        for page in pages
        for resource in page["items"]
        for verb, method in resource.get("resourceMethods", {}).items()
    ]
    return sorted(found, key=lambda route: (route.path, route.method))


def _route(path: str, verb: str, method: dict[str, Any]) -> Route:
    behind = method.get("methodIntegration", {})
    return Route(path, verb, method.get("apiKeyRequired", False), behind.get("type", ""), behind.get("uri", ""))


def read_api_definition(path: Path, title: str, account: str) -> bytes:
    """The OpenAPI document of a file like `aws/api.yaml`, with this title and the account's number, to be imported."""
    document = yaml.safe_load(path.read_text(encoding="utf-8").replace(PLACEHOLDER_ACCOUNT, account))
    document["info"]["title"] = title
    return yaml.safe_dump(document, sort_keys=False).encode()


def remove_api(gateway: Any, name: str) -> None:
    """Remove every API, usage plan and API key that is called `name`; nothing happens if there is none."""
    for plan in _named(gateway, "get_usage_plans", name):
        held = [f"{stage['apiId']}:{stage['stage']}" for stage in plan.get("apiStages", [])]
        patches = [{"op": "remove", "path": "/apiStages", "value": stage} for stage in held]
        if patches:  # a plan that still holds a stage is not deleted
            gateway.update_usage_plan(usagePlanId=plan["id"], patchOperations=patches)
        gateway.delete_usage_plan(usagePlanId=plan["id"])
    for key in _named(gateway, "get_api_keys", name):
        gateway.delete_api_key(apiKey=key["id"])
    for api in _named(gateway, "get_rest_apis", name):
        gateway.delete_rest_api(restApiId=api["id"])


def _named(gateway: Any, listing: str, name: str) -> list[dict[str, Any]]:
    pages = gateway.get_paginator(listing).paginate()
    return [item for page in pages for item in page.get("items", []) if item.get("name") == name]
