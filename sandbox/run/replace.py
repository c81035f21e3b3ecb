"""Which data the pipeline holds, and how it is cleared when other data comes.

A file says which data was posted. It is removed before anything is cleared and written after all is, so that a
run that dies half way clears again.
"""

import json
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from sandbox.errors import PartFailedError
from sandbox.parts.kafka import Kafka
from sandbox.parts.kinesis import Kinesis
from sandbox.parts.msk_connect import MskConnect
from sandbox.parts.s3 import S3
from sandbox.parts.spark import Spark
from sandbox.parts.spark_session import session
from sandbox.settings import write_private
from sandbox.stack import Stack, wait_until

SCHEMA = "pinterest"
DELETED_AT_ONCE = 1000


def held_file(stack: Stack) -> Path:
    """Where it stands which data the pipeline holds."""
    return stack.settings.home / "held.json"


def held(stack: Stack) -> dict[str, Any] | None:
    """Which data the pipeline holds (rows, seed), None where nobody knows."""
    path = held_file(stack)
    return json.loads(path.read_text()) if path.exists() else None


def hold(stack: Stack, data: Mapping[str, Any]) -> None:
    """From now on the pipeline holds this data."""
    write_private(held_file(stack), json.dumps(dict(data)))


def holds_rows(stack: Stack) -> bool:
    """Whether any record is in a topic."""
    kafka = stack.part(Kafka)
    return any(kafka.end_offsets(topic) != kafka.first_offsets(topic) for topic in kafka.topics().values())


def clear(stack: Stack) -> None:
    """Remove topics, streams, offsets, objects, tables and the posters' progress, and lay the empty topics anew."""
    held_file(stack).unlink(missing_ok=True)
    sink = stack.part(MskConnect)
    stack.supervisor.stop_program(sink.name)
    clear_kafka(stack.part(Kafka), sink.group)
    clear_streams(stack.part(Kinesis))
    clear_bucket(stack.part(S3))
    clear_tables(stack.part(Spark))
    shutil.rmtree(stack.settings.home / "state", ignore_errors=True)
    stack.part(Kafka).provision()
    stack.resume()


def clear_kafka(kafka: Kafka, group: str) -> None:
    """Delete the student's topics, the dead letters among them, and the sink's offsets."""
    admin = kafka.admin
    own = [topic for topic in admin.list_topics(timeout=10).topics if topic.startswith(kafka.secrets.user_id)]
    for deleted in admin.delete_topics(own).values() if own else []:
        deleted.result(timeout=20)
    await_absence(admin, set(own))
    delete_group(admin, group)


def await_absence(admin: AdminClient, topics: set[str], seconds: float = 30) -> None:
    """Wait until the broker no longer lists the topics."""
    if not wait_until(lambda: not topics & set(admin.list_topics(timeout=10).topics), seconds):
        raise PartFailedError("Kafka still lists deleted topics.", "Restart it and try again: sandbox restart kafka")


def delete_group(admin: AdminClient, group: str) -> None:
    """Forget a consumer group's offsets; a group that is not there is as good."""
    try:
        admin.delete_consumer_groups([group])[group].result(timeout=20)
    except KafkaException as error:
        if error.args[0].name() not in ("GROUP_ID_NOT_FOUND", "_UNKNOWN_GROUP"):
            raise


def clear_streams(kinesis: Kinesis) -> None:
    """Delete the student's streams."""
    pages = kinesis.client.get_paginator("list_streams").paginate()
    own = f"streaming-{kinesis.secrets.user_id}-"
    for name in [name for page in pages for name in page["StreamNames"] if name.startswith(own)]:
        kinesis.client.delete_stream(StreamName=name, EnforceConsumerDeletion=True)
        kinesis.client.get_waiter("stream_not_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})


def clear_bucket(s3: S3) -> None:
    """Delete every object of the student's bucket."""
    client = s3.client()
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=s3.bucket)
    keys = [{"Key": item["Key"]} for page in pages for item in page.get("Contents", [])]
    batches = [keys[start : start + DELETED_AT_ONCE] for start in range(0, len(keys), DELETED_AT_ONCE)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda batch: client.delete_objects(Bucket=s3.bucket, Delete={"Objects": batch}), batches))


def clear_tables(spark: Spark) -> None:
    """Drop the course's tables, and what streaming queries know of them."""
    with session(spark) as connection:
        connection.sql(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    shutil.rmtree(spark.checkpoints, ignore_errors=True)
