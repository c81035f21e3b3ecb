"""MSK: the sandbox's broker as the account's one provisioned cluster, of which only the tags can be changed."""

from __future__ import annotations

from sandbox.servers.aws.errors import BadRequestError
from sandbox.servers.aws.rest_json import Params
from sandbox.servers.msk.pages import page
from sandbox.servers.msk.shelf import Record
from sandbox.servers.msk.state import State

BROKERS = 1
NODE_ID = 1
INSTANCE = "kafka.t3.small"
VOLUME_GIB = 10
# A laptop has neither; Amazon's answers name both.
SUBNET = "subnet-0a1b2c3d4e5f60718"
SECURITY_GROUP = "sg-0a1b2c3d4e5f60718"


def list_clusters(state: State, params: Params) -> Params:
    """The cluster, if its name begins with `clusterNameFilter`."""
    return _listed([_first_version(state, record) for record in _named(state, params)], params)


def list_clusters_v2(state: State, params: Params) -> Params:
    """The cluster, if its name begins with `clusterNameFilter` and it is of the type `clusterTypeFilter`."""
    wanted = params.get("ClusterTypeFilter", "PROVISIONED").upper()
    if wanted not in ("PROVISIONED", "SERVERLESS"):
        raise BadRequestError("The cluster type isn't valid.", invalidParameter="clusterTypeFilter")
    found = _named(state, params) if wanted == "PROVISIONED" else []
    return _listed([_second_version(state, record) for record in found], params)


def _named(state: State, params: Params) -> list[Record]:
    return state.clusters.records(params.get("ClusterNameFilter", ""))


def _listed(clusters: list[Record], params: Params) -> Params:
    items = [{**cluster, "creationTime": cluster["CreationTime"]} for cluster in clusters]
    shown, token = page(items, "ClusterArn", params.get("MaxResults"), params.get("NextToken"))
    return {"ClusterInfoList": shown, "NextToken": token}


def describe_cluster(state: State, params: Params) -> Params:
    """The cluster in the form of the first version of the API."""
    return {"ClusterInfo": _first_version(state, state.clusters.find(params["ClusterArn"]))}


def describe_cluster_v2(state: State, params: Params) -> Params:
    """The cluster in the form of the second version of the API."""
    return {"ClusterInfo": _second_version(state, state.clusters.find(params["ClusterArn"]))}


def _second_version(state: State, record: Record) -> Record:
    return {**_common(record), "ClusterType": "PROVISIONED", "Provisioned": _provisioned(state)}


def _first_version(state: State, record: Record) -> Record:
    return {**_common(record), **_provisioned(state)}


def _common(record: Record) -> Record:
    return {
        "ClusterArn": record["clusterArn"],
        "ClusterName": record["clusterName"],
        "CreationTime": record["creationTime"],
        "CurrentVersion": record["currentVersion"],
        "State": "ACTIVE",
        "Tags": record["tags"],
    }


def _provisioned(state: State) -> Record:
    """What the broker really is: one KRaft node that takes TLS with SCRAM and nothing else."""
    return {
        "BrokerNodeGroupInfo": {
            "BrokerAZDistribution": "DEFAULT",
            "ClientSubnets": [SUBNET],
            "InstanceType": INSTANCE,
            "SecurityGroups": [SECURITY_GROUP],
            "StorageInfo": {"EbsStorageInfo": {"VolumeSize": VOLUME_GIB}},
            "ConnectivityInfo": {"PublicAccess": {"Type": "DISABLED"}},
        },
        "CurrentBrokerSoftwareInfo": {"KafkaVersion": state.broker.version},
        "ClientAuthentication": {
            "Sasl": {"Scram": {"Enabled": True}, "Iam": {"Enabled": False}},
            "Tls": {"Enabled": False},
            "Unauthenticated": {"Enabled": False},
        },
        "EncryptionInfo": {"EncryptionInTransit": {"ClientBroker": "TLS", "InCluster": True}},
        "EnhancedMonitoring": "DEFAULT",
        "NumberOfBrokerNodes": BROKERS,
        "StorageMode": "LOCAL",
    }


