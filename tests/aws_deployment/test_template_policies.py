"""What the templates must never do, and what each of them must: over every resource, whatever the conditions."""

import json
from typing import Any

import jmespath
import pytest
from rendered_templates import evaluation, every_resource, template, templates
from template_statements import ALL, Statement, listed
from template_tools import run

from deployment.parts import PARTS, ROOT, Part

EVERYWHERE = {"0.0.0.0/0", "::/0"}
ALLOWED = [statement for statement in ALL if statement.allows]
# What a key policy may allow without a condition: to administer the key, never to use it or to give it on.
USE_OF_A_KEY = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt", "kms:GenerateDataKey", "kms:CreateGrant", "kms:*")

# What of a resource must name a key of the stack account. `True` where there is no key to name, only a switch.
ENCRYPTED: dict[str, list[str]] = {
    "AWS::CloudTrail::Trail": ["KMSKeyId"],
    "AWS::EC2::LaunchTemplate": ["LaunchTemplateData.BlockDeviceMappings[].Ebs | [?!KmsKeyId] | length(@) == `0`"],
    "AWS::Kinesis::Stream": ["StreamEncryption.KeyId"],
    "AWS::Logs::LogGroup": ["KmsKeyId"],
    "AWS::MSK::Cluster": ["EncryptionInfo.EncryptionAtRest.DataVolumeKMSKeyId"],
    "AWS::MWAA::Environment": ["KmsKey"],
    "AWS::RDS::DBInstance": ["StorageEncrypted", "KmsKeyId"],
    "AWS::S3::Bucket": ["BucketEncryption.ServerSideEncryptionConfiguration"],
    "AWS::SecretsManager::Secret": ["KmsKeyId"],
    "AWS::SNS::Topic": ["KmsMasterKeyId"],
}
NOTHING_TO_ENCRYPT = {
    "AWS::ApiGateway::Deployment": "there is no cache",
    "AWS::ApiGateway::Stage": "there is no cache",
    "AWS::EC2::Instance": "its volumes are the launch template's",
    "AWS::EC2::VPC": "what may pass unencrypted is only watched by that setting; TLS is asked for where it ends",
}
# TLS, and no other way in.
TLS: dict[str, list[str]] = {
    "AWS::KafkaConnect::Connector": ["KafkaClusterEncryptionInTransit.EncryptionType == 'TLS'"],
    "AWS::ApiGateway::RestApi": ["contains(SecurityPolicy, 'TLS')"],
    "AWS::MSK::Cluster": [
        "EncryptionInfo.EncryptionInTransit.ClientBroker == 'TLS'",
        "EncryptionInfo.EncryptionInTransit.InCluster",
    ],
    "AWS::RDS::DBParameterGroup": ["contains(['1', 'ON', 'on'], to_string(Parameters.require_secure_transport))"],
}
LOGGED: dict[str, list[str]] = {
    "AWS::ApiGateway::Stage": ["AccessLogSetting.DestinationArn", "MethodSettings[0].LoggingLevel != 'OFF'"],
    "AWS::CloudTrail::Trail": ["IsLogging", "EnableLogFileValidation", "IsMultiRegionTrail"],
    "AWS::ElasticLoadBalancingV2::LoadBalancer": [
        "LoadBalancerAttributes[?Key=='access_logs.s3.enabled'] | [0].Value == 'true'"
    ],
    "AWS::KafkaConnect::Connector": ["LogDelivery.WorkerLogDelivery.CloudWatchLogs.Enabled"],
    "AWS::Logs::LogGroup": ["RetentionInDays"],
    "AWS::MSK::Cluster": ["LoggingInfo.BrokerLogs.CloudWatchLogs.Enabled"],
    "AWS::MWAA::Environment": [
        f"LoggingConfiguration.{log}.Enabled"
        for log in ("DagProcessingLogs", "SchedulerLogs", "TaskLogs", "WebserverLogs", "WorkerLogs")
    ],
    "AWS::RDS::DBInstance": ["EnableCloudwatchLogsExports"],
}
PRIVATE: dict[str, list[str]] = {
    "AWS::EC2::Subnet": ["!MapPublicIpOnLaunch"],
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ["Scheme == 'internal'"],
    "AWS::MWAA::Environment": ["WebserverAccessMode != 'PUBLIC_ONLY'"],
    "AWS::RDS::DBInstance": ["PubliclyAccessible == `false`"],
    "AWS::S3::Bucket": [
        f"PublicAccessBlockConfiguration.{switch}"
        for switch in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    ],
}
SERVICES_WITHOUT_SOURCE = {
    # They document no condition for their roles; a role can only be passed to a service in its own account.
    "apigateway.amazonaws.com",
    "ec2.amazonaws.com",
}


