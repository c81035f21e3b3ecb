"""Kinesis for the gateway's tests: moto's server in a process of its own, and a recorder that checks signatures."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar

import boto3
import requests
from api_gateway_helpers import ACCESS_KEY, SECRET_KEY, free_port, wait_until

from sandbox.servers.aws import sigv4
from sandbox.servers.aws.credentials import CredentialsFile
from sandbox.servers.aws.errors import ServiceError


@dataclass
class MotoKinesis:
    """moto's Kinesis on a free port."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def client(self) -> Any:
        keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
        return boto3.session.Session().client("kinesis", endpoint_url=self.url, region_name="us-east-1", **keys)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def start_moto(folder: Path) -> MotoKinesis:
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (folder / "moto.log").open("wb") as log:
        moto = MotoKinesis(port, subprocess.Popen(command, stdout=log, stderr=log))
    wait_until(lambda: answers(moto.url), "moto answers", seconds=60)
    return moto


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/moto-api/data.json", timeout=2).status_code == 200
    except requests.RequestException:
        return False


class Recorder(BaseHTTPRequestHandler):
    """Takes down each request with what its signature is worth, and answers as the test says."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    credentials: ClassVar[CredentialsFile]
    heard: ClassVar[list[dict[str, Any]]] = []
    status: ClassVar[int] = 200
    seconds: ClassVar[float] = 0
    reply: ClassVar[dict[str, Any]] = {}

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = sigv4.SignedRequest("POST", self.path, headers, body)
        try:
            sigv4.verify(request, "kinesis", self.credentials)
            signature = "valid"
        except ServiceError as error:
            signature = f"{error.code}: {error}"
        self.heard.append({"path": self.path, "headers": headers, "body": body, "signature": signature})
        time.sleep(self.seconds)
        content = json.dumps(self.reply).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: pytest's output is for the tests."""
