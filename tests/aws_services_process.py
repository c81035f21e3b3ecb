"""A server of the aws services in a process of its own, with a port, a folder and log files of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parent.parent
ACCESS_KEY, SECRET_KEY, USER = "AKIASANDBOXTEST00001", "the-secret-of-these-tests", "student"
ONCE = Config(retries={"total_max_attempts": 1})


@dataclass
class AwsServicesProcess:
    """A running server; `kill` and `start` again keep port, recording and credentials."""

    folder: Path
    port: int = field(default_factory=lambda: free_port())
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    clients: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def recording(self) -> Path:
        return self.folder / "state" / "calls.jsonl"

    @property
    def connector_log_groups(self) -> Path:
        return self.folder / "log_groups.json"

    def command(self) -> list[str]:
        words = [sys.executable, "-m", "sandbox.servers.aws_services", "--state", str(self.folder / "state")]
        words += ["--port", str(self.port), "--credentials", str(self.folder / "credentials"), "--user", USER]
        words += ["--access-key", ACCESS_KEY]
        return [*words, "--logs", str(self.logs), "--connector-log-groups", str(self.connector_log_groups)]

    def start(self, seconds: float = 30) -> AwsServicesProcess:
        self.logs.mkdir(parents=True, exist_ok=True)
        keys = f"[sandbox]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
        (self.folder / "credentials").write_text(keys)
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=ROOT, env={**own, **self.environment}, stdout=log, stderr=log
            )
        eventually(self.listens, "the server listens", seconds)
        return self

    def listens(self) -> bool:
        assert self.process is not None and self.process.poll() is None, (self.folder / "server.log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def kill_and_start(self) -> None:
        self.stop(signal.SIGKILL)
        self.start()

    def client(self, service: str, access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY, **more: Any) -> Any:
        """A client; the one with the sandbox's own key is made once."""
        own = (access_key, secret_key) == (ACCESS_KEY, SECRET_KEY) and not more
        if own and service in self.clients:
            return self.clients[service]
        made = boto3.session.Session().client(
            service,
            endpoint_url=self.url,
            **{"region_name": "us-east-1", **more},
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=ONCE,
        )
        if own:
            self.clients[service] = made
        return made

    def log_line(self, name: str, line: str | dict[str, Any]) -> None:
        """Add a line to one of the log files."""
        text = line if isinstance(line, str) else json.dumps(line)
        with (self.logs / name).open("a") as file:
            file.write(text + "\n")


def eventually(condition: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """Wait for a condition and give its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)
    return value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
