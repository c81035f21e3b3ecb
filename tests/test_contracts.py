"""Every case of tests/contracts against the sandbox, or against what CONTRACT_PROFILE names (see contracts/target)."""

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from contracts.cases import Case, Contract, load_all
from contracts.runner import Run
from contracts.target import Target, real_target, unique

pytestmark = pytest.mark.sandbox

CONTRACTS = load_all()


@pytest.fixture(scope="module")
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    real = real_target(os.environ)
    if real:
        yield real
    else:
        yield from sandbox_target(request.getfixturevalue("sandbox"))


def sandbox_target(sandbox: Any) -> Iterator[Target]:
    """The sandbox, with a topic of its own for the REST proxy's cases."""
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic

    from sandbox.servers.kafka_properties import librdkafka_settings

    admin = AdminClient(dict(librdkafka_settings(sandbox.kafka_client_properties)))
    topic = f"contract-{unique()}"
    admin.create_topics([NewTopic(topic, 3, 1)])[topic].result(30)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in sandbox.aws_environment.items():
            environment.setenv(name, value)
        yield Target(boto3.session.Session(), {**sandbox_values(sandbox), "topic": topic})
    admin.delete_topics([topic])[topic].result(30)


def sandbox_values(sandbox: Any) -> dict[str, str]:
    """What the cases may name of the sandbox."""
    environment = sandbox.environment
    return {
        "rest_proxy": sandbox.rest_proxy_url,
        "invoke_url": sandbox.invoke_url,
        "api_key": sandbox.api_key,
        "user_id": sandbox.user_id,
        "bucket": sandbox.bucket,
        "bootstrap_servers": environment["BOOTSTRAP_SERVERS"],
    }


@pytest.fixture(scope="module")
def runs() -> dict[str, Run]:
    """The run of each file."""
    return {}


@pytest.mark.parametrize(
    ("contract", "case"),
    [
        pytest.param(contract, case, id=f"{contract.name}: {case.name}")
        for contract in CONTRACTS
        for case in contract.cases
    ],
)
def test_the_contract_holds(contract: Contract, case: Case, target: Target, runs: dict[str, Run]) -> None:
    runs.setdefault(contract.name, Run(contract, target)).run(case)
