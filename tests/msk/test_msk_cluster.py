"""The `kafka` client sees the sandbox's broker as one provisioned cluster."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from msk_helpers import Msk, refused

pytestmark = pytest.mark.sandbox

NO_SUCH = "arn:aws:kafka:us-east-1:123456789012:cluster/none/0b2a1f4e-0000-4000-a000-000000000000-1"
BY_ARN = ["describe_cluster", "describe_cluster_v2", "get_bootstrap_brokers", "list_nodes", "list_scram_secrets"]


@pytest.fixture
def arn(msk: Msk) -> str:
    return str(msk.kafka.list_clusters_v2()["ClusterInfoList"][0]["ClusterArn"])


def test_the_cluster_is_what_the_broker_is(msk: Msk, arn: str) -> None:
    cluster = msk.kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]
    assert arn.startswith("arn:aws:kafka:us-east-1:123456789012:cluster/pinterest-msk-cluster/")
    assert (cluster["ClusterType"], cluster["State"]) == ("PROVISIONED", "ACTIVE")
    provisioned = cluster["Provisioned"]
    assert provisioned["NumberOfBrokerNodes"] == 1
    assert provisioned["CurrentBrokerSoftwareInfo"]["KafkaVersion"] == "4.3.1"
    assert provisioned["EncryptionInfo"]["EncryptionInTransit"]["ClientBroker"] == "TLS"
    assert provisioned["ClientAuthentication"]["Sasl"]["Scram"]["Enabled"] is True
    assert "ZookeeperConnectString" not in provisioned


def test_both_versions_of_the_api_tell_the_same(msk: Msk, arn: str) -> None:
    first = msk.kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"]
    second = msk.kafka.describe_cluster_v2(ClusterArn=arn)["ClusterInfo"]
    assert first == {**{key: second[key] for key in second.keys() - {"ClusterType", "Provisioned"}}, **first}
    assert first["NumberOfBrokerNodes"] == second["Provisioned"]["NumberOfBrokerNodes"]
    assert msk.kafka.list_clusters()["ClusterInfoList"] == [first]


def test_the_bootstrap_string_reaches_the_broker(msk: Msk, arn: str) -> None:
    servers = msk.kafka.get_bootstrap_brokers(ClusterArn=arn)["BootstrapBrokerStringSaslScram"]
    assert AdminClient({**msk.settings, "bootstrap.servers": servers}).list_topics(timeout=10).topics


def test_the_one_node_is_a_broker(msk: Msk, arn: str) -> None:
    (node,) = msk.kafka.list_nodes(ClusterArn=arn)["NodeInfoList"]
    assert node["NodeType"] == "BROKER"
    assert node["BrokerNodeInfo"]["BrokerId"] == 1
    assert node["BrokerNodeInfo"]["Endpoints"] == ["localhost"]


def test_versions_and_secrets(msk: Msk, arn: str) -> None:
    assert msk.kafka.list_kafka_versions()["KafkaVersions"] == [{"Version": "4.3.1", "Status": "ACTIVE"}]
    compatible = msk.kafka.get_compatible_kafka_versions(ClusterArn=arn)["CompatibleKafkaVersions"]
    assert compatible == [{"SourceVersion": "4.3.1", "TargetVersions": []}]
    assert msk.kafka.list_scram_secrets(ClusterArn=arn)["SecretArnList"] == []


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"ClusterNameFilter": "pinterest"}, 1),
        ({"ClusterNameFilter": "other"}, 0),
        ({"ClusterTypeFilter": "PROVISIONED"}, 1),
        ({"ClusterTypeFilter": "SERVERLESS"}, 0),
    ],
)
def test_a_list_may_be_filtered(msk: Msk, filters: dict[str, str], count: int) -> None:
    assert len(msk.kafka.list_clusters_v2(**filters)["ClusterInfoList"]) == count


def test_a_cluster_takes_tags(msk: Msk, arn: str) -> None:
    msk.kafka.tag_resource(ResourceArn=arn, Tags={"course": "pinterest", "owner": "student"})
    msk.kafka.untag_resource(ResourceArn=arn, TagKeys=["owner", "none"])
    assert msk.kafka.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"course": "pinterest"}
    assert msk.kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"]["Tags"] == {"course": "pinterest"}
    msk.kafka.untag_resource(ResourceArn=arn, TagKeys=["course"])
    wrong = refused(msk.kafka.list_tags_for_resource, ResourceArn="cluster")
    assert wrong == ("BadRequestException", 400, "Invalid input resource arn")


@pytest.mark.parametrize("operation", BY_ARN)
def test_a_wrong_arn_is_refused(msk: Msk, operation: str) -> None:
    call = getattr(msk.kafka, operation)
    assert refused(call, ClusterArn=NO_SUCH) == ("NotFoundException", 404, "The requested resource doesn't exist.")
    assert refused(call, ClusterArn="pinterest-msk-cluster")[:2] == ("BadRequestException", 400)


def test_an_error_names_the_parameter(msk: Msk) -> None:
    with pytest.raises(msk.kafka.exceptions.NotFoundException) as caught:
        msk.kafka.describe_cluster(ClusterArn=NO_SUCH)
    assert caught.value.response["InvalidParameter"] == "clusterArn"


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("create_cluster_v2", {"ClusterName": "another"}),
        ("delete_cluster", {"ClusterArn": NO_SUCH}),
        ("update_broker_count", {"ClusterArn": NO_SUCH, "CurrentVersion": "K1", "TargetNumberOfBrokerNodes": 3}),
    ],
)
def test_what_would_make_or_change_a_cluster_is_not_implemented(
    msk: Msk, operation: str, parameters: dict[str, Any]
) -> None:
    code, status, message = refused(getattr(msk.kafka, operation), **parameters)
    assert (code, status) == ("NotImplementedException", 501)
    assert message.endswith(f"does not serve {msk.kafka.meta.method_to_api_mapping[operation]}")
