"""Count the rows at every hop, each with the hop's own client."""

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from confluent_kafka import Consumer, TopicPartition
from sqlalchemy import text

from sandbox.data import TABLES
from sandbox.parts.kafka import ENTITIES, Kafka
from sandbox.parts.mariadb import MariaDB
from sandbox.parts.s3 import S3
from sandbox.parts.spark import Spark
from sandbox.parts.spark_session import session
from sandbox.run.replace import SCHEMA
from sandbox.stack import Stack

Counts = dict[str, int]
READERS = 4
TOPIC_HEADER = "__connect.errors.topic"


def source_rows(mariadb: MariaDB) -> Counts:
    """Rows of the three tables by entity."""
    engine = mariadb.engine()
    with engine.connect() as connection:
        counted = {name: connection.execute(text(f"SELECT COUNT(*) FROM {TABLES[name]}")) for name in ENTITIES}  # noqa: S608
        rows = {name: int(result.scalar_one()) for name, result in counted.items()}
    engine.dispose()
    return rows


def topic_records(kafka: Kafka) -> Counts:
    """Records of the three topics by entity: the topics hold no transactions, so every offset is a record."""
    return {
        name: sum(kafka.end_offsets(topic).values()) - sum(kafka.first_offsets(topic).values())
        for name, topic in kafka.topics().items()
    }


def landed(s3: S3, topics: dict[str, str]) -> tuple[Counts, Counts]:
    """Objects and their lines by entity."""
    client = s3.client()
    objects: Counts = {}
    lines: Counts = {}
    for name, topic in topics.items():
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=s3.bucket, Prefix=f"topics/{topic}/")
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        with ThreadPoolExecutor(READERS) as pool:
            counted = pool.map(lambda key: count_lines(client.get_object(Bucket=s3.bucket, Key=key)["Body"]), keys)
            objects[name], lines[name] = len(keys), sum(counted)
    return objects, lines


def count_lines(body: Iterable[bytes]) -> int:
    """Lines of a JSON Lines object."""
    return sum(piece.count(b"\n") for piece in body)


def sink_dead_letters(kafka: Kafka, topic: str) -> Counts:
    """Records of the sink's dead-letter topic by entity, told apart by the header that names their topic."""
    by_topic: Counter[str] = Counter()
    by_topic.update(origin(letter) for letter in records(kafka, topic, kafka.end_offsets(topic)))
    return {name: by_topic[own] for name, own in kafka.topics().items()}


def origin(message: Any) -> str:
    """The topic a dead letter comes from."""
    return dict(message.headers() or []).get(TOPIC_HEADER, b"").decode()


def records(kafka: Kafka, topic: str, ends: dict[int, int]) -> Iterator[Any]:
    """Every committed record of a topic up to the given end offsets."""
    settings = {"group.id": "sandbox-count", "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    consumer = Consumer({**kafka.client_settings(), **settings, "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, partition, 0) for partition, end in ends.items() if end])
    open_partitions = sum(bool(end) for end in ends.values())
    try:
        while open_partitions:
            for message in consumer.consume(500, timeout=5):
                if message.error():
                    open_partitions -= 1
                else:
                    yield message
    finally:
        consumer.close()


def table_rows(spark: Spark) -> dict[str, Counts]:
    """Rows by entity in the raw and clean tables and in quarantine, the duplicates, and the distinct keys.

    Returns:
        Counts by entity under `raw`, `clean`, `parse_quarantine`, `clean_quarantine`, `duplicates` (identical repeats,
        counted in the raw table itself) and `keys` (distinct keys in the clean table and in quarantine together).
    """
    with session(spark) as connection, ThreadPoolExecutor(len(ENTITIES)) as pool:
        connection.sql(f"USE {SCHEMA}")
        rows = list(pool.map(lambda entity: connection.sql(count_sql(connection, entity)).collect()[0], ENTITIES))
    return {name: {e: int(row[name]) for e, row in zip(ENTITIES, rows, strict=True)} for name in rows[0].asDict()}


def count_sql(connection: Any, entity: str) -> str:
    """The counts of one entity in one query: the raw table's own columns are a row's content."""
    landed_with = {"payload", "source_file", "source_partition", "source_offset", "source_line", "ingest_time"}
    columns = [f"r.`{name}`" for name in connection.table(f"raw_{entity}").columns if name not in landed_with]
    return COUNT_SQL.format(entity=entity, content=", ".join(columns))


COUNT_SQL = """
WITH refused AS (
  SELECT * FROM quarantine WHERE table_name = '{entity}'
), sound AS (
  SELECT count(*) AS rows, count(DISTINCT xxhash64({content})) AS versions FROM raw_{entity} r
  LEFT ANTI JOIN (SELECT source_file, source_line FROM refused WHERE stage = 'clean' AND reason NOT LIKE 'conflict%') f
  ON r.source_file = f.source_file AND r.source_line = f.source_line
), keys AS (
  SELECT ind, NULL AS stage, 1 AS clean FROM `{entity}` UNION ALL SELECT ind, stage, 0 FROM refused
)
SELECT
  (SELECT count(*) FROM raw_{entity}) AS raw,
  sum(clean) AS clean,
  count_if(stage = 'parse') AS parse_quarantine,
  count_if(stage = 'clean') AS clean_quarantine,
  (SELECT rows - versions FROM sound) AS duplicates,
  count(DISTINCT ind) AS keys
FROM keys
"""


def count_stages(stack: Stack, acknowledged: Counts) -> dict[str, Counts]:
    """Every figure of the reconciliation, by stage and entity."""
    kafka = stack.part(Kafka)
    objects, lines = landed(stack.part(S3), kafka.topics())
    tables = table_rows(stack.part(Spark))
    parse, cleaned = tables.pop("parse_quarantine"), tables.pop("clean_quarantine")
    return {
        "source": source_rows(stack.part(MariaDB)),
        "acknowledged": acknowledged,
        "topic": topic_records(kafka),
        "sink_dead_letters": sink_dead_letters(kafka, kafka.dead_letter_topic),
        "s3_lines": lines,
        "s3_objects": objects,
        "parse_quarantine": parse,
        "clean_quarantine": cleaned,
        "quarantine": {name: parse[name] + cleaned[name] for name in ENTITIES},
        **tables,
    }
