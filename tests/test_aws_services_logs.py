"""What the sandbox's own servers log is readable through CloudWatch Logs' calls."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_services_process import AwsServicesProcess, eventually

GROUP = "API-Gateway-Execution-Logs_abc123/prod"
KEPT = 10_000
LATER = 2_000_000_000_000  # milliseconds since 1970: after the deletions between the tests


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsServicesProcess]:
    running = AwsServicesProcess(tmp_path_factory.mktemp("aws")).start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def aws(shared: AwsServicesProcess) -> AwsServicesProcess:
    """The running server; the log files of the test before and their groups are gone."""
    for path in [*shared.logs.iterdir(), shared.connector_log_groups]:
        path.unlink(missing_ok=True)
    for group in shared.client("logs").describe_log_groups()["logGroups"]:
        shared.client("logs").delete_log_group(logGroupName=group["logGroupName"])
    return shared


def entry(number: int, stage: str = "prod", **more: Any) -> dict[str, Any]:
    return {
        "requestId": f"r{number}",
        "requestTimeEpoch": LATER + number,
        "apiId": "abc123",
        "stage": stage,
    } | more


def now() -> int:
    return int(time.time() * 1000)


def groups(aws: AwsServicesProcess) -> set[str]:
    return {group["logGroupName"] for group in aws.client("logs").describe_log_groups()["logGroups"]}


def messages(aws: AwsServicesProcess, group: str) -> list[str]:
    """The messages of a group, in order; nothing where the group is not there."""
    if group not in groups(aws):
        return []
    pages = aws.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    return [event["message"] for page in pages for event in page["events"]]


def requests_of(aws: AwsServicesProcess, group: str = GROUP) -> list[str]:
    return [json.loads(message)["requestId"] for message in messages(aws, group)]


def awaited(aws: AwsServicesProcess, expected: list[str], group: str = GROUP) -> None:
    eventually(lambda: requests_of(aws, group) == expected, f"{group} holds {expected[-3:]}")


def test_a_request_is_in_its_stages_group_with_its_own_time(aws: AwsServicesProcess) -> None:
    aws.log_line("api-gateway.log", entry(1))
    awaited(aws, ["r1"])
    logs = aws.client("logs")
    stream = logs.describe_log_streams(logGroupName=GROUP)["logStreams"][0]
    assert stream["lastEventTimestamp"] == entry(1)["requestTimeEpoch"]
    events = logs.get_log_events(logGroupName=GROUP, logStreamName=stream["logStreamName"])["events"]
    assert [(event["timestamp"], json.loads(event["message"])) for event in events] == [
        (entry(1)["requestTimeEpoch"], entry(1))
    ]


def test_an_access_log_has_its_own_group_and_format(aws: AwsServicesProcess) -> None:
    aws.log_line("api-gateway.log", entry(2, accessLog={"group": "access", "line": "r2 200"}))
    eventually(lambda: messages(aws, "access") == ["r2 200"], "the access log's line is there")
    assert requests_of(aws) == ["r2"]


def test_what_is_no_request_of_a_stage_is_left_out(aws: AwsServicesProcess) -> None:
    for line in ("Traceback (most recent call last):", "[1]", '{"apiId": "x"}', entry(1, stage="-"), entry(2)):
        aws.log_line("api-gateway.log", line)
    awaited(aws, ["r2"])
    assert len(aws.client("logs").describe_log_groups()["logGroups"]) == 1


def test_a_rotation_loses_and_doubles_nothing(aws: AwsServicesProcess) -> None:
    log = aws.logs / "api-gateway.log"
    aws.log_line(log.name, entry(1))
    awaited(aws, ["r1"])
    aws.log_line(log.name, entry(2))
    log.rename(aws.logs / "api-gateway.log.1")
    aws.log_line(log.name, entry(3))
    awaited(aws, ["r1", "r2", "r3"])
    aws.kill_and_start()
    awaited(aws, ["r1", "r2", "r3"])
    aws.log_line(log.name, entry(4))
    awaited(aws, ["r1", "r2", "r3", "r4"])


def test_a_line_is_taken_when_it_is_whole(aws: AwsServicesProcess) -> None:
    text = json.dumps(entry(1))
    with (aws.logs / "api-gateway.log").open("a") as log:
        log.write(text[:20])
        log.flush()
        aws.log_line("msk-connect.log", "nothing of a connector")
        log.write(text[20:] + "\n")
    awaited(aws, ["r1"])


def test_the_last_events_of_a_group_are_kept(aws: AwsServicesProcess) -> None:
    lines = "".join(json.dumps(entry(number)) + "\n" for number in range(KEPT + 50))
    (aws.logs / "api-gateway.log").write_text(lines)
    awaited(aws, [f"r{number}" for number in range(50, KEPT + 50)])
    aws.log_line("api-gateway.log", entry(KEPT + 50))
    awaited(aws, [f"r{number}" for number in range(51, KEPT + 51)])


def test_a_connectors_lines_go_to_the_group_it_names(aws: AwsServicesProcess) -> None:
    aws.connector_log_groups.write_text(json.dumps({"my-sink": "connect", "my": "other"}))
    for line in (
        "2026-11-23T05:35:20 INFO my-sink task 2 reads a.pin partition 2 from 158",
        "2026-11-23T05:35:21.123 ERROR my-sink: it broke",
        "Traceback (most recent call last):",
        "2026-11-23T05:35:22.345 INFO your-sink task 0 reads b",
        "    of your-sink",
    ):
        aws.log_line("msk-connect.log", line)
    eventually(lambda: len(messages(aws, "connect")) == 3, "three lines are there")
    assert messages(aws, "connect")[1:] == [
        "2026-11-23T05:35:21.123 ERROR my-sink: it broke",
        "Traceback (most recent call last):",
    ]
    assert messages(aws, "other") == []


def test_a_student_writes_beside_us(aws: AwsServicesProcess) -> None:
    logs = aws.client("logs")
    aws.log_line("api-gateway.log", entry(1))
    awaited(aws, ["r1"])
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=7)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="own")
    event = {"timestamp": now(), "message": "by hand"}
    logs.put_log_events(logGroupName=GROUP, logStreamName="own", logEvents=[event])
    aws.kill_and_start()
    eventually(lambda: len(messages(aws, GROUP)) == 2, "both events are there")
    assert "by hand" in messages(aws, GROUP)


def delete_group(aws: AwsServicesProcess) -> None:
    aws.client("logs").delete_log_group(logGroupName=GROUP)


def delete_stream(aws: AwsServicesProcess) -> None:
    logs = aws.client("logs")
    (stream,) = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    logs.delete_log_stream(logGroupName=GROUP, logStreamName=stream["logStreamName"])


@pytest.mark.parametrize("delete", [delete_group, delete_stream])
def test_what_a_student_deletes_stays_deleted_until_a_server_logs_again(
    aws: AwsServicesProcess, delete: Callable[[AwsServicesProcess], None]
) -> None:
    aws.log_line("api-gateway.log", entry(1, requestTimeEpoch=now()))
    awaited(aws, ["r1"])
    delete(aws)
    aws.kill_and_start()  # the lines there are, are brought before the first answer
    assert messages(aws, GROUP) == []
    assert (GROUP in groups(aws)) == (delete is delete_stream)
    aws.log_line("api-gateway.log", entry(2, requestTimeEpoch=now()))
    awaited(aws, ["r2"])
    aws.kill_and_start()
    assert requests_of(aws) == ["r2"]


def test_shipped_events_are_not_recorded(aws: AwsServicesProcess) -> None:
    aws.log_line("api-gateway.log", entry(1))
    awaited(aws, ["r1"])
    recorded = aws.recording.read_bytes()
    aws.log_line("api-gateway.log", entry(2))
    awaited(aws, ["r1", "r2"])
    assert aws.recording.read_bytes() == recorded
    assert Path(aws.recording).stat().st_mode & 0o777 == 0o600
