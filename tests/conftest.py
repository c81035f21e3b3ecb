"""The test sandbox: real servers with their own ports and folder, fresh for each session, gone after it."""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sandbox_under_test import SandboxUnderTest, free_port_base

from sandbox.settings import ROOT, Settings

# A busy machine is no fault of the code under test.
settings.register_profile("gate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gate")

HOME = ROOT / ".sandbox-test" / "home"


@pytest.fixture(scope="session")
def sandbox() -> Iterator[SandboxUnderTest]:
    """A fresh sandbox, up; after the tests it is stopped and its folder removed.

    TEST_SANDBOX names the folder of a running sandbox to use instead, for a quick round of tests that spare its data.
    """
    if running := os.environ.get("TEST_SANDBOX"):
        yield SandboxUnderTest(Settings(home=Path(running), port_base=int(os.environ["TEST_SANDBOX_PORT_BASE"])))
        return
    shutil.rmtree(HOME, ignore_errors=True)
    settings = Settings(home=HOME, port_base=free_port_base())
    under_test = SandboxUnderTest(settings)
    try:
        under_test.command("up")
        yield under_test
    finally:
        under_test.command("down", check=False)
        shutil.rmtree(HOME.parent, ignore_errors=True)


@pytest.fixture(scope="module")
def spark(sandbox: SandboxUnderTest) -> Iterator[Any]:
    """A Spark session on the test sandbox, opened as a notebook opens it; one a module, for some restart Spark."""
    session = sandbox.open_spark()
    yield session
    session.stop()


@pytest.fixture
def tables(spark: Any) -> Iterator[Any]:
    """Tables in an empty schema that is gone afterwards."""
    from landing import fresh_tables

    with fresh_tables(spark) as fresh:
        yield fresh


@pytest.fixture
def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
