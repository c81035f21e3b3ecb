"""A script that knows boto3 and requests only goes the whole way of the rows, on the sandbox as on Amazon."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from sandbox_under_test import SandboxUnderTest, clean_environment

from sandbox.parts.api_gateway import VPC_LINK
from sandbox.servers.kafka_properties import librdkafka_settings
from sandbox.settings import ROOT

SCRIPT = ROOT / "tests" / "scripts" / "boto3_alone.py"


@pytest.fixture
def topic(sandbox: SandboxUnderTest) -> Iterator[str]:
    """A topic as a student makes it on the client machine."""
    admin = AdminClient(dict(librdkafka_settings(sandbox.kafka_client_properties)))
    name = f"alone-{uuid4().hex[:8]}.pin"
    admin.create_topics([NewTopic(name, 3, 1)])[name].result(30)
    yield name
    admin.delete_topics([name])[name].result(30)
    group = f"connect-{name.removesuffix('.pin')}"
    if group in {listed.group_id for listed in admin.list_consumer_groups().result(30).valid}:
        admin.delete_consumer_groups([group])[group].result(30)


def environment(sandbox: SandboxUnderTest, topic: str) -> dict[str, str]:
    """The profile, and what the script cannot find out by calls."""
    gateway: Any = sandbox.stack.parts["api-gateway"]
    return {
        **clean_environment(),
        **sandbox.aws_environment,
        "NAME": topic.removesuffix(".pin"),
        "TOPIC": topic,
        "BUCKET": sandbox.bucket,
        "API_DEFINITION": str(ROOT / "aws" / "api.yaml"),
        "REST_PROXY": sandbox.rest_proxy_url.removeprefix("http://"),
        "VPC_LINK": VPC_LINK,
        "INVOKE_URL": gateway.address + "/restapis/{api}/{stage}/_user_request_",
    }


@pytest.mark.sandbox
def test_boto3_alone_brings_rows_to_s3_and_kinesis(sandbox: SandboxUnderTest, topic: str, tmp_path: Path) -> None:
    command = [sys.executable, SCRIPT]
    done = subprocess.run(
        command, env=environment(sandbox, topic), cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"posted": 20, "landed": 20, "streamed": 20}


def test_the_script_knows_nothing_of_the_sandbox() -> None:
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(SCRIPT.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - set(sys.stdlib_module_names) == {"boto3", "requests"}
