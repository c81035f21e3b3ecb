"""An account whose answers a test lays down: for what no emulator can be brought to say."""

from typing import Any

import boto3
from botocore.stub import Stubber


class StubbedAccount:
    """Clients of boto3 that give the answers they were told, and raise where they are asked anything else."""

    def __init__(self) -> None:
        self._clients: dict[str, Any] = {}
        self._stubs: dict[str, Stubber] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
            self._clients[service] = boto3.session.Session().client(service, **keys)
            self._stubs[service] = Stubber(self._clients[service])
            self._stubs[service].activate()
        return self._clients[service]

    def answer(self, service: str, operation: str, answer: dict[str, Any]) -> None:
        self.client(service)
        self._stubs[service].add_response(operation, answer)
