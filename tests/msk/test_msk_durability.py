"""A server that is killed goes on where it was; no connector is lost or half made."""

from __future__ import annotations

import json
import random
import stat
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from msk_helpers import REPOSITORY, Msk, eventually

from sandbox.servers.msk_connect.definitions import read_definition

pytestmark = pytest.mark.sandbox


def rows(count: int) -> list[bytes]:
    return [json.dumps({"id": number}).encode() for number in range(count)]


def test_all_is_there_after_a_kill_and_what_was_under_way_goes_on(mortal_msk: Msk) -> None:
    msk = mortal_msk
    topic = msk.create_topic()
    worker = msk.create_worker_configuration()
    running = msk.create_connector(topic)
    version = msk.await_state(running, "RUNNING")["currentVersion"]
    cluster = msk.kafka.list_clusters_v2()["ClusterInfoList"]
    gone = msk.create_connector(topic)
    target = msk.configuration(topic, flush_size="5")
    begun = msk.create_connector(topic)
    made = msk.connect.create_custom_plugin(name=msk.name("plugin"), contentType="ZIP", location=msk.location())
    update = msk.connect.update_connector(connectorArn=running, currentVersion=version, connectorConfiguration=target)
    msk.connect.delete_connector(connectorArn=gone)
    msk.kill_api()
    msk.start_api()
    assert msk.kafka.list_clusters_v2()["ClusterInfoList"] == cluster
    assert msk.connect.describe_worker_configuration(workerConfigurationArn=worker)["name"]
    assert msk.await_plugin(made["customPluginArn"])["customPluginState"] == "ACTIVE"
    assert msk.operation(update["connectorOperationArn"])["connectorOperationState"] == "UPDATE_COMPLETE"
    assert msk.await_state(running, "RUNNING")["connectorConfiguration"] == target
    msk.await_state(begun, "RUNNING")
    msk.await_gone(gone)
    msk.send(topic, rows(5))
    eventually(lambda: len(msk.landed(topic)) == 5, "the rows are in S3")


@pytest.mark.full
def test_a_killed_worker_is_waited_for(mortal_msk: Msk) -> None:
    msk = mortal_msk
    topic = msk.create_topic()
    arn = msk.create_connector(topic)
    msk.await_state(arn, "RUNNING")
    assert msk.worker is not None
    msk.worker.kill()
    msk.worker.wait()
    later = msk.create_connector(topic)
    assert msk.describe(arn)["connectorState"] == "RUNNING"
    assert msk.describe(later)["connectorState"] == "CREATING"
    msk.connect.delete_connector(connectorArn=arn)
    msk.start_worker()
    msk.await_state(later, "RUNNING")
    msk.await_gone(arn)


@pytest.mark.full
def test_twenty_kills_leave_every_connector_whole(mortal_msk: Msk) -> None:
    msk = mortal_msk
    moments = random.Random(20)
    topic = msk.create_topic()
    acknowledged: dict[str, str] = {}
    deleted: set[str] = set()
    stop = threading.Event()

    def make_and_remove() -> None:
        while not stop.is_set():
            try:
                request = msk.request(topic)
                acknowledged[msk.connect.create_connector(**request)["connectorArn"]] = request["connectorName"]
                if len(acknowledged) > 3:
                    arn = moments.choice(sorted(acknowledged.keys() - deleted))
                    deleted.add(arn)
                    msk.connect.delete_connector(connectorArn=arn)
            except (ClientError, BotoCoreError):
                stop.wait(0.1)

    student = threading.Thread(target=make_and_remove)
    student.start()
    for _ in range(20):
        stop.wait(moments.uniform(0.1, 0.6))
        msk.kill_api()
        msk.start_api()
    stop.set()
    student.join()
    for arn in deleted:
        if arn in {connector["connectorArn"] for connector in msk.list_connectors()}:
            msk.connect.delete_connector(connectorArn=arn)
    kept = acknowledged.keys() - deleted
    eventually(lambda: settled(msk), "every connector is started or gone")
    found = {connector["connectorArn"]: connector["connectorName"] for connector in msk.list_connectors()}
    assert kept <= found.keys()
    definitions = {path.stem: read_definition(path) for path in msk.connectors.glob("[!.]*.json")}
    assert set(definitions) == set(found.values())
    assert all(definition.name == name for name, definition in definitions.items())


def settled(msk: Msk) -> bool:
    return {connector["connectorState"] for connector in msk.list_connectors()} == {"RUNNING"}


def test_what_it_keeps_is_for_its_owner_only(msk: Msk) -> None:
    msk.await_state(msk.create_connector(msk.create_topic()), "RUNNING")
    files = [path for folder in (msk.state, msk.connectors) for path in folder.rglob("*.json") if path.exists()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_it_listens_on_loopback_only(msk: Msk) -> None:
    assert msk.api is not None
    listening = [c for c in psutil.Process(msk.api.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}


def test_no_secret_stands_in_its_log_or_state(msk: Msk) -> None:
    secrets = [msk.settings["sasl.password"], msk.sandbox.s3._request_signer._credentials.secret_key]
    told = msk.log("api.log") + "".join(path.read_text() for path in msk.state.rglob("*.json"))
    assert not any(secret in told for secret in secrets)


def test_a_damaged_state_file_is_named_with_what_mends_it(tmp_path: Path) -> None:
    (tmp_path / "connector").mkdir()
    (tmp_path / "connector/bad.json").write_text("{")
    command = [sys.executable, "-m", "sandbox.servers.msk", "--state", str(tmp_path), "--port", "1"]
    command += ["--connectors", str(tmp_path / "folder"), "--bootstrap-servers", "localhost:1"]
    command += ["--kafka-version", "4.3.1", "--credentials", "pyproject.toml"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, timeout=30)
    assert ended.returncode != 0
    assert f"rm {tmp_path}/connector/bad.json" in ended.stderr
    assert "Traceback" not in ended.stderr
