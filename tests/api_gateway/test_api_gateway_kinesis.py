"""The course's routes to Kinesis, and any other `aws` integration: what is sent, signed and answered."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from api_gateway_helpers import (
    REPOSITORY,
    Deployed,
    GatewayProcess,
    deploy_by_boto3,
    document,
    new_gateway,
    take_down,
    transformed,
)
from kinesis_integration import MotoKinesis, Recorder, start_moto

from sandbox.servers.aws.credentials import CredentialsFile

Deploy = Callable[..., Deployed]
ACTION = "arn:aws:apigateway:us-east-1:kinesis:action"
ROLE = "arn:aws:iam::123456789012:role/pinterest-api-gateway-kinesis"
NOT_FOUND = {
    "__type": "ResourceNotFoundException",
    "message": "Stream not-there under account 123456789012 not found.",
}
ROW = {"index": 7, "title": 'it\'s "é"', "tags": [1, {"a": None}]}


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoKinesis]:
    """A Kinesis in a process of its own."""
    running = start_moto(tmp_path_factory.mktemp("moto"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def course(moto: MotoKinesis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """`aws/api.yaml`, deployed on a gateway whose profile leads to that Kinesis."""
    gateway = new_gateway(tmp_path_factory.mktemp("course"), moto.url)
    deployed = deploy_by_boto3(gateway, (REPOSITORY / "aws/api.yaml").read_bytes(), "127.0.0.1:1", {})
    yield deployed
    take_down(deployed)
    assert gateway.stop() == 0


@pytest.fixture
def stream(course: Deployed, moto: MotoKinesis, request: pytest.FixtureRequest) -> Iterator[str]:
    """A stream that was made through the gateway."""
    name = f"streaming-{request.node.originalname}"[:120]
    assert course.call(f"/streams/{name}", "POST", json={"ShardCount": 1}).status_code == 200
    moto.client.get_waiter("stream_exists").wait(StreamName=name)
    yield name
    moto.client.delete_stream(StreamName=name)


def records(moto: MotoKinesis, stream: str) -> list[tuple[str, Any]]:
    """Partition key and JSON of every record of a stream of one shard."""
    client = moto.client
    shard = client.list_shards(StreamName=stream)["Shards"][0]["ShardId"]
    start = client.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    found = client.get_records(ShardIterator=start["ShardIterator"], Limit=1000)["Records"]
    return [(record["PartitionKey"], json.loads(record["Data"])) for record in found]


def test_streams_are_made_described_listed_and_deleted(course: Deployed, moto: MotoKinesis) -> None:
    assert course.call("/streams/a", "POST").status_code == 200
    assert "a" in course.call("/streams").json()["StreamNames"]
    assert course.call("/streams/a").json()["StreamDescription"]["StreamName"] == "a"
    assert course.call("/streams/a", "DELETE").status_code == 200
    assert "a" not in course.call("/streams").json()["StreamNames"]


def test_a_record_arrives_as_json(course: Deployed, moto: MotoKinesis, stream: str) -> None:
    body = {"StreamName": stream, "Data": ROW, "PartitionKey": "partition-1"}
    answer = course.call(f"/streams/{stream}/record", "PUT", json=body)
    assert answer.json().keys() >= {"ShardId", "SequenceNumber"}
    assert records(moto, stream) == [("partition-1", ROW)]


def test_500_records_arrive_as_json(course: Deployed, moto: MotoKinesis, stream: str) -> None:
    rows = [{**ROW, "index": index} for index in range(500)]
    body = {"records": [{"data": row, "partition-key": str(row["index"])} for row in rows]}
    answer = course.call(f"/streams/{stream}/records", "PUT", json=body)
    assert answer.json()["FailedRecordCount"] == 0
    assert records(moto, stream) == [(str(row["index"]), row) for row in rows]


INVALID: list[tuple[str, Any]] = [
    ("record", {"Data": {}}),
    ("record", {"PartitionKey": "k"}),
    ("record", {"Data": {}, "PartitionKey": 1}),
    ("record", {"Data": {}, "PartitionKey": ""}),
    ("record", []),
    ("records", {}),
    ("records", {"records": []}),
    ("records", {"records": [{"data": {}}]}),
    ("records", {"records": [{"partition-key": "k"}]}),
    ("records", {"records": [{"data": {}, "partition-key": "k"}] * 501}),
]


@pytest.mark.parametrize(("route", "body"), INVALID)
def test_a_body_that_is_no_record_is_invalid(course: Deployed, route: str, body: Any) -> None:
    answer = course.call(f"/streams/any/{route}", "PUT", json=body)
    assert (answer.status_code, answer.json()) == (400, {"message": "Invalid request body"})


@pytest.mark.parametrize("body", [b"{", b"text", b"\xff"])
def test_a_body_that_is_no_json_is_invalid(course: Deployed, body: bytes) -> None:
    answer = course.call("/streams/any/record", "PUT", data=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (400, {"message": "Invalid request body"})


def test_another_media_type_is_unsupported(course: Deployed) -> None:
    answer = course.call("/streams/any/record", "PUT", data=b"<a/>", headers={"Content-Type": "text/xml"})
    assert (answer.status_code, answer.json()) == (415, {"message": "Unsupported Media Type"})


def test_kinesis_says_why_it_refuses(course: Deployed) -> None:
    answer = course.call("/streams/not-there")
    assert (answer.status_code, answer.json()) == (400, NOT_FOUND)


def test_a_record_to_a_stream_that_is_not_there_is_refused(course: Deployed) -> None:
    answer = course.call("/streams/not-there/record", "PUT", json={"Data": {}, "PartitionKey": "k"})
    assert (answer.status_code, answer.json()) == (400, NOT_FOUND)


def test_without_a_key_nothing_passes(course: Deployed) -> None:
    answer = course.call("/streams", headers={"x-api-key": "wrong"})
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})


# Any aws integration, against a Kinesis that only listens


@pytest.fixture
def heard(gateway: GatewayProcess) -> Iterator[list[dict[str, Any]]]:
    """What the recorder hears from now on."""
    Recorder.credentials = CredentialsFile(Path(gateway.credentials))
    Recorder.heard.clear()
    yield Recorder.heard
    Recorder.status, Recorder.reply, Recorder.seconds = 200, {}, 0


def aws(action: str = "PutRecord", **more: Any) -> dict[str, Any]:
    header = {"integration.request.header.Content-Type": "'application/x-amz-json-1.1'"}
    return {"type": "aws", "uri": f"{ACTION}/{action}", "credentials": ROLE, "requestParameters": header, **more}


def test_the_action_is_a_signed_post_of_the_transformed_body(
    gateway: GatewayProcess, deploy: Deploy, heard: list[dict[str, Any]]
) -> None:
    template = {"application/json": '{"Data": "$util.base64Encode($input.body)", "é": 1}'}
    deployed = deploy(gateway, document({"/a": transformed(aws(requestTemplates=template))}))
    assert deployed.call("/a?q=1", "POST", data=b"hi").status_code == 200
    (request,) = heard
    headers = request["headers"]
    assert (request["path"], request["signature"]) == ("/", "valid")
    assert headers["x-amz-target"] == "Kinesis_20131202.PutRecord"
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert headers["user-agent"] == f"AmazonAPIGateway_{deployed.api_id}"
    assert json.loads(request["body"]) == {"Data": base64.b64encode(b"hi").decode(), "é": 1}


def test_an_error_goes_through_the_default_response(
    gateway: GatewayProcess, deploy: Deploy, heard: list[dict[str, Any]]
) -> None:
    Recorder.status, Recorder.reply = 400, {"__type": "ResourceNotFoundException", "message": "Stream x not found"}
    answer = deploy(gateway, document({"/a": transformed(aws())})).call("/a", "POST", data=b"{}")
    assert (answer.status_code, answer.json()) == (200, Recorder.reply)


def test_an_error_without_a_fitting_response_is_an_internal_server_error(
    gateway: GatewayProcess, deploy: Deploy, heard: list[dict[str, Any]]
) -> None:
    Recorder.status = 400
    only_good = {"200": {"statusCode": "200"}}
    answer = deploy(gateway, document({"/a": transformed(aws(responses=only_good))})).call("/a", "POST", data=b"{}")
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal server error"})


def test_a_slow_service_is_an_endpoint_request_timed_out(
    gateway: GatewayProcess, deploy: Deploy, heard: list[dict[str, Any]]
) -> None:
    Recorder.seconds = 0.3
    deployed = deploy(gateway, document({"/a": transformed(aws(timeoutInMillis=100))}))
    answer = deployed.call("/a", "POST", data=b"{}")
    assert (answer.status_code, answer.json()) == (504, {"message": "Endpoint request timed out"})


def test_a_service_that_is_down_is_an_internal_server_error(tmp_path: Path, deploy: Deploy) -> None:
    gateway = new_gateway(tmp_path)
    deployed = deploy_by_boto3(gateway, document({"/a": transformed(aws())}), "127.0.0.1:1", {})
    answer = deployed.call("/a", "POST", data=b"{}")
    gateway.stop()
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal server error"})


REFUSED = [
    ({"uri": "http://x"}, "Invalid ARN specified in the request"),
    ({"uri": "arn:aws:apigateway:us-east-1:kinesis:PutRecord"}, "AWS ARN for integration must contain path or action"),
    ({"uri": "arn:aws:apigateway:us-east-1:kinesis:path/"}, "AWS ARN for integration must contain path or action"),
    ({"uri": "arn:aws:apigateway:us-east-1:kinesis:path/x"}, "by path are not served here"),
    ({"uri": "arn:aws:apigateway:us-east-1:sqs:action/SendMessage"}, "AWS integrations of 'sqs' are not served here"),
    ({"credentials": ""}, "Role ARN must be specified for AWS integrations"),
    ({"httpMethod": "GET"}, "called by POST"),
]


@pytest.mark.parametrize(("part", "message"), REFUSED)
def test_an_integration_that_cannot_be_served_is_refused(
    gateway: GatewayProcess, part: dict[str, Any], message: str
) -> None:
    client = gateway.client()
    with pytest.raises(client.exceptions.BadRequestException) as caught:
        client.import_rest_api(body=document({"/a": transformed({**aws(), **part})}))
    assert message in str(caught.value)
