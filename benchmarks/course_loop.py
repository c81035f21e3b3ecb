"""The course's own way of posting: one row, one record, one request, a new HTTP session each.

`python -m benchmarks.course_loop 300`, in the environment of `sandbox env`, posts 300 draws and prints its figures as
JSON. As published, but without its sleeps, and with one database engine where it made one a draw: in its favour.
"""

import json
import os
import random
import sys
import time
from typing import Any

import requests
from sqlalchemy import Connection, text

from benchmarks.source_database import source_engine
from sandbox.data import TABLES

CONTENT_TYPE = "application/vnd.kafka.json.v2+json"


def main(draws: int, rows: int) -> None:
    """Post as many draws as asked for from the first `rows` rows of the three tables."""
    generator = random.Random(100)
    began = time.perf_counter()
    with source_engine().connect() as connection:
        for _ in range(draws):
            post_row(connection, generator.randrange(rows))
    seconds = time.perf_counter() - began
    print(json.dumps({"records": draws * len(TABLES), "seconds": seconds}))


def post_row(connection: Connection, number: int) -> None:
    """Read the same row of the three tables and post each."""
    for entity, table in TABLES.items():
        for row in connection.execute(text(f"SELECT * FROM {table} LIMIT {number}, 1")):
            post(entity, dict(row._mapping))


def post(entity: str, value: dict[str, Any]) -> None:
    """Post one record in a request and a session of its own."""
    address = f"{os.environ['API_INVOKE_URL']}/topics/{os.environ['USER_ID']}.{entity}"
    headers = {"Content-Type": CONTENT_TYPE, "x-api-key": os.environ["API_KEY"]}
    payload = json.dumps({"records": [{"value": value}]}, default=str)
    requests.request("POST", address, headers=headers, data=payload, timeout=60).raise_for_status()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
