"""One row's way through every hop, as a table a student can read."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.table import Table
from sqlalchemy import Connection, inspect, text

from sandbox.data import schema
from sandbox.parts.kafka import Kafka
from sandbox.parts.kinesis import Kinesis
from sandbox.parts.mariadb import MariaDB
from sandbox.parts.s3 import S3
from sandbox.parts.spark import Spark
from sandbox.parts.spark_session import session
from sandbox.run.counts import origin, records
from sandbox.run.replace import SCHEMA
from sandbox.run.trace_request import request_of, stream_requests
from sandbox.run.trace_stream import stream_records
from sandbox.settings import Settings
from sandbox.stack import Stack

SHOWN_CHARACTERS = 120
NOWHERE = "not there"


@dataclass(frozen=True)
class Hop:
    """One place where the row was found, or was looked for in vain.

    Attributes:
        name: the hop, in the words of the course.
        where: the place within it.
        what: what stands there.
    """

    name: str
    where: str
    what: str = ""


def trace(stack: Stack, entity: schema.Entity, ind: int) -> list[Hop]:
    """Look for the row of an entity with a key at every hop, each with the hop's own client."""
    topic = stack.part(Kafka).topics()[entity.name]
    found = landed_records(stack.part(Kafka), topic, ind)
    hops = [database_hop(stack.part(MariaDB), entity, ind)]
    for record in found:
        hops += [*request_hops(stack.settings, record), topic_hop(record), object_hop(stack, record)]
    if not found:
        hops.append(Hop("topic", topic, f"no record with the key {ind}"))
    return [*hops, *stream_hops(stack, entity, ind), *table_hops(stack.part(Spark), entity, ind)]


def trace_table(entity: schema.Entity, ind: int, hops: Iterable[Hop]) -> Table:
    """The hops as a table."""
    table = Table(title=f"{entity.name}: {entity.key} {ind}", title_justify="left")
    for column in ("hop", "where", "what"):
        table.add_column(column, overflow="fold")
    for hop in hops:
        table.add_row(hop.name, hop.where, hop.what)
    return table


def short(value: Any) -> str:
    """The beginning of a value."""
    shown = str(value)
    return shown if len(shown) <= SHOWN_CHARACTERS else shown[: SHOWN_CHARACTERS - 3] + "..."


def database_hop(mariadb: MariaDB, entity: schema.Entity, ind: int) -> Hop:
    """The row in the source database."""
    engine = mariadb.engine()
    with engine.connect() as connection:
        what = database_row(connection, entity, ind)
    engine.dispose()
    return Hop("database", f"{entity.table}, {entity.key} = {ind}", what)


def database_row(connection: Connection, entity: schema.Entity, ind: int) -> str:
    """The row's columns, or why there are none."""
    if not inspect(connection).has_table(entity.table):
        return "no table yet: fill it with sandbox data"
    query = text(f"SELECT * FROM {entity.table} WHERE `{entity.key}` = :ind")  # noqa: S608
    row = connection.execute(query, {"ind": ind}).mappings().first()
    return fields(dict(row)) if row else NOWHERE


def fields(row: dict[str, Any]) -> str:
    """A row's columns, one a line."""
    return "\n".join(f"{name}: {short(value)}" for name, value in row.items())


def landed_records(kafka: Kafka, topic: str, ind: int) -> list[Any]:
    """Every record of the topic with the key, a repetition among them."""
    key = str(ind).encode()
    return [record for record in records(kafka, topic, kafka.end_offsets(topic)) if record.key() == key]


def topic_hop(record: Any) -> Hop:
    """Where the record stands in Kafka."""
    where = f"{record.topic()}, partition {record.partition()}, offset {record.offset()}"
    return Hop("topic", where, f"key {record.key().decode()}, {len(record.value() or b'')} bytes")


def request_hops(settings: Settings, record: Any) -> list[Hop]:
    """The request that brought the record: at the gateway, and as it came to the REST proxy."""
    found = request_of(settings, record)
    if found.proxy is None:
        return [Hop("request", "REST proxy", "none in the log: the record came another way, or the log was rotated")]
    proxy = Hop("proxy", f"REST proxy, {found.proxy['records']} records", answered(found.proxy))
    if found.gateway is None:
        return [Hop("request", "API Gateway", "none in the log: it came straight to the proxy, or was rotated"), proxy]
    return [Hop("request", f"API Gateway, request {found.gateway['requestId']}", answered(found.gateway)), proxy]


def answered(line: dict[str, Any]) -> str:
    """A line of a request log in short."""
    return f"{line['httpMethod']} {line['path']} {line['status']} in {line['responseLatency']:.0f} ms"