def get_bootstrap_brokers(state: State, params: Params) -> Params:
    """Where clients find the cluster: over TLS with SCRAM."""
    state.clusters.find(params["ClusterArn"])
    return {"BootstrapBrokerStringSaslScram": state.broker.address}


def list_nodes(state: State, params: Params) -> Params:
    """The one broker."""
    cluster = state.clusters.find(params["ClusterArn"])
    node = {**_node(state, cluster), "creationTime": cluster["creationTime"]}
    shown, token = page([node], "NodeARN", params.get("MaxResults"), params.get("NextToken"))
    return {"NodeInfoList": shown, "NextToken": token}


def _node(state: State, cluster: Record) -> Record:
    return {
        "AddedToClusterTime": cluster["creationTime"],
        "InstanceType": INSTANCE,
        "NodeARN": cluster["clusterArn"].replace(":cluster/", ":broker/") + f"/{NODE_ID}",
        "NodeType": "BROKER",
        "BrokerNodeInfo": {
            "BrokerId": float(NODE_ID),
            "ClientSubnet": SUBNET,
            "ClientVpcIpAddress": "127.0.0.1",
            "CurrentBrokerSoftwareInfo": {"KafkaVersion": state.broker.version},
            "Endpoints": [state.broker.address.rsplit(":", 1)[0]],
        },
    }


def list_kafka_versions(state: State, _params: Params) -> Params:
    """The one version that the sandbox runs."""
    return {"KafkaVersions": [{"Version": state.broker.version, "Status": "ACTIVE"}]}


def get_compatible_kafka_versions(state: State, params: Params) -> Params:
    """To which versions the cluster can be brought: none, for its version is the project's choice."""
    if "ClusterArn" in params:
        state.clusters.find(params["ClusterArn"])
    return {"CompatibleKafkaVersions": [{"SourceVersion": state.broker.version, "TargetVersions": []}]}


def list_scram_secrets(state: State, params: Params) -> Params:
    """The secrets of Secrets Manager that the cluster takes users from: none, for `sandbox up` makes its users."""
    state.clusters.find(params["ClusterArn"])
    return {"SecretArnList": []}


def list_tags(state: State, params: Params) -> Params:
    """The cluster's tags."""
    return {"Tags": _tagged(state, params["ResourceArn"])["tags"]}


def tag(state: State, params: Params) -> Params:
    """Give the cluster tags; a key that it has gets the new value."""
    cluster = _tagged(state, params["ResourceArn"])
    cluster["tags"] |= params["Tags"]
    state.clusters.save(cluster)
    return {}


def untag(state: State, params: Params) -> Params:
    """Take tags away; one that is not there is no fault."""
    cluster = _tagged(state, params["ResourceArn"])
    cluster["tags"] = {key: value for key, value in cluster["tags"].items() if key not in params["TagKeys"]}
    state.clusters.save(cluster)
    return {}


def _tagged(state: State, arn: str) -> Record:
    if not state.clusters.covers(arn):
        raise BadRequestError("Invalid input resource arn", invalidParameter="resourceArn")
    return state.clusters.find(arn)


OPERATIONS = {
    "ListClusters": list_clusters,
    "ListClustersV2": list_clusters_v2,
    "DescribeCluster": describe_cluster,
    "DescribeClusterV2": describe_cluster_v2,
    "GetBootstrapBrokers": get_bootstrap_brokers,
    "ListNodes": list_nodes,
    "ListKafkaVersions": list_kafka_versions,
    "GetCompatibleKafkaVersions": get_compatible_kafka_versions,
    "ListScramSecrets": list_scram_secrets,
    "ListTagsForResource": list_tags,
    "TagResource": tag,
    "UntagResource": untag,
}