def names(found: list[Any]) -> list[str]:
    return [str(one) for one in found]


def lacking(rules: dict[str, list[str]]) -> list[str]:
    """The resources that miss a rule of their type."""
    return [
        f"{part.name} {name}: {rule}"
        for part, name, resource in every_resource()
        for rule in rules.get(resource["Type"], [])
        if not jmespath.search(rule, evaluation(part).value(resource.get("Properties", {})))
    ]


def test_the_tables_below_are_of_types_that_are_there() -> None:
    """A rule for a type that no template has would hold for nothing."""
    present = {resource["Type"] for _, _, resource in every_resource()}
    assert not {*ENCRYPTED, *TLS, *LOGGED, *PRIVATE} - present


def test_nothing_lets_the_whole_world_in() -> None:
    found = []
    for part, name, resource in every_resource():
        properties = evaluation(part).value(resource.get("Properties", {}))
        rules = properties.get("SecurityGroupIngress", []) if resource["Type"] == "AWS::EC2::SecurityGroup" else []
        rules = [properties] if resource["Type"] == "AWS::EC2::SecurityGroupIngress" else rules
        found += [(part.name, name) for rule in rules if {rule.get("CidrIp"), rule.get("CidrIpv6")} & EVERYWHERE]
    assert not found


def test_nobody_comes_in_by_ssh() -> None:
    text = {part.name: str(template(part)) for part in PARTS}
    assert not [name for name, told in text.items() if "'KeyName'" in told or "'FromPort': 22," in told]


def test_an_instance_tells_its_credentials_to_itself_only() -> None:
    options = [
        jmespath.search("LaunchTemplateData.MetadataOptions || MetadataOptions", resource["Properties"])
        for _, _, resource in every_resource()
        if resource["Type"] == "AWS::EC2::LaunchTemplate"
    ]
    assert options
    assert all(option["HttpTokens"] == "required" for option in options)


@pytest.mark.parametrize("statement", ALLOWED, ids=names(ALLOWED))
def test_no_statement_allows_by_a_wildcard(statement: Statement) -> None:
    assert not [action for action in statement.actions if "*" in action]
    assert not {"NotAction", "NotResource", "NotPrincipal"} & set(statement.told)


EVERY_RESOURCE = [one for one in ALLOWED if "*" in one.resources and one.kind != "AWS::KMS::Key"]


@pytest.mark.parametrize("statement", EVERY_RESOURCE, ids=names(EVERY_RESOURCE))
def test_what_is_allowed_on_every_resource_has_a_condition_and_a_reason(statement: Statement) -> None:
    assert statement.told.get("Condition")
    assert statement.reason or statement.comment


OF_KEYS = [one for one in ALLOWED if one.kind == "AWS::KMS::Key"]


@pytest.mark.parametrize("statement", OF_KEYS, ids=names(OF_KEYS))
def test_a_key_is_used_under_a_condition_only(statement: Statement) -> None:
    """In a key policy the resource `*` is the key itself."""
    assert statement.told.get("Condition") or not [a for a in statement.actions if a.startswith(USE_OF_A_KEY)]
    assert statement.reason


ANYBODY = [one for one in ALLOWED if one.told.get("Principal") in ("*", {"AWS": "*"})]


@pytest.mark.parametrize("statement", ANYBODY, ids=names(ANYBODY))
def test_what_anybody_is_allowed_has_a_condition(statement: Statement) -> None:
    """What an endpoint lets through to buckets of Amazon, which it names, is for Amazon to allow."""
    named = statement.kind == "AWS::EC2::VPCEndpoint" and "*" not in statement.resources
    assert statement.told.get("Condition") or named


