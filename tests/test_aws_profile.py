"""The AWS profile of the sandbox: every service has an endpoint here, and the AWS CLI and boto3 find it."""

import configparser
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aws_services_process import eventually
from sandbox_under_test import clean_environment, free_port_base, sandbox_environment

from sandbox.environment import HINT, aws_config_file, profile_variables, write_profile
from sandbox.parts.aws import Aws
from sandbox.secrets import load_secrets
from sandbox.settings import ROOT, Settings


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """The part of a sandbox that has no other part up, run as the supervisor runs it."""
    settings = Settings(home=tmp_path_factory.mktemp("home") / ".sandbox", port_base=free_port_base())
    part = Aws(settings, load_secrets(settings))
    write_profile(settings, part.secrets)
    part.prepare()
    program = part.program()
    environment = {**clean_environment(), **program.environment}
    process = subprocess.Popen(program.command, env=environment, cwd=ROOT)
    eventually(lambda: answers(part), "the part answers its probe")
    yield part
    process.terminate()
    assert process.wait(timeout=30) == 0


def answers(part: Aws) -> bool:
    try:
        part.probe()
    except Exception:
        return False
    return True


def aws_cli(part: Aws, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `aws` as a student does who has the profile's variables."""
    environment = {**clean_environment(), **profile_variables(part.settings), "AWS_PAGER": ""}
    command = [Path(sys.executable).with_name("aws"), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_every_service_is_here_and_those_with_a_server_of_their_own_are_there(part: Aws) -> None:
    config = configparser.ConfigParser()
    config.read(aws_config_file(part.settings))
    ports = part.settings.ports
    assert config["profile sandbox"]["endpoint_url"] == part.address == f"http://127.0.0.1:{ports['aws']}"
    services = config["services sandbox"]
    assert {name: services[name].rpartition(":")[2] for name in services} == {
        "s3": str(ports["s3"]),
        "api_gateway": str(ports["api-gateway"]),
        "kinesis": str(ports["kinesis"]),
        "kafka": str(ports["msk"]),
        "kafkaconnect": str(ports["msk"]),
    }


def test_the_aws_cli_knows_who_calls(part: Aws) -> None:
    told = aws_cli(part, "--profile", "sandbox", "sts", "get-caller-identity")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["Arn"] == f"arn:aws:iam::123456789012:user/{part.secrets.user_id}"


def test_the_aws_cli_makes_a_secret(part: Aws) -> None:
    told = aws_cli(part, "secretsmanager", "create-secret", "--name", "db", "--secret-string", "hidden")
    assert told.returncode == 0, told.stderr
    assert aws_cli(part, "secretsmanager", "get-secret-value", "--secret-id", "db", "--output", "text").returncode == 0


def test_the_aws_cli_is_told_what_is_not_offered(part: Aws) -> None:
    told = aws_cli(part, "sns", "list-topics")
    assert told.returncode != 0
    assert "The sandbox does not offer SNS (ListTopics)" in told.stderr


def test_env_prints_exports_only_to_a_shell_and_a_hint_to_a_reader(part: Aws) -> None:
    command = [sys.executable, "-m", "sandbox", "env"]
    environment = {**clean_environment(), **sandbox_environment(part.settings)}
    piped = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    assert all(line.startswith("export ") for line in piped.stdout.splitlines())
    assert piped.stderr == ""
    ours, theirs = pty.openpty()
    read = subprocess.run(command, env=environment, cwd=ROOT, stdout=theirs, stderr=subprocess.PIPE, check=True)
    os.close(theirs)
    os.close(ours)
    assert read.stderr.decode() == HINT
