"""A role is taken on at STS before Kinesis is asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from pyspark_kinesis.client import make_client
from pyspark_kinesis.options import read_options

ROLE = "arn:aws:iam::123456789012:role/reader"
ANSWER = f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId><Arn>{ROLE}</Arn></AssumedRoleUser>
<Credentials><AccessKeyId>ROLEKEY</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>
<SessionToken>role-token</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>""".encode()


class Sts(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.server.asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def sts() -> Iterator[Any]:
    server = HTTPServer(("127.0.0.1", 0), Sts)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_roles_credentials_sign_what_kinesis_is_asked(sts: Any) -> None:
    given = {
        "streamName": "clicks", "region": "us-east-1", "awsAccessKey": "OWNKEY", "awsSecretKey": "own-secret",
        "roleArn": ROLE, "roleExternalId": "outside", "roleSessionName": "session",
        "stsEndpoint": f"http://127.0.0.1:{sts.server_port}",
    }  # fmt: skip
    client = make_client(read_options(given))
    credentials = client._request_signer._credentials.get_frozen_credentials()
    assert (credentials.access_key, credentials.secret_key, credentials.token) == (
        "ROLEKEY",
        "role-secret",
        "role-token",
    )
    told = {name: sts.asked[name][0] for name in ("RoleArn", "RoleSessionName", "ExternalId")}
    assert told == {"RoleArn": ROLE, "RoleSessionName": "session", "ExternalId": "outside"}
