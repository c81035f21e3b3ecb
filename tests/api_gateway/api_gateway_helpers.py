"""A gateway in a process of its own, a back end that tells what reached it, and how a student deploys by boto3."""

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
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.config import Config

REPOSITORY = Path(__file__).parents[2]
ACCESS_KEY, SECRET_KEY = "AKIASANDBOXTEST00001", "the-secret-of-the-gateway-tests-0001"
API_KEY_VALUE = "a-key-value-that-no-log-may-ever-show"


class Backend(BaseHTTPRequestHandler):
    """Answers what it was asked, as JSON; the first part of the path picks another behaviour."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    slow_requests_begun = 0

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.path.split("?")[0].split("/")[1]
        if kind == "slow":
            Backend.slow_requests_begun += 1
            time.sleep(1.0)
        if kind == "hang-up":
            self.close_connection = True
            return
        status = 404 if kind == "missing" else 200
        self.reply(status, self.content(kind, body))

    def content(self, kind: str, body: bytes) -> bytes:
        if kind == "raw":
            return body
        if kind == "huge":
            return b"x" * (10 * 1024 * 1024 + 1)
        heard = {
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body.decode("latin-1"),
            "connection": self.client_address[1],
        }
        return json.dumps(heard).encode()

    def reply(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-backend")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("WWW-Authenticate", "Basic")
        self.send_header("X-Own", "kept")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = answer

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: pytest's output is for the tests."""


@dataclass
class GatewayProcess:
    """A running gateway; `kill` and `start` again keep port, state and credentials."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    shared_client: Any = None
    kinesis: str = "http://127.0.0.1:1"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def credentials(self) -> Path:
        return self.folder / "credentials"

    @property
    def environment(self) -> dict[str, str]:
        """The AWS profile of the process, which leads to `kinesis`, and keys of a shell that must not beat it."""
        config = self.folder / "config"
        config.write_text(
            f"[profile sandbox]\nregion = us-east-1\nendpoint_url = {self.url}\nservices = sandbox\n\n"
            f"[services sandbox]\nkinesis =\n  endpoint_url = {self.kinesis}\n"
        )
        others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        profile = {"AWS_PROFILE": "sandbox", "AWS_CONFIG_FILE": str(config)}
        foreign = {"AWS_ACCESS_KEY_ID": "AKIAFOREIGN000000001", "AWS_SECRET_ACCESS_KEY": "of-another-account"}
        return {**others, **foreign, **profile, "AWS_SHARED_CREDENTIALS_FILE": str(self.credentials)}

    def start(self) -> None:
        command = [sys.executable, "-m", "sandbox.servers.api_gateway", "--state", str(self.folder / "state")]
        command += ["--port", str(self.port), "--credentials", str(self.credentials)]
        with (self.folder / "access.log").open("ab") as out, (self.folder / "errors.log").open("ab") as err:
            self.process = subprocess.Popen(command, stdout=out, stderr=err, cwd=REPOSITORY, env=self.environment)
        wait_until(self.answers, "the gateway answers /ping")

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/ping", timeout=1).text == "healthy"
        except requests.ConnectionError:
            return False

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=40)

    def client(self) -> Any:
        """The one client that tests share, for making one takes half a second."""
        self.shared_client = self.shared_client or self.new_client()
        return self.shared_client

    def new_client(self, access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY, **options: Any) -> Any:
        return boto3.session.Session().client(
            "apigateway",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(retries={"total_max_attempts": 1}, **options),
        )

    def log_entries(self, request_id: str) -> list[dict[str, Any]]:
        """The access log's lines of one request; waits for the first."""
        path = self.folder / "access.log"
        wait_until(lambda: request_id in path.read_text(), f"the access log has {request_id}")
        entries = [json.loads(line) for line in path.read_text().splitlines()]
        return [entry for entry in entries if entry["requestId"] == request_id]


