"""Definitions outlive the process, however it ends; the process ends well and listens on loopback only."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import requests
from api_gateway_helpers import API_KEY_VALUE, REPOSITORY, Backend, Deployed, GatewayProcess, any_method, document

from sandbox.stack import wait_until

Deploy = Callable[..., Deployed]


def test_everything_is_there_after_a_kill(mortal_gateway: GatewayProcess, deploy: Deploy) -> None:
    deployed = deploy(
        mortal_gateway, throttle={"rateLimit": 50.0, "burstLimit": 60}, quota={"limit": 9, "period": "DAY"}
    )
    client = mortal_gateway.client()
    before = [client.get_usage_plans()["items"], client.get_resources(restApiId=deployed.api_id)["items"]]
    mortal_gateway.stop(signal.SIGKILL)
    mortal_gateway.start()
    assert deployed.call("/topics").status_code == 200
    assert before == [client.get_usage_plans()["items"], client.get_resources(restApiId=deployed.api_id)["items"]]


def test_a_change_that_was_not_deployed_before_a_kill_is_kept_and_still_not_visible(
    mortal_gateway: GatewayProcess, deploy: Deploy, backend: str
) -> None:
    deployed = deploy(mortal_gateway)
    body = document({"/{proxy+}": any_method(f"http://{backend}/changed")})
    mortal_gateway.client().put_rest_api(restApiId=deployed.api_id, mode="overwrite", body=body)
    mortal_gateway.stop(signal.SIGKILL)
    mortal_gateway.start()
    assert deployed.call("/topics").json()["path"] == "/topics"
    mortal_gateway.client().create_deployment(restApiId=deployed.api_id, stageName="dev")
    assert deployed.call("/topics").json()["path"] == "/changed"


def test_every_acknowledged_key_survives_a_kill_in_the_middle(mortal_gateway: GatewayProcess) -> None:
    acknowledged: list[str] = []

    def create_until_it_dies() -> None:
        client = mortal_gateway.client()
        try:
            while True:
                acknowledged.append(client.create_api_key(name="k")["id"])
        except Exception:
            return

    writer = threading.Thread(target=create_until_it_dies)
    writer.start()
    assert wait_until(lambda: len(acknowledged) >= 3, seconds=30)
    mortal_gateway.stop(signal.SIGKILL)
    writer.join()
    mortal_gateway.start()
    pages = mortal_gateway.client().get_paginator("get_api_keys").paginate()
    found = {item["id"] for page in pages for item in page["items"]}
    assert set(acknowledged) <= found


def test_what_a_killed_writer_left_is_removed(mortal_gateway: GatewayProcess, deploy: Deploy) -> None:
    deployed = deploy(mortal_gateway)
    mortal_gateway.stop(signal.SIGKILL)
    leftover = mortal_gateway.folder / "state/apis/half.tmp"
    leftover.write_text('{"summ')
    mortal_gateway.start()
    assert not leftover.exists()
    assert deployed.call("/topics").status_code == 200


def test_used_quota_survives_a_stop(mortal_gateway: GatewayProcess, deploy: Deploy) -> None:
    deployed = deploy(mortal_gateway, quota={"limit": 2, "period": "MONTH"})
    assert deployed.call("/topics").status_code == 200
    assert mortal_gateway.stop() == 0
    mortal_gateway.start()
    assert [deployed.call("/topics").status_code for _ in range(2)] == [200, 429]


def test_files_with_secrets_are_for_their_owner_only(mortal_gateway: GatewayProcess, deploy: Deploy) -> None:
    deploy(mortal_gateway)
    files = [path for path in (mortal_gateway.folder / "state").rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert [path.parent.name for path in files if API_KEY_VALUE in path.read_text()] == ["keys"]


def test_a_stop_lets_running_requests_end(mortal_gateway: GatewayProcess, deploy: Deploy) -> None:
    deployed = deploy(mortal_gateway)
    answers: list[requests.Response] = []
    caller = threading.Thread(target=lambda: answers.append(deployed.call("/slow")))
    begun = Backend.slow_requests_begun
    caller.start()
    assert wait_until(lambda: Backend.slow_requests_begun > begun, seconds=30)
    assert mortal_gateway.stop() == 0
    caller.join()
    assert answers[0].status_code == 200
    mortal_gateway.start()


def test_it_listens_on_loopback_only(gateway: GatewayProcess) -> None:
    assert gateway.process is not None
    listening = [c for c in psutil.Process(gateway.process.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--host", "0.0.0.0", "--credentials", "pyproject.toml"], "not a loopback address"),
        (["--credentials", "/nowhere/credentials"], "`sandbox up` writes"),
    ],
)
def test_it_says_in_one_sentence_why_it_does_not_start(tmp_path: Path, options: list[str], message: str) -> None:
    assert message in refusal(tmp_path, options)


def test_a_damaged_state_file_is_named_with_what_mends_it(tmp_path: Path) -> None:
    (tmp_path / "apis").mkdir()
    (tmp_path / "apis/bad.json").write_text("{")
    said = refusal(tmp_path, ["--credentials", "pyproject.toml"])
    assert f"rm {tmp_path}/apis/bad.json" in said
    assert "Traceback" not in said


def refusal(state: Path, options: list[str]) -> str:
    command = [sys.executable, "-m", "sandbox.servers.api_gateway", "--state", str(state), "--port", "1", *options]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, timeout=20)
    assert ended.returncode != 0
    return ended.stderr
