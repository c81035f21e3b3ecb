"""Connectors are really started, changed and ended, and tell why they are not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msk_helpers import ONE_WORKER, Msk, eventually, refused

pytestmark = pytest.mark.sandbox

NO_SUCH = "arn:aws:kafkaconnect:us-east-1:123456789012:connector/none/0b2a1f4e-0000-4000-a000-000000000000-1"
INVALID = "InvalidInput.InvalidConnectorConfiguration"


def rows(count: int) -> list[bytes]:
    return [json.dumps({"id": number}).encode() for number in range(count)]


@pytest.fixture
def topic(msk: Msk) -> str:
    return msk.create_topic()


def test_a_connector_lands_rows_in_s3(msk: Msk, topic: str) -> None:
    msk.send(topic, rows(10))
    request = msk.request(topic)
    made = msk.connect.create_connector(**request)
    assert (made["connectorState"], made["connectorName"]) == ("CREATING", request["connectorName"])
    running = msk.await_state(made["connectorArn"], "RUNNING")
    assert running["connectorConfiguration"] == request["connectorConfiguration"]
    assert running["connectorArn"].startswith(
        f"arn:aws:kafkaconnect:us-east-1:123456789012:connector/{request['connectorName']}/"
    )
    eventually(lambda: msk.landed(topic) == [{"id": number} for number in range(10)], "the rows are in S3")
    assert msk.connect.delete_connector(connectorArn=made["connectorArn"])["connectorState"] == "DELETING"
    msk.await_gone(made["connectorArn"])
    assert refused(msk.connect.describe_connector, connectorArn=made["connectorArn"])[:2] == ("NotFoundException", 404)
    assert not (msk.connectors / f"{request['connectorName']}.json").exists()


def test_a_changed_configuration_takes_effect_and_keeps_the_offsets(msk: Msk, topic: str) -> None:
    arn = msk.create_connector(topic)
    msk.send(topic, rows(3))
    before = msk.await_state(arn, "RUNNING")
    eventually(lambda: len(msk.landed(topic)) == 3, "the first rows")
    target = msk.configuration(topic, topics_dir=f"{msk.prefix}/moved")
    update = msk.connect.update_connector(
        connectorArn=arn, currentVersion=before["currentVersion"], connectorConfiguration=target
    )
    assert update["connectorState"] == "UPDATING"
    operation = msk.operation(update["connectorOperationArn"])
    assert operation["connectorOperationState"] == "UPDATE_COMPLETE"
    assert operation["connectorOperationType"] == "UPDATE_CONNECTOR_CONFIGURATION"
    assert operation["originConnectorConfiguration"] == before["connectorConfiguration"]
    assert operation["targetConnectorConfiguration"] == target
    assert {step["stepState"] for step in operation["operationSteps"]} == {"COMPLETED"}
    after = msk.describe(arn)
    assert (after["connectorState"], after["connectorConfiguration"]) == ("RUNNING", target)
    assert after["currentVersion"] != before["currentVersion"]
    msk.send(topic, rows(2))
    eventually(lambda: len(msk.landed(topic, f"{msk.prefix}/moved")) == 2, "the later rows, and no others")
    assert len(msk.landed(topic)) == 3


def test_a_changed_capacity_is_kept_and_disturbs_nothing(msk: Msk, topic: str) -> None:
    arn = msk.create_connector(topic)
    before = msk.await_state(arn, "RUNNING")
    definition = msk.connectors / f"{before['connectorName']}.json"
    written = definition.stat().st_mtime_ns
    capacity = {"autoScaling": {"mcuCount": 2, "minWorkerCount": 1, "maxWorkerCount": 3}}
    capacity["autoScaling"] |= {f"scale{way}Policy": {"cpuUtilizationPercentage": 50} for way in ("In", "Out")}
    update = msk.connect.update_connector(connectorArn=arn, currentVersion=before["currentVersion"], capacity=capacity)
    operation = msk.operation(update["connectorOperationArn"])
    assert operation["connectorOperationType"] == "UPDATE_WORKER_SETTING"
    assert operation["originWorkerSetting"]["capacity"] == ONE_WORKER
    assert operation["targetWorkerSetting"]["capacity"] == capacity
    assert msk.describe(arn)["capacity"] == capacity
    assert definition.stat().st_mtime_ns == written
    listed = msk.connect.list_connector_operations(connectorArn=arn)["connectorOperations"]
    assert [each["connectorOperationArn"] for each in listed] == [update["connectorOperationArn"]]


FAULTS: dict[str, dict[str, str | None]] = {
    "flush.sise is not a key that this sink follows; did you mean flush.size?": {"flush_sise": "1"},
    "connector.class is 'io.example.Sink'": {"connector_class": "io.example.Sink"},
    "topics and topics.regex are both set": {"topics_regex": ".*"},
    "there is no bucket no-such-bucket-anywhere": {"s3_bucket_name": "no-such-bucket-anywhere"},
    "StringConverter'; it must be org.apache.kafka.connect.json": dict.fromkeys(
        ("value_converter", "value_converter_schemas_enable")
    ),
}


def test_a_faulty_configuration_fails_with_the_workers_reason(msk: Msk, topic: str) -> None:
    made = {
        reason: msk.create_connector(topic, connectorConfiguration=msk.configuration(topic, **change))
        for reason, change in FAULTS.items()
    }
    for reason, arn in made.items():
        told = msk.await_state(arn, "FAILED")["stateDescription"]
        assert told["code"] == INVALID
        assert told["message"].startswith("The connector configuration is invalid. Message: ")
        assert reason in told["message"]
    listed = {each["connectorArn"]: each["connectorState"] for each in msk.list_connectors()}
    assert {listed[arn] for arn in made.values()} == {"FAILED"}


def test_a_task_that_fails_shows_in_the_state_and_in_the_connectors_lines_of_the_log(msk: Msk, topic: str) -> None:
    request = msk.request(topic)
    name, arn = request["connectorName"], msk.connect.create_connector(**request)["connectorArn"]
    msk.send(topic, [*rows(1), b"not json"])
    told = msk.await_state(arn, "FAILED")["stateDescription"]
    reason = f"{topic} partition 0: The record at offset 1 cannot be written"
    assert told["code"] == "UnknownError.Unknown"
    assert reason in told["message"]
    lines = [line.split(" ", 2)[2] for line in msk.log("worker.log").splitlines() if name in line]
    assert all(line.startswith((f"{name} ", f"{name} task 0 ")) for line in lines), lines
    assert any(line.startswith(f"{name} task 0 FAILED: {reason}") for line in lines)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bootstrapServers": "b-1.elsewhere.example:9098"}, "there is no Kafka at b-1.elsewhere.example:9098"),
        ({"encryptionType": "PLAINTEXT"}, "takes TLS connections only"),
    ],
    ids=["another broker", "plaintext"],
)
def test_a_cluster_out_of_reach_fails_the_connector(msk: Msk, topic: str, change: dict[str, str], reason: str) -> None:
    request = msk.request(topic)
    if "encryptionType" in change:
        request["kafkaClusterEncryptionInTransit"] = change
    else:
        request["kafkaCluster"]["apacheKafkaCluster"] |= change
    arn = msk.connect.create_connector(**request)["connectorArn"]
    assert reason in msk.await_state(arn, "FAILED")["stateDescription"]["message"]


@pytest.mark.full
def test_an_update_that_fails_is_rolled_back(msk: Msk, topic: str) -> None:
    arn = msk.create_connector(topic)
    before = msk.await_state(arn, "RUNNING")
    update = msk.connect.update_connector(
        connectorArn=arn,
        currentVersion=before["currentVersion"],
        connectorConfiguration=msk.configuration(topic, flush_size="none"),
    )
    operation = msk.operation(update["connectorOperationArn"])
    assert operation["connectorOperationState"] == "ROLLBACK_COMPLETE"
    assert operation["errorInfo"]["code"] == INVALID
    assert "flush.size is 'none'" in operation["errorInfo"]["message"]
    after = msk.describe(arn)
    assert {**after, "ResponseMetadata": None} == {**before, "ResponseMetadata": None}
    msk.send(topic, rows(2))
    eventually(lambda: len(msk.landed(topic)) == 2, "it lands rows as before")


@pytest.mark.full
def test_an_update_without_health_checks_stays_even_if_it_fails(msk: Msk, topic: str) -> None:
    arn = msk.create_connector(topic)
    before = msk.await_state(arn, "RUNNING")
    target = msk.configuration(topic, flush_size="none")
    msk.connect.update_connector(
        connectorArn=arn,
        currentVersion=before["currentVersion"],
        connectorConfiguration=target,
        skipHealthValidation=True,
    )
    assert msk.await_state(arn, "FAILED")["connectorConfiguration"] == target


def test_a_worker_configuration_gives_the_converters(msk: Msk, topic: str) -> None:
    worker = msk.create_worker_configuration()
    bare = msk.configuration(topic, value_converter=None, value_converter_schemas_enable=None)
    used = {"workerConfigurationArn": worker, "revision": 1}
    arn = msk.create_connector(topic, connectorConfiguration=bare, workerConfiguration=used)
    running = msk.await_state(arn, "RUNNING")
    assert running["workerConfiguration"] == used
    code, status, message = refused(msk.connect.delete_worker_configuration, workerConfigurationArn=worker)
    assert (code, status, message) == (
        "BadRequestException", 400, f"The worker configuration is in use by connector {arn}.",
    )  # fmt: skip
    update = msk.connect.update_connector(
        connectorArn=arn, currentVersion=running["currentVersion"], useDefaultWorkerConfiguration=True
    )
    operation = msk.operation(update["connectorOperationArn"])
    assert operation["connectorOperationState"] == "ROLLBACK_COMPLETE"
    assert operation["originWorkerSetting"]["workerConfiguration"] == used
    assert operation["targetWorkerSetting"]["useDefaultWorkerConfiguration"] is True
    msk.connect.delete_connector(connectorArn=arn)
    msk.await_gone(arn)
    answer = msk.connect.delete_worker_configuration(workerConfigurationArn=worker)
    assert answer["workerConfigurationState"] == "DELETING"


def test_a_connector_with_its_own_converter_takes_no_setting_of_the_workers(msk: Msk, topic: str) -> None:
    used = {"workerConfigurationArn": msk.create_worker_configuration(), "revision": 1}
    own = msk.configuration(topic, value_converter_schemas_enable=None)
    arn = msk.create_connector(topic, connectorConfiguration=own, workerConfiguration=used)
    message = msk.await_state(arn, "FAILED")["stateDescription"]["message"]
    assert "value.converter.schemas.enable is missing" in message


def test_log_groups_follow_the_connectors(msk: Msk, topic: str) -> None:
    def groups() -> dict[str, str]:
        return dict(json.loads((msk.state / "log_groups.json").read_text()))

    wanted = {"workerLogDelivery": {"cloudWatchLogs": {"enabled": True, "logGroup": "/msk-connect/sinks"}}}
    request = msk.request(topic, logDelivery=wanted)
    arn = msk.connect.create_connector(**request)["connectorArn"]
    eventually(lambda: groups() == {request["connectorName"]: "/msk-connect/sinks"}, "the connector's log group")
    assert msk.describe(arn)["logDelivery"] == wanted
    msk.connect.delete_connector(connectorArn=arn)
    eventually(lambda: groups() == {}, "no log group")


# --- what is refused ---


def request_with(request: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """A request with some values replaced; a dot in a key leads into a map."""
    for path, value in change.items():
        *way, last = path.split(".")
        place = request
        for step in way:
            place = place[step]
        place[last] = value
    return request


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"connectorName": "a sink"}, "one or more characters that are not valid"),
        ({"connectorName": ".sink"}, "one or more characters that are not valid"),
        ({"connectorName": "x" * 129}, "at 'connectorName' failed to satisfy constraint: Member must have length"),
        ({"capacity": {}}, "Exactly one of autoScaling and provisionedCapacity"),
        ({"capacity.provisionedCapacity.mcuCount": 3}, "The valid values of mcuCount are 1, 2, 4, 8."),
        ({"capacity.provisionedCapacity.workerCount": 11}, "workerCount must be between 1 and 10."),
        ({"capacity": {"autoScaling": {"mcuCount": 1, "minWorkerCount": 3, "maxWorkerCount": 2}}}, "more than max"),
        ({"connectorConfiguration": {}}, "must not be empty"),
        ({"kafkaConnectVersion": "1.0"}, "Unsupported KafkaConnectVersion [1.0]. Valid values: [2.7.1, 3.7.x]"),
        ({"kafkaCluster.apacheKafkaCluster.bootstrapServers": "localhost"}, "The bootstrap servers aren't valid."),
        ({"kafkaCluster.apacheKafkaCluster.vpc.subnets": []}, "At least one subnet is required."),
        ({"kafkaClusterClientAuthentication.authenticationType": "SCRAM"}, "enum value set: [NONE, IAM]"),
        ({"serviceExecutionRoleArn": "msk-connect"}, "The service execution role ARN isn't valid."),
        ({"plugins": []}, "single-element list"),
        (
            {"logDelivery": {"workerLogDelivery": {"cloudWatchLogs": {"enabled": True}}}},
            "A log group is required to deliver logs to it.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_request_that_makes_no_sense_is_refused(msk: Msk, change: dict[str, Any], message: str) -> None:
    code, status, said = refused(msk.connect.create_connector, **request_with(msk.request("any"), change))
    assert (code, status) == ("BadRequestException", 400)
    assert message in said


def test_a_plugin_or_worker_configuration_that_is_not_there_is_not_found(msk: Msk) -> None:
    nowhere = {"customPluginArn": msk.plugin[:-4] + "0000", "revision": 1}
    second = {"customPluginArn": msk.plugin, "revision": 2}
    for used in (nowhere, second):
        request = msk.request("any", plugins=[{"customPlugin": used}])
        assert refused(msk.connect.create_connector, **request)[:2] == ("NotFoundException", 404)


def test_logs_to_a_place_that_the_sandbox_lacks_are_not_implemented(msk: Msk) -> None:
    delivery = {"workerLogDelivery": {"s3": {"enabled": True, "bucket": "logs"}}}
    code, status, message = refused(msk.connect.create_connector, **msk.request("any", logDelivery=delivery))
    assert (code, status) == ("NotImplementedException", 501)
    assert message == "The sandbox does not deliver worker logs to s3"


def test_a_name_is_taken_once(msk: Msk, topic: str) -> None:
    request = msk.request(topic)
    arn = msk.connect.create_connector(**request)["connectorArn"]
    assert refused(msk.connect.create_connector, **request) == (
        "ConflictException", 409, "A resource with this name already exists.",
    )  # fmt: skip
    msk.connect.delete_connector(connectorArn=arn)
    msk.await_gone(arn)
    again = msk.connect.create_connector(**request)["connectorArn"]
    assert again != arn


def test_what_an_update_may_not_say_is_refused(msk: Msk, topic: str) -> None:
    arn = msk.create_connector(topic)
    early = {"connectorArn": arn, "currentVersion": msk.describe(arn)["currentVersion"], "capacity": ONE_WORKER}
    version = msk.await_state(arn, "RUNNING")["currentVersion"]
    configuration = msk.configuration(topic)
    update = msk.connect.update_connector
    assert early["currentVersion"] == version
    both = refused(update, **early, connectorConfiguration=configuration)
    neither = refused(update, connectorArn=arn, currentVersion=version)
    stale = refused(update, connectorArn=arn, currentVersion="C0", capacity=ONE_WORKER)
    unknown = refused(update, connectorArn=NO_SUCH, currentVersion=version, capacity=ONE_WORKER)
    assert {answer[:2] for answer in (both, neither, stale)} == {("BadRequestException", 400)}
    assert stale[2] == "The currentVersion that you specified isn't the connector's current version."
    assert unknown[:2] == ("NotFoundException", 404)
    assert refused(msk.connect.delete_connector, connectorArn=arn, currentVersion="C0")[0] == "BadRequestException"


def test_a_connector_that_failed_is_not_updated(msk: Msk, topic: str) -> None:
    arn = msk.create_connector(topic, connectorConfiguration=msk.configuration(topic, flush_size="none"))
    version = msk.await_state(arn, "FAILED")["currentVersion"]
    answer = refused(msk.connect.update_connector, connectorArn=arn, currentVersion=version, capacity=ONE_WORKER)
    assert answer[2] == "The connector must be in the RUNNING state to be updated."


@pytest.mark.parametrize("operation", ["describe_connector", "delete_connector", "list_connector_operations"])
def test_a_connector_that_is_not_there_is_not_found(msk: Msk, operation: str) -> None:
    call = getattr(msk.connect, operation)
    assert refused(call, connectorArn=NO_SUCH) == ("NotFoundException", 404, "The requested resource doesn't exist.")
    assert refused(call, connectorArn="sink")[:2] == ("BadRequestException", 400)


def test_connectors_come_in_pages_by_the_beginning_of_their_name(msk: Msk, topic: str) -> None:
    names = sorted(f"{msk.prefix}-page-{number}" for number in range(3))
    for name in names:
        msk.create_connector(topic, connectorName=name)
    pages = msk.connect.get_paginator("list_connectors").paginate(
        connectorNamePrefix=f"{msk.prefix}-page-", PaginationConfig={"PageSize": 2}
    )
    shown = [[connector["connectorName"] for connector in page["connectors"]] for page in pages]
    assert shown == [names[:2], names[2:]]
    assert refused(msk.connect.list_connectors, nextToken="none")[:2] == ("BadRequestException", 400)
    assert refused(msk.connect.list_connectors, maxResults=101)[:2] == ("BadRequestException", 400)
