"""Each offered service by one realistic round, through boto3 and the AWS CLI, and what is refused."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import pytest
import requests
from aws_services_process import ACCESS_KEY, SECRET_KEY, USER, AwsServicesProcess
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsServicesProcess]:
    running = AwsServicesProcess(tmp_path_factory.mktemp("aws")).start()
    yield running
    assert running.stop() == 0


def refusal(call: Any) -> tuple[str, int, str]:
    """Code, HTTP status and message of a call that must be refused."""
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    return (
        response["Error"]["Code"],
        response["ResponseMetadata"]["HTTPStatusCode"],
        response["Error"].get("Message", ""),
    )


def test_the_caller_is_the_student(aws: AwsServicesProcess) -> None:
    identity = aws.client("sts").get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/{USER}")
    assert aws.client("iam").get_user()["User"]["UserName"] == USER


def test_a_role_with_a_policy_is_assumed_and_its_keys_sign(aws: AwsServicesProcess) -> None:
    iam = aws.client("iam")
    role = iam.create_role(RoleName="connect", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    policy = iam.create_policy(PolicyName="bucket", PolicyDocument=json.dumps(POLICY))["Policy"]
    iam.attach_role_policy(RoleName="connect", PolicyArn=policy["Arn"])
    assert iam.list_attached_role_policies(RoleName="connect")["AttachedPolicies"][0]["PolicyName"] == "bucket"

    keys = aws.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="lesson")["Credentials"]
    session = aws.client("sts", keys["AccessKeyId"], keys["SecretAccessKey"], aws_session_token=keys["SessionToken"])
    assert session.get_caller_identity()["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/connect/lesson"
    without_token = aws.client("sts", keys["AccessKeyId"], keys["SecretAccessKey"])
    assert refusal(without_token.get_caller_identity)[:2] == ("InvalidClientTokenId", 403)


def test_a_role_that_is_not_there_is_not_assumed(aws: AwsServicesProcess) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/nobody"
    code, status, message = refusal(lambda: aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="lesson"))
    assert (code, status) == ("AccessDenied", 403)
    assert message == (
        f"User: arn:aws:iam::{ACCOUNT}:user/{USER} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    )


def test_a_key_of_another_user_signs_until_it_is_inactive(aws: AwsServicesProcess) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="colleague")
    key = iam.create_access_key(UserName="colleague")["AccessKey"]
    colleague = aws.client("sts", key["AccessKeyId"], key["SecretAccessKey"])
    assert colleague.get_caller_identity()["Arn"].endswith(":user/colleague")
    iam.update_access_key(UserName="colleague", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert refusal(colleague.get_caller_identity)[0] == "InvalidClientTokenId"


def test_kms_encrypts_and_decrypts(aws: AwsServicesProcess) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"row")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"row"
    assert kms.encrypt(KeyId=key, Plaintext=b"row")["CiphertextBlob"] != sealed


def test_a_secret_is_kept_in_versions_and_not_rotated(aws: AwsServicesProcess) -> None:
    secrets = aws.client("secretsmanager")
    secrets.create_secret(Name="rds", SecretString="first")
    secrets.put_secret_value(SecretId="rds", SecretString="second")
    assert secrets.get_secret_value(SecretId="rds")["SecretString"] == "second"
    assert secrets.get_secret_value(SecretId="rds", VersionStage="AWSPREVIOUS")["SecretString"] == "first"
    assert refusal(lambda: secrets.rotate_secret(SecretId="rds"))[:2] == ("NotImplementedException", 501)
    assert refusal(lambda: secrets.get_secret_value(SecretId="none"))[0] == "ResourceNotFoundException"


def test_the_client_machine_of_the_course_is_made_and_found(aws: AwsServicesProcess) -> None:
    ec2 = aws.client("ec2")
    key = ec2.create_key_pair(KeyName="course")
    assert key["KeyMaterial"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    group = ec2.create_security_group(GroupName="kafka", Description="client", VpcId=vpc)["GroupId"]
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ssh])
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = ec2.run_instances(
        ImageId=image, InstanceType="t2.micro", MinCount=1, MaxCount=1, KeyName="course", SecurityGroupIds=[group]
    )["Instances"][0]
    ec2.create_tags(Resources=[made["InstanceId"]], Tags=[{"Key": "Name", "Value": USER}])

    by_name = [{"Name": "tag:Name", "Values": [USER]}]
    found = ec2.describe_instances(Filters=by_name)["Reservations"][0]["Instances"][0]
    assert (found["InstanceId"], found["KeyName"]) == (made["InstanceId"], "course")
    assert found["State"]["Name"] == "running"
    rules = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    assert [(rule["FromPort"], rule["IpRanges"][0]["CidrIp"]) for rule in rules] == [(22, "10.0.0.0/8")]


def test_a_parameter_is_put_and_read(aws: AwsServicesProcess) -> None:
    ssm = aws.client("ssm")
    ssm.put_parameter(Name="/course/bucket", Value="b", Type="String")
    assert ssm.get_parameter(Name="/course/bucket")["Parameter"]["Value"] == "b"
    assert refusal(lambda: ssm.get_parameter(Name="/none"))[0] == "ParameterNotFound"
    assert refusal(lambda: ssm.send_command(DocumentName="AWS-RunShellScript", InstanceIds=["i-1"]))[1] == 501


def test_a_student_writes_log_events(aws: AwsServicesProcess) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="own")
    logs.create_log_stream(logGroupName="own", logStreamName="s")
    now = int(time.time() * 1000)
    logs.put_log_events(logGroupName="own", logStreamName="s", logEvents=[{"timestamp": now, "message": "hello"}])
    events = logs.filter_log_events(logGroupName="own", filterPattern="hello")["events"]
    assert [(event["timestamp"], event["message"]) for event in events] == [(now, "hello")]


def test_metrics_of_ones_own_namespace_add_up(aws: AwsServicesProcess) -> None:
    metrics = aws.client("cloudwatch")
    now = datetime.now(UTC)
    for value in (1.0, 2.0):
        metrics.put_metric_data(
            Namespace="Course", MetricData=[{"MetricName": "rows", "Value": value, "Timestamp": now}]
        )
    points = metrics.get_metric_statistics(
        Namespace="Course",
        MetricName="rows",
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=600,
        Statistics=["Sum"],
    )["Datapoints"]
    assert sum(point["Sum"] for point in points) == 3.0


def test_what_amazon_would_have_measured_is_not_offered(aws: AwsServicesProcess) -> None:
    metrics, now = aws.client("cloudwatch"), datetime.now(UTC)
    window = {"StartTime": now - timedelta(hours=1), "EndTime": now}
    calls = [
        lambda: metrics.get_metric_statistics(
            Namespace="AWS/ApiGateway", MetricName="Count", Period=60, Statistics=["Sum"], **window
        ),
        lambda: metrics.get_metric_data(
            MetricDataQueries=[
                {
                    "Id": "a",
                    "MetricStat": {
                        "Metric": {"Namespace": "AWS/Kinesis", "MetricName": "PutRecord.Success"},
                        "Period": 60,
                        "Stat": "Sum",
                    },
                }
            ],
            **window,
        ),
        lambda: metrics.list_metrics(Namespace="AWS/Kafka"),
        lambda: metrics.put_metric_alarm(
            AlarmName="a", EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold", MetricName="m"
        ),
        lambda: aws.client("cloudtrail").lookup_events(),
        lambda: aws.client("cloudtrail").start_logging(Name="trail"),
        lambda: aws.client("sts").get_session_token(),
    ]
    for call in calls:
        code, status, message = refusal(call)
        assert (code.removesuffix("Exception"), status) == ("NotImplemented", 501)
        assert message.startswith("The sandbox's ")


@pytest.mark.parametrize(
    ("service", "operation", "named"),
    [
        ("sqs", "list_queues", "SQS (ListQueues)"),
        ("sns", "list_topics", "SNS (ListTopics)"),
        ("lambda", "list_functions", "Lambda (ListFunctions)"),
        ("s3", "list_buckets", "S3 (ListBuckets)"),
        ("kinesis", "list_streams", "Kinesis (ListStreams)"),
        ("apigateway", "get_rest_apis", "API Gateway (GetRestApis)"),
        ("kafka", "list_clusters_v2", "Kafka (ListClustersV2)"),
    ],
)
def test_another_service_is_told_by_name(aws: AwsServicesProcess, service: str, operation: str, named: str) -> None:
    code, status, message = refusal(getattr(aws.client(service), operation))
    assert (code.removesuffix("Exception"), status) == ("NotImplemented", 501)
    assert message.startswith(f"The sandbox does not offer {named}. It offers IAM, STS, ")


@pytest.mark.parametrize(
    ("service", "operation", "wrong_secret", "unknown_key"),
    [
        ("iam", "list_users", ("SignatureDoesNotMatch", 403), ("InvalidClientTokenId", 403)),
        ("sts", "get_caller_identity", ("SignatureDoesNotMatch", 403), ("InvalidClientTokenId", 403)),
        ("ec2", "describe_vpcs", ("AuthFailure", 401), ("AuthFailure", 401)),
        ("kms", "list_keys", ("InvalidSignatureException", 400), ("UnrecognizedClientException", 400)),
        ("logs", "describe_log_groups", ("InvalidSignatureException", 400), ("UnrecognizedClientException", 400)),
    ],
)
def test_wrong_keys_are_refused_in_the_services_own_form(
    aws: AwsServicesProcess, service: str, operation: str, wrong_secret: Any, unknown_key: Any
) -> None:
    assert refusal(getattr(aws.client(service, secret_key="wrong"), operation))[:2] == wrong_secret
    assert refusal(getattr(aws.client(service, "AKIANOBODYKNOWSTHIS1"), operation))[:2] == unknown_key


@pytest.mark.parametrize(
    "path",
    ["/", "/moto-api", "/moto-api/", "/moto-api/reset", "/moto-api/data.json", "/moto-api/recorder/reset-recording"],
)
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_nothing_unsigned_is_answered(aws: AwsServicesProcess, path: str, verb: str) -> None:
    users = aws.client("iam").list_users()["Users"]
    recorded = aws.recording.read_bytes()
    answer = requests.request(verb, aws.url + path, timeout=5)
    assert (answer.status_code, answer.json()["message"]) == (403, "Missing Authentication Token")
    form = requests.post(aws.url + path, data={"Action": "CreateUser", "UserName": "intruder"}, timeout=5)
    assert form.status_code == 403
    assert "<Code>MissingAuthenticationToken</Code>" in form.text
    assert (aws.client("iam").list_users()["Users"], aws.recording.read_bytes()) == (users, recorded)


def test_an_operation_that_is_not_served_names_itself(aws: AwsServicesProcess) -> None:
    code, status, message = refusal(aws.client("kms").describe_custom_key_stores)
    assert (code, status) == ("NotImplementedException", 501)
    assert message == "The sandbox's KMS does not serve DescribeCustomKeyStores."


def test_a_protocol_that_is_not_spoken_is_told(aws: AwsServicesProcess) -> None:
    request = AWSRequest("POST", f"{aws.url}/service/GraniteServiceVersion20100801/operation/ListMetrics", data=b"")
    SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "monitoring", "us-east-1").add_auth(request)
    answer = requests.post(request.url, headers=dict(request.headers), timeout=5)
    assert answer.status_code == 501
    assert "does not serve POST /service/GraniteServiceVersion20100801" in answer.json()["message"]


def test_reads_are_not_recorded(aws: AwsServicesProcess) -> None:
    kms, key = aws.client("kms"), aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    reads = [
        aws.client("iam").list_users,
        aws.client("sts").get_caller_identity,
        aws.client("ec2").describe_instances,
        lambda: kms.encrypt(KeyId=key, Plaintext=b"x"),
        lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256"),
    ]
    for read in reads:
        read()
    recorded = aws.recording.read_bytes()
    for read in reads:
        read()
    assert aws.recording.read_bytes() == recorded


def test_it_listens_on_loopback_only_and_its_recording_is_private(aws: AwsServicesProcess) -> None:
    assert aws.process is not None
    listening = [c for c in psutil.Process(aws.process.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}
    assert aws.recording.stat().st_mode & 0o777 == 0o600
    assert SECRET_KEY not in aws.recording.read_text()
