"""What the aws services answered is there after a kill -9, the same to the last identifier and date."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aws_services_process import AwsServicesProcess, eventually
from botocore.exceptions import ClientError

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*"}]})
NOW = datetime.now(UTC)
MADE_ROUNDS = 5


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[AwsServicesProcess]:
    running = AwsServicesProcess(tmp_path).start()
    yield running
    assert running.process is not None
    running.process.kill()
    running.process.wait()


def make_everything(aws: AwsServicesProcess) -> dict[str, Any]:
    """Something of each service; what later calls need of it."""
    iam, kms, ec2 = (aws.client(name) for name in ("iam", "kms", "ec2"))
    role = iam.create_role(RoleName="connect", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    session = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="lesson")["Credentials"]
    user_key = iam.create_access_key(UserName="student")["AccessKey"]
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    signing = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]
    curve = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]["KeyId"]
    group = ec2.create_security_group(GroupName="g", Description="d")["GroupId"]
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ssh])
    ec2.create_key_pair(KeyName="rsa")
    ec2.create_key_pair(KeyName="ed", KeyType="ed25519")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2, KeyName="rsa", InstanceType="t2.micro")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")
    aws.client("secretsmanager").create_secret(Name="s", SecretString="hidden")
    aws.client("ssm").put_parameter(Name="p", Value="v", Type="String")
    aws.client("logs").create_log_group(logGroupName="own")
    aws.client("cloudwatch").put_metric_data(Namespace="Own", MetricData=[{"MetricName": "m", "Value": 1.0}])
    aws.client("ec2", region_name="eu-west-1").describe_vpcs()
    return {"session": session, "user_key": user_key, "key": key, "signing": signing, "curve": curve}


def everything(aws: AwsServicesProcess, made: dict[str, Any]) -> dict[str, Any]:
    """What the services tell of it, without what names the answer itself."""
    ec2, kms, iam = aws.client("ec2"), aws.client("kms"), aws.client("iam")
    window = {"StartTime": NOW - timedelta(days=1), "EndTime": NOW + timedelta(days=1), "Period": 60}
    told = {
        "users": iam.list_users()["Users"],
        "keys of the user": iam.list_access_keys(UserName="student")["AccessKeyMetadata"],
        "roles": iam.list_roles()["Roles"],
        "key": kms.describe_key(KeyId=made["key"])["KeyMetadata"],
        "public keys": [kms.get_public_key(KeyId=made[name])["PublicKey"] for name in ("signing", "curve")],
        "instances": ec2.describe_instances()["Reservations"],
        "groups": ec2.describe_security_groups()["SecurityGroups"],
        "key pairs": ec2.describe_key_pairs()["KeyPairs"],
        "vpcs": ec2.describe_vpcs()["Vpcs"],
        "subnets": ec2.describe_subnets()["Subnets"],
        "vpcs of another region": aws.client("ec2", region_name="eu-west-1").describe_vpcs()["Vpcs"],
        "secret": aws.client("secretsmanager").describe_secret(SecretId="s"),
        "value": aws.client("secretsmanager").get_secret_value(SecretId="s"),
        "parameter": aws.client("ssm").get_parameter(Name="p")["Parameter"],
        "log groups": aws.client("logs").describe_log_groups()["logGroups"],
        "metrics": aws.client("cloudwatch").get_metric_statistics(
            Namespace="Own", MetricName="m", Statistics=["Sum"], **window
        )["Datapoints"],
    }
    for name in ("secret", "value"):
        told[name].pop("ResponseMetadata")
    return told


def test_everything_is_the_same_after_a_kill(aws: AwsServicesProcess) -> None:
    made = make_everything(aws)
    sealed = aws.client("kms").encrypt(KeyId=made["key"], Plaintext=b"row")["CiphertextBlob"]
    before = everything(aws, made)
    aws.kill_and_start()
    after = everything(aws, made)
    assert {name: value for name, value in before.items() if value != after[name]} == {}
    assert aws.client("kms").decrypt(CiphertextBlob=sealed)["Plaintext"] == b"row"
    for name, token in (("session", {"aws_session_token": made["session"]["SessionToken"]}), ("user_key", {})):
        keys = made[name]
        client = aws.client("sts", keys["AccessKeyId"], keys["SecretAccessKey"], **token)
        assert client.get_caller_identity()["Account"] == "123456789012"


def test_every_answered_call_survives_a_kill_in_the_middle(aws: AwsServicesProcess) -> None:
    answered: list[str] = []

    def create_until_it_dies() -> None:
        client = aws.client("kms")
        try:
            while True:
                answered.append(client.create_key()["KeyMetadata"]["KeyId"])
        except Exception:
            return

    writer = threading.Thread(target=create_until_it_dies)
    writer.start()
    eventually(lambda: len(answered) >= 10, "ten keys were made")
    aws.stop(signal.SIGKILL)
    writer.join()
    aws.start()
    pages = aws.client("kms").get_paginator("list_keys").paginate()
    assert set(answered) <= {key["KeyId"] for page in pages for key in page["Keys"]}


def test_a_line_that_a_kill_cut_short_is_dropped(aws: AwsServicesProcess) -> None:
    aws.client("iam").create_user(UserName="whole")
    aws.stop(signal.SIGKILL)
    whole = aws.recording.read_bytes()
    aws.recording.write_bytes(whole + b'{"time":1,"serv')
    aws.start()
    assert aws.client("iam").get_user(UserName="whole")["User"]["UserName"] == "whole"
    assert aws.recording.read_bytes() == whole


@pytest.mark.parametrize("damage", ['"status":200', '"verb":"POST"'])
def test_a_recording_that_cannot_be_replayed_is_named_with_what_mends_it(aws: AwsServicesProcess, damage: str) -> None:
    aws.client("iam").create_user(UserName="someone")
    aws.stop(signal.SIGKILL)
    text = aws.recording.read_text()
    assert damage in text
    aws.recording.write_text(text.replace(damage, damage.replace("200", "404").replace("verb", "verv")))
    ended = subprocess.run(aws.command(), capture_output=True, text=True, check=False, timeout=30)
    assert ended.returncode != 0
    assert f"{aws.recording}: " in ended.stderr
    assert "`sed -i 2d`" in ended.stderr
    assert "Traceback" not in ended.stderr
    aws.recording.write_text(text)
    aws.start()


def test_a_refused_call_leaves_nothing_behind(aws: AwsServicesProcess) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="one")
    recorded = aws.recording.read_bytes()
    with pytest.raises(ClientError):
        iam.create_user(UserName="one")
    assert aws.recording.read_bytes() == recorded


@pytest.mark.sandbox
def test_a_trail_needs_a_bucket_of_the_sandbox(sandbox: Any, tmp_path: Path) -> None:
    aws = AwsServicesProcess(tmp_path, environment=sandbox.aws_environment).start()
    try:
        trails = aws.client("cloudtrail")
        with pytest.raises(trails.exceptions.S3BucketDoesNotExistException):
            trails.create_trail(Name="audit", S3BucketName="no-such-bucket-anywhere")
        arn = trails.create_trail(Name="audit", S3BucketName=sandbox.bucket)["TrailARN"]
        aws.kill_and_start()
        assert trails.describe_trails()["trailList"][0]["TrailARN"] == arn
    finally:
        aws.stop()


@pytest.mark.full
def test_many_kills_lose_nothing(aws: AwsServicesProcess) -> None:
    names = set()
    for round_ in range(12):
        for number in range(25):
            aws.client("iam").create_user(UserName=f"u-{round_}-{number}")
            names.add(f"u-{round_}-{number}")
        aws.kill_and_start()
    pages = aws.client("iam").get_paginator("list_users").paginate()
    assert names <= {user["UserName"] for page in pages for user in page["Users"]}


def make_a_round(aws: AwsServicesProcess, number: int) -> None:
    """The usual kinds of calls; what is made in one round under a name is deleted in it."""
    iam, ssm, secrets = (aws.client(name) for name in ("iam", "ssm", "secretsmanager"))
    iam.create_role(RoleName="round", AssumeRolePolicyDocument=TRUST)
    iam.delete_role(RoleName="round")
    ssm.put_parameter(Name="round", Value=str(number), Type="String", Overwrite=True)
    secrets.create_secret(Name="round", SecretString="x")
    secrets.delete_secret(SecretId="round", ForceDeleteWithoutRecovery=True)
    aws.client("kms").create_key()
    aws.client("cloudwatch").put_metric_data(Namespace="Own", MetricData=[{"MetricName": "round", "Value": 1.0}])
    event = {"timestamp": int(time.time() * 1000), "message": str(number)}
    aws.client("logs").put_log_events(logGroupName="rounds", logStreamName="s", logEvents=[event])


def rounds_told_of(aws: AwsServicesProcess) -> list[int]:
    """How many rounds the metric, the log and the parameter's versions tell of."""
    window = {"StartTime": NOW - timedelta(days=1), "EndTime": NOW + timedelta(days=1), "Period": 172800}
    data = aws.client("cloudwatch").get_metric_statistics(
        Namespace="Own", MetricName="round", Statistics=["Sum"], **window
    )
    stream = aws.client("logs").get_paginator("filter_log_events").paginate(logGroupName="rounds")
    version = aws.client("ssm").get_parameter(Name="round")["Parameter"]["Version"]
    return [
        int(sum(point["Sum"] for point in data["Datapoints"])),
        sum(len(page["events"]) for page in stream),
        version,
    ]


def record_rounds(aws: AwsServicesProcess, rounds: int) -> int:
    """Make a few rounds, then repeat their recorded lines until there are so many rounds; give the number of calls."""
    aws.client("logs").create_log_group(logGroupName="rounds")
    aws.client("logs").create_log_stream(logGroupName="rounds", logStreamName="s")
    before = aws.recording.read_bytes()
    for number in range(MADE_ROUNDS):
        make_a_round(aws, number)
    aws.stop(signal.SIGKILL)
    made = aws.recording.read_bytes()[len(before) :]
    aws.recording.write_bytes(before + made * (rounds // MADE_ROUNDS))
    return aws.recording.read_bytes().count(b"\n") - 1


@pytest.mark.parametrize(
    ("rounds", "calls", "seconds"),
    [(50, 400, 10), pytest.param(2500, 20_000, 60, marks=pytest.mark.full)],
)
def test_a_long_recording_is_replayed_well_within_the_time_of_a_start(
    aws: AwsServicesProcess, rounds: int, calls: int, seconds: float
) -> None:
    assert record_rounds(aws, rounds) >= calls
    aws.start(seconds)
    assert rounds_told_of(aws) == [rounds] * 3
