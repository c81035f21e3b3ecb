"""kill -9 at any moment: what was answered with success is there, once, and every place still works."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import Counter
from typing import Any

import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from kinesis_helpers import (
    KinesisProcess,
    become_active,
    iterator,
    new_name,
    read_stream,
    shards,
    stream_names,
    summary,
    wait_until,
)

pytestmark = pytest.mark.sandbox

BATCH = 50
# After so long without a sign of it, the controller takes the broker out of the cluster.
BROKER_SESSION_SECONDS = 3
NO_ANSWER = (BotoCoreError, ClientError)


class Writer:
    """Writes batches of numbered records until told to stop; knows which records were answered with success."""

    def __init__(self, kinesis: KinesisProcess, name: str) -> None:
        self.answered: dict[str, str] = {}
        self.batches = 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.write, args=(kinesis.new_client(), name))

    def write(self, client: Any, name: str) -> None:
        number = 0
        while not self.stop.is_set():
            texts = [f"{number + each}" for each in range(BATCH)]
            number += BATCH
            records = [{"Data": text.encode(), "PartitionKey": text} for text in texts]
            try:
                answer = client.put_records(StreamName=name, Records=records)
            except NO_ANSWER:
                time.sleep(0.05)
                continue
            told = zip(texts, answer["Records"], strict=True)
            self.answered |= {text: place["SequenceNumber"] for text, place in told if "SequenceNumber" in place}
            self.batches += 1

    def __enter__(self) -> Writer:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()

    def await_more(self, batches: int = 3) -> None:
        goal = self.batches + batches
        wait_until(lambda: self.batches >= goal, "more is written")


def require_answered_records(client: Any, name: str, writer: Writer) -> None:
    found = read_stream(client, name)
    counts = Counter(record["Data"].decode() for record in found)
    numbers = {record["Data"].decode(): record["SequenceNumber"] for record in found}
    assert not writer.answered.keys() - counts.keys()
    assert {text for text, count in counts.items() if count > 1} == set()
    assert {text: numbers[text] for text in writer.answered} == writer.answered


def kill_while_writing(kinesis: KinesisProcess, kills: int) -> None:
    client, name = kinesis.client(), new_name()
    client.create_stream(StreamName=name, ShardCount=3)
    become_active(client, name)
    client.put_record(StreamName=name, Data=b"first", PartitionKey="1", ExplicitHashKey="0")
    place = iterator(client, name)
    with Writer(kinesis, name) as writer:
        for _ in range(kills):
            writer.await_more()
            time.sleep(random.random() * 0.1)
            kinesis.kill()
            kinesis.start()
        writer.await_more()
    require_answered_records(client, name, writer)
    assert client.get_records(ShardIterator=place, Limit=1)["Records"][0]["Data"] == b"first"


def test_a_killed_server_loses_and_doubles_nothing_and_iterators_still_work(mortal_kinesis: KinesisProcess) -> None:
    kill_while_writing(mortal_kinesis, kills=1)


@pytest.mark.full
def test_a_server_killed_many_times_loses_and_doubles_nothing(mortal_kinesis: KinesisProcess) -> None:
    kill_while_writing(mortal_kinesis, kills=25)


def test_definitions_outlive_a_kill(mortal_kinesis: KinesisProcess) -> None:
    client, name = mortal_kinesis.client(), new_name()
    client.create_stream(StreamName=name, ShardCount=2, Tags={"a": "b"})
    become_active(client, name)
    client.split_shard(StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey="1000")
    become_active(client, name)
    client.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=48)
    before = (summary(client, name), shards(client, name))
    mortal_kinesis.kill()
    mortal_kinesis.start()
    assert (summary(client, name), shards(client, name)) == before
    assert client.list_tags_for_stream(StreamName=name)["Tags"] == [{"Key": "a", "Value": "b"}]


def test_what_was_under_way_is_ended_by_the_next_server(mortal_kinesis: KinesisProcess) -> None:
    client, name, other = mortal_kinesis.client(), new_name(), new_name()
    client.create_stream(StreamName=name, ShardCount=2)
    mortal_kinesis.kill()
    mortal_kinesis.start()
    become_active(client, name)
    client.update_shard_count(StreamName=name, TargetShardCount=3, ScalingType="UNIFORM_SCALING")
    mortal_kinesis.kill()
    mortal_kinesis.start()
    assert become_active(client, name)["OpenShardCount"] == 3
    client.create_stream(StreamName=other, ShardCount=1)
    become_active(client, other)
    client.delete_stream(StreamName=other)
    mortal_kinesis.kill()
    mortal_kinesis.start()
    wait_until(lambda: stream_names(client) == [name], "the deleted stream is gone")


def test_a_server_that_is_asked_to_stop_answers_what_is_on_its_way(mortal_kinesis: KinesisProcess) -> None:
    client, name = mortal_kinesis.client(), new_name()
    client.create_stream(StreamName=name, ShardCount=1)
    become_active(client, name)
    with Writer(mortal_kinesis, name) as writer:
        writer.await_more()
        assert mortal_kinesis.stop() == 0
        mortal_kinesis.start()
        writer.await_more()
    require_answered_records(client, name, writer)


@pytest.mark.full
def test_a_killed_server_resharding_under_load_loses_nothing(mortal_kinesis: KinesisProcess) -> None:
    client, name = mortal_kinesis.client(), new_name()
    client.create_stream(StreamName=name, ShardCount=2)
    become_active(client, name)
    with Writer(mortal_kinesis, name) as writer:
        for target in (4, 2, 3, 6, 3, 2):
            writer.await_more()
            with contextlib.suppress(*NO_ANSWER):
                client.update_shard_count(StreamName=name, TargetShardCount=target, ScalingType="UNIFORM_SCALING")
            time.sleep(random.random() * 0.2)
            mortal_kinesis.kill()
            mortal_kinesis.start()
            become_active(client, name)
    require_answered_records(client, name, writer)


@pytest.mark.full
def test_a_killed_broker_loses_and_doubles_nothing(sandbox: Any, mortal_kinesis: KinesisProcess) -> None:
    """Answers wait for the broker to come back, or are errors; every success stands once."""
    client, name = mortal_kinesis.client(), new_name()
    client.create_stream(StreamName=name, ShardCount=3)
    become_active(client, name)
    place = iterator(client, name)
    with Writer(mortal_kinesis, name) as writer:
        for _ in range(3):
            writer.await_more()
            before = sandbox.pid("kafka")
            sandbox.kill("kafka")
            wait_until(lambda before=before: sandbox.pid("kafka") not in (0, before), "the broker is started again")
            writer.await_more()
    require_answered_records(client, name, writer)
    assert client.get_records(ShardIterator=place)["Records"]


@pytest.mark.full
def test_a_broker_that_stalls_is_found_again(sandbox: Any, mortal_kinesis: KinesisProcess) -> None:
    """A laptop that was asleep: whoever asked meanwhile is told, by a broker just awake, of a cluster of no brokers."""
    client, name = mortal_kinesis.client(), new_name()
    client.create_stream(StreamName=name, ShardCount=1)
    become_active(client, name)
    broker = psutil.Process(sandbox.pid("kafka"))
    with Writer(mortal_kinesis, name) as writer:
        for _ in range(4):
            broker.suspend()
            try:
                client.create_stream(StreamName=new_name(), ShardCount=1)
                time.sleep(3 * BROKER_SESSION_SECONDS)
            finally:
                broker.resume()
            writer.await_more()
    require_answered_records(client, name, writer)
    for made in stream_names(client):
        become_active(client, made)
    assert sandbox.kafka.end_offsets(sandbox.topic("pin"))
