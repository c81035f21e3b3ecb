"""Private integrations: through a VPC link that is named, or that a stage variable names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from api_gateway_helpers import Deployed, GatewayProcess, any_method, document, mock, transformed
from control_plane_helpers import assert_bad_request

Deploy = Callable[..., Deployed]
BY_VARIABLE = {"connectionType": "VPC_LINK", "connectionId": "${stageVariables.link}"}
BY_NAME = {"connectionType": "VPC_LINK", "connectionId": "abc123"}
INTERNAL = (500, {"message": "Internal server error"})


@pytest.fixture
def linked(gateway: GatewayProcess, deploy: Deploy, backend: str) -> Callable[..., Deployed]:
    """Deploys an integration with a connection."""

    def deploy_(**connection: str) -> Deployed:
        return deploy(gateway, document({"/a": any_method(f"http://{backend}/heard", **connection)}))

    return deploy_


def patch_variable(api: Deployed, patch: dict[str, str]) -> None:
    operation = {"path": "/variables/link", **patch}
    api.gateway.client().update_stage(restApiId=api.api_id, stageName=api.stage, patchOperations=[operation])


def test_the_projects_api_reaches_its_back_end_through_the_link_of_the_stage(
    gateway: GatewayProcess, deploy: Deploy
) -> None:
    api = deploy(gateway)
    assert api.call("/topics").status_code == 200
    patch = [{"op": "remove", "path": "/variables/vpcLinkId"}]
    gateway.client().update_stage(restApiId=api.api_id, stageName=api.stage, patchOperations=patch)
    answer = api.call("/topics")
    assert (answer.status_code, answer.json()) == INTERNAL


def test_a_link_that_is_named_is_called(linked: Callable[..., Deployed]) -> None:
    assert linked(**BY_NAME).call("/a").json()["path"] == "/heard"


def test_a_link_whose_stage_variable_is_missing_is_an_internal_server_error(linked: Callable[..., Deployed]) -> None:
    api = linked(**BY_VARIABLE)
    answer = api.call("/a")
    assert (answer.status_code, answer.json()) == INTERNAL
    (entry,) = api.gateway.log_entries(answer.headers["x-amzn-RequestId"])
    assert entry["errorMessage"] == "Execution failed due to configuration error: Invalid VPC link"


def test_a_stage_variable_that_names_the_link_takes_effect_at_once(linked: Callable[..., Deployed]) -> None:
    api = linked(**BY_VARIABLE)
    patch_variable(api, {"op": "replace", "value": "abc123"})
    assert api.call("/a").status_code == 200


@pytest.mark.parametrize(
    ("integration", "message"),
    [
        ({"type": "http", "uri": "http://x", "connectionType": "VPC_LINK"}, "must be specified as connectionId"),
        ({"type": "http", "uri": "http://x", "connectionType": "TUNNEL"}, "Enumeration value for ConnectionType"),
        (mock(**BY_NAME), "Only integrations of type HTTP or HTTP_PROXY go through a VPC link"),
    ],
)
def test_a_connection_that_cannot_be_is_refused(client: Any, integration: dict[str, Any], message: str) -> None:
    body = document({"/a": transformed(integration)})
    assert_bad_request(client.import_rest_api, message, body=body)


@pytest.fixture
def method(client: Any) -> Iterator[dict[str, Any]]:
    """A method, as the parameters that name it."""
    api = client.create_rest_api(name="links")
    named = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    client.put_method(**named, authorizationType="NONE")
    yield named
    client.delete_rest_api(restApiId=api["id"])


def test_a_private_integration_is_put_read_and_patched(client: Any, method: dict[str, Any]) -> None:
    put = partial(client.put_integration, **method, type="HTTP_PROXY", integrationHttpMethod="GET", uri="http://x/")
    put(**BY_VARIABLE)
    read = client.get_integration(**method)
    assert {name: read[name] for name in BY_VARIABLE} == BY_VARIABLE
    patches = [{"op": "replace", "path": "/connectionId", "value": "abc123"}]
    assert client.update_integration(**method, patchOperations=patches)["connectionId"] == "abc123"
    patches = [{"op": "replace", "path": "/connectionType", "value": "INTERNET"}]
    assert client.update_integration(**method, patchOperations=patches)["connectionType"] == "INTERNET"


def test_a_test_invocation_names_the_link_by_its_own_variables(
    client: Any, method: dict[str, Any], backend: str
) -> None:
    client.put_integration(
        **method, type="HTTP_PROXY", integrationHttpMethod="GET", uri=f"http://{backend}/heard", **BY_VARIABLE
    )
    assert client.test_invoke_method(**method)["status"] == 500
    assert client.test_invoke_method(**method, stageVariables={"link": "abc123"})["status"] == 200
