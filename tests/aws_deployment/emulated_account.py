"""An AWS account in an emulator of its own process and port, and the `make` commands led to it as boto3 is led."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import yaml
from aws_services_process import free_port
from own_environment import environment
from rendered_templates import GIVEN

from deployment.parameters import FILE
from deployment.parts import ROOT
from deployment.templates import read

SCRIPT = ROOT / "tests" / "scripts" / "aws_emulator.py"
ACCOUNT = "123456789012"


@dataclass
class EmulatedAccount:
    """An account without anything in it. Whoever makes one must stop it."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: Any = None

    def start(self) -> EmulatedAccount:
        command = [environment("emulator") / "bin" / "python", SCRIPT, str(self.port)]
        with (self.folder / "emulator.log").open("wb") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < deadline, self.log
            time.sleep(0.1)
        return self

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def answers(self) -> bool:
        try:
            return self.client("sts").get_caller_identity()["Account"] == ACCOUNT
        except Exception:
            return False

    @property
    def log(self) -> str:
        return (self.folder / "emulator.log").read_text()

    @property
    def environment(self) -> dict[str, str]:
        """What a student would export, and nothing of this machine's own."""
        foreign = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MAKE"))}
        return {
            **foreign,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "USER_ID": GIVEN["UserId"],
            "EMAIL": GIVEN["Email"],
            "PARAMETERS": str(self.parameters()),
            "ENV_FILE": str(self.env_file),
        }

    @property
    def env_file(self) -> Path:
        return self.folder / "env.aws"

    def parameters(self, **other: Any) -> Path:
        """The course's parameters, with a way out of the network for MWAA, and others where a test wants them."""
        file = self.folder / "parameters.yaml"
        kept = read(file) if file.exists() else {**read(FILE), "Nat": "single"}
        file.write_text(yaml.safe_dump({**kept, **other}))
        return file

    def make(self, target: str, *words: str, code: int = 0, **variables: str) -> str:
        """Run a command of the Makefile; what it prints."""
        given = [f"{name}={value}" for name, value in variables.items()]
        command = ["make", "--no-print-directory", target, *given, *words]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, input="", capture_output=True, text=True, check=False
        )
        assert (done.returncode != 0) == (code != 0), done.stdout + done.stderr + self.log[-3000:]
        return done.stdout + done.stderr

    def client(self, service: str) -> Any:
        return boto3.session.Session().client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="secret",
        )

    def stacks(self) -> dict[str, str]:
        """The stacks that are there, by name, with their status."""
        stacks = self.client("cloudformation").describe_stacks()["Stacks"]
        return {stack["StackName"]: stack["StackStatus"] for stack in stacks}
