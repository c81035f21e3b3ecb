"""The whole way of rows with boto3 and requests alone, as on an account of one's own; nothing of the sandbox is used.

The AWS profile leads to the services. The environment tells what on Amazon is known from the course's first steps:
NAME (a prefix of everything made here), TOPIC (it is there), BUCKET, API_DEFINITION (aws/api.yaml), REST_PROXY (its
host and port), VPC_LINK (the one that leads there), INVOKE_URL (with `{api}` and `{stage}` in it).

It ends with one line of JSON: how many rows were posted and found, and what the logs told of them.
"""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import requests

NAME, TOPIC, BUCKET = (os.environ[name] for name in ("NAME", "TOPIC", "BUCKET"))
STAGE = "lesson"
ROWS = [{"ind": ind, "title": f"row {ind}"} for ind in range(20)]
SECONDS = 120
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "kafkaconnect.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
JSON_RECORDS = {"Content-Type": "application/vnd.kafka.json.v2+json"}


def eventually(attempt: Callable[[], Any], what: str) -> Any:
    """Repeat an attempt until it gives something."""
    deadline = time.monotonic() + SECONDS
    while not (value := attempt()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {SECONDS} s: {what}")
        time.sleep(0.25)
    return value


def deploy_api(undo: ExitStack) -> str:
    """Deploy the course's API with a key and a usage plan; give the key's value and leave the URL to `invoke`."""
    gateway = boto3.client("apigateway")
    api = gateway.import_rest_api(body=Path(os.environ["API_DEFINITION"]).read_bytes())["id"]
    undo.callback(gateway.delete_rest_api, restApiId=api)
    proxy = {"restProxy": os.environ["REST_PROXY"], "vpcLinkId": os.environ["VPC_LINK"]}
    gateway.create_deployment(restApiId=api, stageName=STAGE, variables=proxy)
    key = gateway.create_api_key(name=NAME, enabled=True)
    undo.callback(gateway.delete_api_key, apiKey=key["id"])
    plan = gateway.create_usage_plan(
        name=NAME,
        apiStages=[{"apiId": api, "stage": STAGE}],
        throttle={"rateLimit": 100, "burstLimit": 100},
        quota={"limit": 1000, "period": "DAY"},
    )["id"]
    undo.callback(gateway.delete_usage_plan, usagePlanId=plan)
    undo.callback(gateway.update_usage_plan, usagePlanId=plan, patchOperations=[_without_stage(api)])
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    os.environ["API"] = api
    return str(key["value"])


def _without_stage(api: str) -> dict[str, str]:
    return {"op": "remove", "path": "/apiStages", "value": f"{api}:{STAGE}"}


def create_stream(undo: ExitStack) -> None:
    """A stream of one shard, active."""
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName=NAME, ShardCount=1)
    undo.callback(kinesis.delete_stream, StreamName=NAME)
    kinesis.get_waiter("stream_exists").wait(StreamName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": SECONDS})


def create_role(undo: ExitStack) -> str:
    """The role of the connector; its ARN."""
    iam = boto3.client("iam")
    role = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    undo.callback(iam.delete_role, RoleName=NAME)
    return str(role)


def network() -> dict[str, list[str]]:
    """A subnet and the security group of the default VPC."""
    ec2 = boto3.client("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    subnets = ec2.describe_subnets(Filters=of_vpc)["Subnets"]
    groups = ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"]
    return {"subnets": [subnets[0]["SubnetId"]], "securityGroups": [groups[0]["GroupId"]]}


def create_plugin(undo: ExitStack) -> str:
    """The custom plugin of the S3 sink, active; its ARN."""
    s3, connect, key = boto3.client("s3"), boto3.client("kafkaconnect"), f"{NAME}/plugin.zip"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("README.txt", "the S3 sink connector")
    s3.put_object(Bucket=BUCKET, Key=key, Body=file.getvalue())
    undo.callback(s3.delete_object, Bucket=BUCKET, Key=key)
    place = {"s3Location": {"bucketArn": f"arn:aws:s3:::{BUCKET}", "fileKey": key}}
    arn = connect.create_custom_plugin(name=NAME, contentType="ZIP", location=place)["customPluginArn"]
    undo.callback(connect.delete_custom_plugin, customPluginArn=arn)
    eventually(
        lambda: connect.describe_custom_plugin(customPluginArn=arn)["customPluginState"] == "ACTIVE", "an active plugin"
    )
    return str(arn)


def create_connector(undo: ExitStack, plugin: str, role: str) -> None:
    """The S3 sink of the topic, running, with its log in a group of its own."""
    logs, connect = boto3.client("logs"), boto3.client("kafkaconnect")
    logs.create_log_group(logGroupName=NAME)
    undo.callback(logs.delete_log_group, logGroupName=NAME)
    cluster = {"bootstrapServers": bootstrap_servers(), "vpc": network()}
    arn = connect.create_connector(
        connectorName=NAME,
        capacity={"provisionedCapacity": {"mcuCount": 1, "workerCount": 1}},
        connectorConfiguration=sink_configuration(),
        kafkaCluster={"apacheKafkaCluster": cluster},
        kafkaClusterClientAuthentication={"authenticationType": "NONE"},
        kafkaClusterEncryptionInTransit={"encryptionType": "TLS"},
        kafkaConnectVersion="3.7.x",
        logDelivery={"workerLogDelivery": {"cloudWatchLogs": {"enabled": True, "logGroup": NAME}}},
        plugins=[{"customPlugin": {"customPluginArn": plugin, "revision": 1}}],
        serviceExecutionRoleArn=role,
    )["connectorArn"]
    undo.callback(end_connector, connect, arn)
    eventually(lambda: connector_state(connect, arn) == "RUNNING", "a running connector")


def bootstrap_servers() -> str:
    """The brokers of the account's cluster, as a SASL/SCRAM client finds them."""
    kafka = boto3.client("kafka")
    cluster = kafka.list_clusters_v2()["ClusterInfoList"][0]["ClusterArn"]
    return str(kafka.get_bootstrap_brokers(ClusterArn=cluster)["BootstrapBrokerStringSaslScram"])


def sink_configuration() -> dict[str, str]:
    """What the S3 sink connector is told."""
    return {
        "connector.class": "io.confluent.connect.s3.S3SinkConnector",
        "tasks.max": "1",
        "topics": TOPIC,
        "flush.size": "5",
        "rotate.interval.ms": "1000",
        "s3.bucket.name": BUCKET,
        "s3.region": "us-east-1",
        "topics.dir": NAME,
        "storage.class": "io.confluent.connect.s3.storage.S3Storage",
        "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
        "partitioner.class": "io.confluent.connect.storage.partitioner.DefaultPartitioner",
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "value.converter.schemas.enable": "false",
    }


def connector_state(connect: Any, arn: str) -> str:
    """The connector's state. Raises where it has failed."""
    told = connect.describe_connector(connectorArn=arn)
    if told["connectorState"] == "FAILED":
        raise RuntimeError(told["stateDescription"])
    return str(told["connectorState"])


def end_connector(connect: Any, arn: str) -> None:
    """Delete the connector and wait until it is gone, for its plugin cannot go before."""
    connect.delete_connector(connectorArn=arn)
    eventually(
        lambda: (
            not any(
                found["connectorArn"] == arn
                for found in connect.list_connectors(connectorNamePrefix=NAME)["connectors"]
            )
        ),
        "the connector is gone",
    )


def invoke(verb: str, path: str, key: str, **request: Any) -> dict[str, Any]:
    """Call the API; a key that was made just now may take Amazon a while to know."""
    url = os.environ["INVOKE_URL"].format(api=os.environ["API"], stage=STAGE) + path
    headers = {"x-api-key": key, **request.pop("headers", {})}

    def answered() -> requests.Response | None:
        answer = requests.request(verb, url, headers=headers, timeout=30, **request)
        return None if answer.status_code == 403 else answer

    answer = eventually(answered, f"the API lets the key in at {path}")
    answer.raise_for_status()
    return dict(answer.json())


def post_rows(key: str) -> None:
    """Each row to the topic, through the Kafka REST proxy, and to the stream."""
    records = [{"key": str(row["ind"]), "value": row} for row in ROWS]
    told = invoke("POST", f"/topics/{TOPIC}", key, json={"records": records}, headers=JSON_RECORDS)
    assert [offset["error_code"] for offset in told["offsets"]] == [None] * len(ROWS), told
    for row in ROWS[:5]:
        body = {"Data": row, "PartitionKey": str(row["ind"])}
        assert invoke("PUT", f"/streams/{NAME}/record", key, json=body)["SequenceNumber"]
    rest = [{"data": row, "partition-key": str(row["ind"])} for row in ROWS[5:]]
    assert invoke("PUT", f"/streams/{NAME}/records", key, json={"records": rest})["FailedRecordCount"] == 0


def landed() -> Iterator[dict[str, Any]]:
    """The topic's rows in S3."""
    s3 = boto3.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{NAME}/{TOPIC}/"):
        for found in page.get("Contents", []):
            body = s3.get_object(Bucket=BUCKET, Key=found["Key"])["Body"].read()
            yield from (json.loads(line) for line in body.splitlines())


def streamed() -> Iterator[dict[str, Any]]:
    """The stream's rows, read from the beginning to where it ends now."""
    kinesis = boto3.client("kinesis")
    for shard in kinesis.list_shards(StreamName=NAME)["Shards"]:
        asked = {"StreamName": NAME, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = kinesis.get_shard_iterator(**asked)["ShardIterator"]
        while True:
            answer = kinesis.get_records(ShardIterator=iterator)
            yield from (json.loads(record["Data"]) for record in answer["Records"])
            if not answer["Records"] and not answer["MillisBehindLatest"]:
                break
            iterator = answer["NextShardIterator"]


def remove_landed() -> None:
    """Remove the topic's objects."""
    s3 = boto3.client("s3")
    for found in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{NAME}/").get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=found["Key"])


def logged(group: str) -> list[str]:
    """The messages of a log group; none as long as it is not there."""
    logs = boto3.client("logs")
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return []
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    return [event["message"] for page in pages for event in page["events"]]


def in_order(rows: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows by their key."""
    return sorted(rows, key=lambda row: int(row["ind"]))


def main() -> None:
    """Make everything, send the rows, find them, and remove everything."""
    with ExitStack() as undo:
        key = deploy_api(undo)
        create_stream(undo)
        undo.callback(remove_landed)
        create_connector(undo, create_plugin(undo), create_role(undo))
        post_rows(key)
        eventually(lambda: in_order(landed()) == ROWS, "every row in S3, once")
        eventually(lambda: in_order(streamed()) == ROWS, "every row in the stream, once")
        requests_logged = f"API-Gateway-Execution-Logs_{os.environ['API']}/{STAGE}"
        eventually(lambda: len(logged(requests_logged)) >= 7, "the API's requests in its log group")
        eventually(lambda: logged(NAME), "the connector's lines in its log group")
    print(json.dumps({"posted": len(ROWS), "landed": len(ROWS), "streamed": len(ROWS)}))


if __name__ == "__main__":
    main()