def object_hop(stack: Stack, record: Any) -> Hop:
    """The object and line that the sink made of the record, or its dead letter."""
    s3, prefix = stack.part(S3), f"topics/{record.topic()}/partition={record.partition()}/"
    pages = s3.client().get_paginator("list_objects_v2").paginate(Bucket=s3.bucket, Prefix=prefix)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    holder = max((key for key in keys if first_offset(key) <= record.offset()), key=first_offset, default=None)
    for number, line in enumerate(lines_of(s3, holder) if holder else (), start=1):
        if line == parsed(record.value()):
            return Hop("object", f"s3://{s3.bucket}/{holder}", f"line {number}")
    return dead_letter_hop(stack.part(Kafka), record)


def first_offset(key: str) -> int:
    """The offset in an object's name."""
    return int(key.rpartition("+")[2].removesuffix(".json"))


def lines_of(s3: S3, key: str) -> list[Any]:
    """An object's lines, read as JSON."""
    body = s3.client().get_object(Bucket=s3.bucket, Key=key)["Body"].read()
    return [json.loads(line) for line in body.splitlines()]


def parsed(value: bytes | None) -> Any:
    """A record's value as JSON; None for what is none."""
    try:
        return json.loads(value or b"null")
    except ValueError:
        return None


def dead_letter_hop(kafka: Kafka, record: Any) -> Hop:
    """The sink's dead letter of the record."""
    topic = kafka.dead_letter_topic
    for letter in records(kafka, topic, kafka.end_offsets(topic)):
        if (origin(letter), letter.key()) == (record.topic(), record.key()):
            where = f"{topic}, partition {letter.partition()}, offset {letter.offset()}"
            return Hop("dead letter", where, reason_of(letter))
    return Hop("object", "S3", "not landed yet: the sink writes it when its file is full or its interval is over")


def reason_of(letter: Any) -> str:
    """Why the sink could not write a record."""
    headers = dict(letter.headers() or [])
    return headers.get("__connect.errors.exception.message", b"").decode()


def stream_hops(stack: Stack, entity: schema.Entity, ind: int) -> list[Hop]:
    """The row's records in its Kinesis stream; silent where it did not go that way."""
    stream = f"streaming-{stack.secrets.user_id}-{entity.name}"
    hops = []
    for shard, record in stream_records(stack.part(Kinesis).client, stream, entity.key, ind):
        hops.append(stream_request_hop(stack.settings, stream, record["ApproximateArrivalTimestamp"]))
        hops.append(Hop("stream", f"{stream}, {shard}", f"sequence number {record['SequenceNumber']}"))
    return hops


def stream_request_hop(settings: Settings, stream: str, arrived: datetime) -> Hop:
    """The request that brought a record of a stream to the gateway; all that may have, where there were several."""
    found = stream_requests(settings, stream, arrived)
    if not found:
        return Hop("stream request", "API Gateway", "none in the log: it came straight to Kinesis, or was rotated")
    where = "one of " if len(found) > 1 else ""
    where += ", ".join(f"request {line['requestId']}" for line in found)
    return Hop("stream request", f"API Gateway, {where}", "\n".join(map(answered, found)))


def table_hops(spark: Spark, entity: schema.Entity, ind: int) -> list[Hop]:
    """The row in the tables: as it landed, cleaned, and set aside with the reason."""
    with session(spark) as connection:
        if not connection.catalog.databaseExists(SCHEMA):
            return [Hop("raw", SCHEMA, "no table yet: load_data has not run")]
        hops = []
        for name, table, condition, columns in table_queries(entity, ind):
            if connection.catalog.tableExists(f"{SCHEMA}.`{table}`"):
                rows = connection.table(f"{SCHEMA}.`{table}`").where(condition).select(*columns).collect()
                hops += hops_of(name, table, [row.asDict() for row in rows])
        return hops


def table_queries(entity: schema.Entity, ind: int) -> list[tuple[str, str, str, list[str]]]:
    """Name of the hop, table, condition and columns, in the row's order."""
    place = ["source_file", "source_offset", "ingest_time"]
    aside = f"table_name IN ('{entity.name}', 'stream_{entity.name}') AND ind = {ind}"
    return [
        ("raw", f"raw_{entity.name}", f"`{entity.key}` = {ind}", place),
        ("clean", entity.name, f"ind = {ind}", ["*"]),
        ("quarantine", "quarantine", aside, ["table_name", "stage", "reason", "payload", *place]),
        ("raw, by the stream", f"raw_stream_{entity.name}", f"`{entity.key}` = {ind}", ["source_file", "ingest_time"]),
        ("stream table", f"stream_{entity.name}", f"ind = {ind}", ["*"]),
    ]


def hops_of(name: str, table: str, rows: list[dict[str, Any]]) -> list[Hop]:
    """One hop a row; quarantine and the stream's tables are silent where the row did not come that way."""
    if not rows:
        return [Hop(name, f"{SCHEMA}.{table}", NOWHERE)] if name in ("raw", "clean") else []
    return [Hop(name, f"{SCHEMA}.{table}", fields(row)) for row in rows]
