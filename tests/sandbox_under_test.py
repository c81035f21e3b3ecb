"""A sandbox for tests and benchmarks: real servers with their own ports and folder."""

import os
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Engine

from sandbox.environment import variables
from sandbox.parts.base import listening
from sandbox.settings import PORT_OFFSETS, ROOT, Settings
from sandbox.stack import Stack, wait_until

FIRST_BASE, LAST_BASE = 18000, 22000


class SandboxUnderTest:
    """What tests need of the running sandbox; commands are run as a user runs them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stack = Stack(settings)

    def command(self, *words: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run `sandbox ...` against this sandbox."""
        command = [sys.executable, "-m", "sandbox", *words]
        environment = {**clean_environment(), **sandbox_environment(self.settings), **options.pop("env", {})}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, **options)
        assert not check or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done

    @property
    def user_id(self) -> str:
        return self.stack.secrets.user_id

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a student's shell in which `eval "$(sandbox env)"` was run."""
        exported = variables(self.settings, self.stack.secrets)
        return {**clean_environment(), **sandbox_environment(self.settings), **exported}

    @property
    def aws_environment(self) -> dict[str, str]:
        return {name: value for name, value in self.environment.items() if name.startswith("AWS_")}

    @property
    def invoke_url(self) -> str:
        return self.environment["API_INVOKE_URL"]

    @property
    def api_key(self) -> str:
        return self.environment["API_KEY"]

    @property
    def rest_proxy_url(self) -> str:
        return self.stack.parts["rest-proxy"].address

    @property
    def kafka_client_properties(self) -> Path:
        return Path(self.environment["KAFKA_CLIENT_PROPERTIES"])

    def topic(self, entity: str) -> str:
        return f"{self.user_id}.{entity}"

    @property
    def kafka(self) -> Any:
        return self.stack.parts["kafka"]

    @property
    def bucket(self) -> str:
        return self.environment["BUCKET"]

    @cached_property
    def s3(self) -> Any:
        return self.stack.parts["s3"].client()  # type: ignore[attr-defined]

    @cached_property
    def engine(self) -> Engine:
        return self.stack.parts["mariadb"].engine()  # type: ignore[attr-defined]

    def open_spark(self) -> Any:
        """A Spark session of its own, opened as a notebook opens it; whoever opens it stops it."""
        from pyspark.sql import SparkSession

        token = self.environment["SPARK_CONNECT_AUTHENTICATE_TOKEN"]
        return SparkSession.builder.remote(f"{self.environment['SPARK_REMOTE']}/;token={token}").create()

    def pid(self, part: str) -> int:
        """The process supervisord keeps for a part."""
        return int(self.stack.supervisor.states()[part]["pid"])

    def kill(self, part: str) -> None:
        """kill -9 a part, as a crash would; one that has just crashed runs again first."""
        assert wait_until(lambda: self.pid(part) > 0, seconds=60), f"{part} does not run"
        psutil.Process(self.pid(part)).kill()


def sandbox_environment(settings: Settings) -> dict[str, str]:
    """What leads the command `sandbox` to the test's sandbox."""
    return {
        "SANDBOX_HOME": str(settings.home),
        "SANDBOX_PORT_BASE": str(settings.port_base),
        "SANDBOX_DOWNLOADS": str(settings.downloads),
    }


def clean_environment() -> dict[str, str]:
    """The caller's environment without what leads to another sandbox or to Amazon."""
    clients = ("AWS_", "RDS_", "SPARK_", "API_", "KAFKA_", "BUCKET", "DATABRICKS_", "BOOTSTRAP_SERVERS")
    foreign = ("SANDBOX_", *clients, "USER_ID", "STATE_DIR", "RAW_PATH", "CHECKPOINT_PATH")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def free_port_base() -> int:
    """A base from which every port of a sandbox is free, so that tests run beside a user's sandbox."""
    for base in range(FIRST_BASE, LAST_BASE, 100):
        if not any(listening(base + offset) for offset in PORT_OFFSETS.values()):
            return base
    raise RuntimeError("no free range of ports for the test sandbox")