TRUSTS = [one for one in ALLOWED if one.trust]


@pytest.mark.parametrize("statement", TRUSTS, ids=names(TRUSTS))
def test_a_role_is_taken_on_for_this_account_only(statement: Statement) -> None:
    """A service takes it on for our own resources, another account with the external id that it was given."""
    services = set(listed(statement.told["Principal"].get("Service", [])))
    if services and services <= SERVICES_WITHOUT_SOURCE:
        return
    keys = {key for test in statement.told["Condition"].values() for key in test}
    assert keys & {"aws:SourceAccount", "aws:SourceArn", "sts:ExternalId"}


def test_everything_that_can_be_encrypted_is() -> None:
    assert not lacking(ENCRYPTED)


def test_whatever_has_a_setting_of_encryption_in_amazons_schemas_is_in_a_table() -> None:
    used = sorted({resource["Type"] for _, _, resource in every_resource()})
    script = ROOT / "tests" / "scripts" / "encryption_settings.py"
    encryptable = set(json.loads(run("python", script, given=json.dumps(used))))
    assert encryptable - {*ENCRYPTED, *TLS} == set(NOTHING_TO_ENCRYPT)


def test_keys_are_the_accounts_own_but_for_the_access_logs() -> None:
    """S3 writes its access logs to no bucket with a customer's key."""
    algorithms = {
        name: jmespath.search(
            "BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.SSEAlgorithm",
            resource["Properties"],
        )
        for _, name, resource in every_resource("AWS::S3::Bucket")
    }
    assert {name for name, algorithm in algorithms.items() if algorithm != "aws:kms"} == {"AccessLogBucket"}


def test_tls_is_the_only_way_in() -> None:
    assert not lacking(TLS)


def test_one_listener_takes_plain_http_and_it_is_behind_the_private_link() -> None:
    """API Gateway reaches the REST proxy through its VPC link, and would take a public certificate only."""
    plain = [
        f"{part.name} {name}"
        for part, name, listener in every_resource("AWS::ElasticLoadBalancingV2::Listener")
        if listener["Properties"]["Protocol"] not in ("TLS", "HTTPS")
    ]
    assert plain == ["msk Listener"]


@pytest.mark.parametrize("kind", ["AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy"])
def test_buckets_and_topics_refuse_what_comes_without_tls(kind: str) -> None:
    owners = {"AWS::S3::BucketPolicy": "AWS::S3::Bucket", "AWS::SNS::TopicPolicy": "AWS::SNS::Topic"}
    refusing = [
        statement
        for statement in ALL
        if statement.kind == kind
        and not statement.allows
        and statement.told["Principal"] == "*"
        and statement.told.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    ]
    assert len(refusing) == len(every_resource(owners[kind])) > 0


def test_logs_are_on() -> None:
    assert not lacking(LOGGED)


def test_logs_are_kept_as_long_as_the_one_parameter_says() -> None:
    kept = [resource["Properties"]["RetentionInDays"] for _, _, resource in every_resource("AWS::Logs::LogGroup")]
    assert kept
    assert all(days == {"Ref": "LogRetentionDays"} for days in kept)


def test_every_bucket_but_the_one_of_the_access_logs_logs_its_access() -> None:
    buckets = every_resource("AWS::S3::Bucket")
    assert [name for _, name, bucket in buckets if "LoggingConfiguration" not in bucket["Properties"]] == [
        "AccessLogBucket"
    ]


def test_nothing_is_public() -> None:
    assert not lacking(PRIVATE)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_stack_goes_away_whole(part: Part) -> None:
    """Nothing is kept or protected, unless a parameter asks for it."""
    made = evaluation(part).resources()
    protected = {name: str(one.get("Properties", {}).get("DeletionProtection", False)) for name, one in made.items()}
    assert not [name for name, one in made.items() if one.get("DeletionPolicy", "Delete") != "Delete"]
    assert not [name for name, switch in protected.items() if switch.lower() == "true"]


def test_the_templates_are_ten() -> None:
    assert len(templates()) == 10
