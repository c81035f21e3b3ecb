"""The course's mapping templates, one by one: `aws/templates/*.vtl`, as they stand in `aws/api.yaml`."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from api_gateway_helpers import REPOSITORY

from sandbox.servers.api_gateway.document import methods, parse, section
from sandbox.servers.api_gateway.mapping_template import MappingTemplate
from sandbox.servers.api_gateway.payload import Payload
from sandbox.servers.api_gateway.velocity_values import HeaderMap, VelocityMap

FOLDER = REPOSITORY / "aws" / "templates"
ROUTES = {
    ("/streams", "GET"): ("ListStreams", "list_streams"),
    ("/streams/{stream-name}", "GET"): ("DescribeStream", "describe_stream"),
    ("/streams/{stream-name}", "POST"): ("CreateStream", "create_stream"),
    ("/streams/{stream-name}", "DELETE"): ("DeleteStream", "delete_stream"),
    ("/streams/{stream-name}/record", "PUT"): ("PutRecord", "put_record"),
    ("/streams/{stream-name}/records", "PUT"): ("PutRecords", "put_records"),
}
ROW = {"index": 7, "title": 'it\'s "é" \\ / \u2028', "list": [1, {"a": None}], "latitude": -89.5184, "big": 2**70}


def rendered(name: str, body: Any = None) -> Any:
    params = VelocityMap(path=VelocityMap({"stream-name": "s"}), querystring=VelocityMap(), header=HeaderMap())
    content = b"" if body is None else json.dumps(body).encode()
    template = MappingTemplate((FOLDER / f"{name}.vtl").read_text())
    return json.loads(template.render(Payload(content), params, VelocityMap(), {}))


def decoded(data: str) -> Any:
    return json.loads(base64.b64decode(data))


def test_each_route_has_its_action_and_the_text_of_its_file() -> None:
    found = {}
    for method in methods(parse((REPOSITORY / "aws/api.yaml").read_bytes())):
        if method.path.startswith("/streams"):
            (template,) = section(method.integration, "requestTemplates").values()
            found[method.path, method.verb] = (method.integration["uri"].rpartition("/")[2], template)
    assert found == {route: (action, (FOLDER / f"{name}.vtl").read_text()) for route, (action, name) in ROUTES.items()}


def test_every_template_file_is_of_a_route() -> None:
    assert {Path(path).stem for path in FOLDER.iterdir()} == {name for _, name in ROUTES.values()}


def test_list_streams_asks_for_all() -> None:
    assert rendered("list_streams") == {}


@pytest.mark.parametrize("name", ["describe_stream", "delete_stream"])
def test_a_stream_is_named_by_the_path(name: str) -> None:
    assert rendered(name) == {"StreamName": "s"}


@pytest.mark.parametrize("body", [None, {}, {"ShardCount": None}])
def test_a_stream_is_made_on_demand(body: Any) -> None:
    assert rendered("create_stream", body) == {"StreamName": "s", "StreamModeDetails": {"StreamMode": "ON_DEMAND"}}


def test_a_stream_is_made_with_as_many_shards_as_the_body_says() -> None:
    mode = {"StreamMode": "PROVISIONED"}
    expected = {"StreamName": "s", "ShardCount": 4, "StreamModeDetails": mode}
    assert rendered("create_stream", {"ShardCount": 4}) == expected


@pytest.mark.parametrize("key", ["partition-1", 'it\'s "é" \\'])
def test_a_record_is_sent_as_json(key: str) -> None:
    sent = rendered("put_record", {"StreamName": "other", "Data": ROW, "PartitionKey": key})
    assert (sent["StreamName"], sent["PartitionKey"], decoded(sent["Data"])) == ("s", key, ROW)


@pytest.mark.parametrize("data", ["text", 3, None, [1, 2], {}])
def test_a_record_may_be_any_json(data: Any) -> None:
    assert decoded(rendered("put_record", {"Data": data, "PartitionKey": "k"})["Data"]) == data


@pytest.mark.parametrize("count", [1, 2, 500])
def test_records_are_sent_as_json_each_never_as_a_java_map(count: int) -> None:
    rows = [{**ROW, "index": index} for index in range(count)]
    body = {"records": [{"data": row, "partition-key": f"key'{row['index']}"} for row in rows]}
    sent = rendered("put_records", body)
    assert sent["StreamName"] == "s"
    assert [decoded(record["Data"]) for record in sent["Records"]] == rows
    assert [record["PartitionKey"] for record in sent["Records"]] == [f"key'{index}" for index in range(count)]


@pytest.mark.parametrize("content", [b"{'cut", b"", b"\xff\x00"])
def test_a_record_that_is_no_json_is_passed_on_as_its_bytes(content: bytes) -> None:
    text = base64.b64encode(content).decode()
    alone = rendered("put_record", {"Base64": text, "PartitionKey": "k"})
    items = [{"data": ROW, "partition-key": "1"}, {"base64": text, "partition-key": "2"}]
    sent = rendered("put_records", {"records": items})["Records"]
    assert [base64.b64decode(record["Data"]) for record in (alone, sent[1])] == [content, content]
    assert decoded(sent[0]["Data"]) == ROW
    assert [record["PartitionKey"] for record in sent] == ["1", "2"]
