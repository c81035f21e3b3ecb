"""What a group has committed outlives the proxy and the broker; what it has not is read again."""

from pathlib import Path
from typing import Any

import pytest
from rest_proxy_process import Client, Consumer, ProxyProcess, eventually, running

pytestmark = [pytest.mark.sandbox, pytest.mark.full]

ROUNDS, BATCH = 3, 20


@pytest.mark.parametrize("victims", [("proxy",), ("kafka",), ("kafka", "proxy")], ids="+".join)
def test_a_kill_between_read_and_commit_loses_nothing(sandbox: Any, tmp_path: Path, victims: tuple[str, ...]) -> None:
    with running(sandbox, tmp_path) as (process, client):
        topic, group = client.topic(), client.group()
        for start in range(0, 2 * BATCH * ROUNDS, 2 * BATCH):
            instance = client.consumer(group)
            instance.subscribe(topic)
            committed = sent_and_read(client, instance, topic, start)
            instance.commit()
            uncommitted = sent_and_read(client, instance, topic, start + BATCH)
            kill(victims, sandbox, process, client)
            instance.call("DELETE", "")
            after = client.consumer(group)
            after.subscribe(topic)
            again = after.reads(BATCH)
            after.commit()
            assert after.values() == []
            assert sorted(committed) == list(range(start, start + BATCH))
            assert sorted(again) == sorted(uncommitted) == list(range(start + BATCH, start + 2 * BATCH))
            after.delete()


@pytest.mark.parametrize("victims", [("proxy",), ("kafka",), ("kafka", "proxy")], ids="+".join)
def test_a_kill_of_an_instance_that_commits_by_itself_loses_nothing(
    sandbox: Any, tmp_path: Path, victims: tuple[str, ...]
) -> None:
    with running(sandbox, tmp_path, "consumer.auto.commit.interval.ms=100") as (process, client):
        topic, group = client.topic(), client.group()
        instance = client.consumer(group, auto_commit_enable="true")
        instance.subscribe(topic)
        read = sent_and_read(client, instance, topic, 0)
        client.produce(topic, *({"key": n, "value": n} for n in range(BATCH, 2 * BATCH)))
        kill(victims, sandbox, process, client)
        instance.call("DELETE", "")
        after = client.consumer(group)
        after.subscribe(topic)
        again: list[int] = []
        eventually(lambda: again.extend(after.values()) or set(range(2 * BATCH)) <= {*read, *again}, "all records")
        assert len(again) == len(set(again))
        after.delete()


def sent_and_read(client: Client, instance: Consumer, topic: str, start: int) -> list[int]:
    client.produce(topic, *({"key": n, "value": n} for n in range(start, start + BATCH)))
    return instance.reads(BATCH)


def kill(victims: tuple[str, ...], sandbox: Any, process: ProxyProcess, client: Client) -> None:
    """kill -9 of all of them; they are back when it returns."""
    if "proxy" in victims:
        process.kill()
    if "kafka" in victims:
        sandbox.kill("kafka")
    if "proxy" in victims:
        process.start()
    eventually(lambda: client.call("GET", "/topics").status_code == 200, "Kafka is back")
