"""What the stack `api` gives to API Gateway is `aws/api.yaml`, and the sandbox's gateway serves it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from api_gateway_helpers import REPOSITORY, Deployed, GatewayProcess

from deployment.parts import FOLDER
from deployment.templates import ACCOUNT, render


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return render(FOLDER / "api.yaml")


@pytest.fixture(scope="module")
def body(template: dict[str, Any]) -> Any:
    """The API's body, as CloudFormation hands it on in the account of the documentation."""
    return evaluated(template["Resources"]["Api"]["Properties"]["Body"])


def evaluated(node: Any) -> Any:
    match node:
        case {"Fn::Sub": str(text)}:
            return text.replace("${AWS::AccountId}", ACCOUNT).replace("${!", "${")
        case dict():
            return {key: evaluated(below) for key, below in node.items()}
        case list():
            return [evaluated(below) for below in node]
    return node


def test_the_body_of_the_stack_is_the_file(body: Any) -> None:
    assert body == yaml.safe_load((REPOSITORY / "aws/api.yaml").read_text())


def test_the_body_of_the_stack_is_served(gateway: GatewayProcess, deploy: Callable[..., Deployed], body: Any) -> None:
    assert deploy(gateway, json.dumps(body).encode()).call("/topics").json()["path"] == "/topics"


def test_the_metrics_are_looked_for_under_the_apis_title(template: dict[str, Any], body: Any) -> None:
    assert template["Outputs"]["ApiName"]["Value"] == body["info"]["title"]


def test_the_stage_has_every_variable_that_the_body_names(template: dict[str, Any], body: Any) -> None:
    named = re.findall(r"\$\{stageVariables\.(\w+)\}", json.dumps(body))
    assert set(template["Resources"]["Stage"]["Properties"]["Variables"]) == set(named)


def test_another_body_makes_another_deployment(template: dict[str, Any]) -> None:
    kinds = {name: one["Type"] for name, one in template["Resources"].items()}
    (deployment,) = [name for name, kind in kinds.items() if kind == "AWS::ApiGateway::Deployment"]
    assert re.fullmatch(r"Deployment[0-9a-f]{10}", deployment)
    assert template["Resources"]["Stage"]["Properties"]["DeploymentId"] == {"Ref": deployment}
