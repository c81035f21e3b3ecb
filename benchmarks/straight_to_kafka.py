"""The shortest way from the source database to Kafka: no API, no batches, json.dumps and the producer library.

`python -m benchmarks.straight_to_kafka`, in the environment of `sandbox env`, writes every row of the three tables and
prints its figures as JSON.
"""

import json
import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from sqlalchemy import Connection, text

from benchmarks.source_database import source_engine
from sandbox.data import TABLES
from sandbox.servers.kafka_properties import librdkafka_settings

SAFE = {"acks": "all", "enable.idempotence": True}


class Acknowledgements:
    """Counts what the broker has acknowledged."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, error: Any, _: Any) -> None:
        """Take the answer to one record; a refusal counts for nothing."""
        self.count += error is None


def main() -> None:
    """Write every row and wait for the last acknowledgement."""
    acknowledged = Acknowledgements()
    began = time.perf_counter()
    producer = Producer({**librdkafka_settings(Path(os.environ["KAFKA_CLIENT_PROPERTIES"])), **SAFE})
    with source_engine().connect() as connection:
        for entity, table in TABLES.items():
            write_table(connection, producer, table, f"{os.environ['USER_ID']}.{entity}", acknowledged)
    producer.flush()
    print(json.dumps({"records": acknowledged.count, "seconds": time.perf_counter() - began}))


def write_table(
    connection: Connection, producer: Producer, table: str, topic: str, acknowledged: Acknowledgements
) -> None:
    """Hand every row of a table to the producer; the first column is the key."""
    for row in connection.execute(text(f"SELECT * FROM {table}")):
        value = json.dumps(dict(row._mapping), default=iso_utc)
        producer.produce(topic, value, str(row[0]), on_delivery=acknowledged)
        producer.poll(0)


def iso_utc(moment: datetime) -> str:
    """A moment as it travels."""
    return moment.isoformat() + "Z"


if __name__ == "__main__":
    main()
