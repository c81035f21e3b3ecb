"""A running gateway, a running back end, and deployments that are taken down after the test."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from api_gateway_helpers import (
    REPOSITORY,
    Backend,
    Deployed,
    GatewayProcess,
    deploy_by_boto3,
    new_gateway,
    take_down,
)
from control_plane_helpers import check_shape
from kinesis_integration import Recorder


@pytest.fixture(scope="session")
def backend() -> Iterator[str]:
    """Host and port of the back end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture(scope="session")
def recorder() -> Iterator[str]:
    """The address of a Kinesis that only takes down what it hears."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory, recorder: str) -> Iterator[GatewayProcess]:
    """One gateway for all tests that do not stop it."""
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    running = new_gateway(tmp_path_factory.mktemp("gateway"), recorder)
    yield running
    assert running.stop() == 0


@pytest.fixture
def mortal_gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    """A gateway that the test may kill and start again."""
    running = new_gateway(tmp_path)
    yield running
    assert running.process is not None
    running.process.kill()
    running.process.wait()


@pytest.fixture
def deploy(backend: str) -> Iterator[Callable[..., Deployed]]:
    """Deploys `aws/api.yaml`, or another document, as a student does, and takes it down after the test."""
    made: list[Deployed] = []

    def deploy_(gateway: GatewayProcess, body: bytes | None = None, **plan: Any) -> Deployed:
        deployed = deploy_by_boto3(gateway, body or (REPOSITORY / "aws/api.yaml").read_bytes(), backend, plan)
        made.append(deployed)
        return deployed

    yield deploy_
    for deployed in made:
        take_down(deployed)


@pytest.fixture(scope="session")
def client(gateway: GatewayProcess) -> Any:
    """A client that checks every answer against botocore's own output shape."""
    checked = gateway.new_client()
    checked.meta.events.register("after-call.api-gateway.*", check_shape)
    return checked