@dataclass
class Deployed:
    """An API with a stage, a usage plan and a key that may call it."""

    gateway: GatewayProcess
    api_id: str
    stage: str
    deployment_id: str
    plan_id: str
    key_id: str
    headers: dict[str, str] = field(default_factory=lambda: {"x-api-key": API_KEY_VALUE})

    @property
    def invoke_url(self) -> str:
        return f"{self.gateway.url}/restapis/{self.api_id}/{self.stage}/_user_request_"

    def call(self, path: str, verb: str = "GET", **options: Any) -> requests.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        return requests.request(verb, self.invoke_url + path, headers=headers, timeout=10, **options)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s until {what}"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def document(paths: dict[str, Any], **more: Any) -> bytes:
    """An OpenAPI document as the bytes that are imported."""
    scheme = {"type": "apiKey", "name": "x-api-key", "in": "header"}
    head = {"openapi": "3.0.1", "info": {"title": "test", "version": "1"}}
    return json.dumps({**head, "paths": paths, "components": {"securitySchemes": {"api_key": scheme}}, **more}).encode()


def operation(uri: str, verb: str = "ANY", api_key: bool = False, **integration: Any) -> dict[str, Any]:
    """An operation with an `http_proxy` integration that maps the path parameter `proxy`, if `uri` has one."""
    mapping = {"integration.request.path.proxy": "method.request.path.proxy"} if "{proxy}" in uri else {}
    integration = {"type": "http_proxy", "httpMethod": verb, "uri": uri, "requestParameters": mapping, **integration}
    return {"security": [{"api_key": []}] if api_key else [], "x-amazon-apigateway-integration": integration}


def any_method(uri: str, **options: Any) -> dict[str, Any]:
    """A path item that answers every method."""
    return {"x-amazon-apigateway-any-method": operation(uri, **options)}


def transformed(integration: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A path item whose every method has an integration that passes all answers on, but for what the test says."""
    passed = {"default": {"statusCode": "200"}}
    complete = {"httpMethod": "POST", "responses": passed, **integration}
    return {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": complete, **more}}


def mock(**more: Any) -> dict[str, Any]:
    """A `mock` integration that answers 200, but for what the test says."""
    templates = {"application/json": '{"statusCode": 200}'}
    return {"type": "mock", "requestTemplates": templates, **more}


def new_gateway(folder: Path, kinesis: str = "http://127.0.0.1:1") -> GatewayProcess:
    gateway = GatewayProcess(folder, free_port(), kinesis=kinesis)
    gateway.credentials.write_text(
        f"[sandbox]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
    )
    gateway.start()
    return gateway


def deploy_by_boto3(gateway: GatewayProcess, body: bytes, backend: str, plan: dict[str, Any]) -> Deployed:
    client = gateway.client()
    api_id = client.import_rest_api(body=body, parameters={"endpointConfigurationTypes": "REGIONAL"})["id"]
    deployment_id = client.create_deployment(restApiId=api_id)["id"]
    variables = {"restProxy": backend, "vpcLinkId": "a-link"}
    client.create_stage(restApiId=api_id, stageName="dev", deploymentId=deployment_id, variables=variables)
    key_id = client.create_api_key(name="test", enabled=True, value=API_KEY_VALUE)["id"]
    stages = [{"apiId": api_id, "stage": "dev"}]
    plan_id = client.create_usage_plan(name="test", apiStages=stages, **plan)["id"]
    client.create_usage_plan_key(usagePlanId=plan_id, keyId=key_id, keyType="API_KEY")
    return Deployed(gateway, api_id, "dev", deployment_id, plan_id, key_id)


def take_down(deployed: Deployed) -> None:
    client = deployed.gateway.client()
    client.delete_rest_api(restApiId=deployed.api_id)
    client.delete_usage_plan(usagePlanId=deployed.plan_id)
    client.delete_api_key(apiKey=deployed.key_id)
