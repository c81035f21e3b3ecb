"""A running Kinesis over the sandbox's Kafka, and streams that are gone after the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kinesis_helpers import KinesisProcess, become_active, new_name


@pytest.fixture(scope="session")
def kinesis(sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KinesisProcess]:
    """One server for all tests that do not stop it."""
    running = KinesisProcess(tmp_path_factory.mktemp("kinesis"), sandbox.kafka_client_properties).start()
    yield running
    running.end()


@pytest.fixture
def mortal_kinesis(sandbox: Any, tmp_path: Path) -> Iterator[KinesisProcess]:
    """A server that the test may kill and start again."""
    running = KinesisProcess(tmp_path, sandbox.kafka_client_properties).start()
    yield running
    running.end()


@pytest.fixture(scope="session")
def client(kinesis: KinesisProcess) -> Any:
    return kinesis.client()


@pytest.fixture
def new_stream(client: Any) -> Callable[..., str]:
    """Makes an active stream of some shards and gives its name."""

    def make(shards: int = 1, **more: Any) -> str:
        name = new_name()
        client.create_stream(StreamName=name, ShardCount=shards, **more)
        become_active(client, name)
        return name

    return make


@pytest.fixture(scope="session")
def stream(client: Any) -> str:
    """An active stream of two shards for tests that only write and read."""
    name = new_name()
    client.create_stream(StreamName=name, ShardCount=2)
    become_active(client, name)
    return name
