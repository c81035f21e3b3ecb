"""What stands in no output of a stack, and is asked of the service itself."""

import json
from collections.abc import Mapping

from deployment.account import Account


def bootstrap_servers(account: Account, cluster_arn: str) -> str:
    """host:port of a cluster's brokers, for clients that sign in with IAM."""
    brokers = account.client("kafka").get_bootstrap_brokers(ClusterArn=cluster_arn)
    return str(brokers["BootstrapBrokerStringSaslIam"])


def announce_bootstrap_servers(account: Account, outputs: Mapping[str, str]) -> None:
    """Write the brokers where the client instance waits for them: in SSM, for it does not reach MSK's own API."""
    servers = bootstrap_servers(account, outputs["ClusterArn"])
    name = outputs["BootstrapServersParameter"]
    account.client("ssm").put_parameter(Name=name, Value=servers, Type="String", Overwrite=True)


def api_key(account: Account, key_id: str) -> str:
    """The value of an API key."""
    return str(account.client("apigateway").get_api_key(apiKey=key_id, includeValue=True)["value"])


def password(account: Account, secret_arn: str) -> str:
    """The password that a secret of Secrets Manager holds now; rotation changes it."""
    secret = account.client("secretsmanager").get_secret_value(SecretId=secret_arn)["SecretString"]
    return str(json.loads(secret)["password"])


def exports(account: Account) -> dict[str, str]:
    """Every export of the account's stacks in the region."""
    pages = account.client("cloudformation").get_paginator("list_exports").paginate()
    return {export["Name"]: export["Value"] for page in pages for export in page["Exports"]}
