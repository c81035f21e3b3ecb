"""The three streams of a student, filled without a poster."""

import json
from typing import Any

from landing import GEO, PIN, USER, USER_ID, line

from lib.entities import ENTITIES, Entity

RECORDS = {"pin": PIN, "geo": GEO, "user": USER}
OPTIONS = {"region": "us-east-1", "initialPosition": "earliest", "maxRecordsPerTrigger": "600"}


class Streams:
    """The three streams of a student, and what is put into them."""

    def __init__(self, client: Any) -> None:
        self.client = client
        for entity in ENTITIES:
            client.create_stream(StreamName=entity.stream(USER_ID), ShardCount=2)
        for entity in ENTITIES:
            client.get_waiter("stream_exists").wait(StreamName=entity.stream(USER_ID), WaiterConfig={"Delay": 1})

    def put(self, name: str, lines: list[str]) -> None:
        """Lines with their key as the partition key, as the poster sends them."""
        stream = f"streaming-{USER_ID}-{name}"
        for start in range(0, len(lines), 500):
            entries = [{"Data": text.encode(), "PartitionKey": key_of(text)} for text in lines[start : start + 500]]
            assert self.client.put_records(StreamName=stream, Records=entries)["FailedRecordCount"] == 0

    def put_rows(self, first: int, last: int) -> None:
        """Rows of all three entities."""
        for entity in ENTITIES:
            self.put(entity.name, rows_of(entity, first, last))

    def delete(self) -> None:
        for entity in ENTITIES:
            self.client.delete_stream(StreamName=entity.stream(USER_ID))
            self.client.get_waiter("stream_not_exists").wait(
                StreamName=entity.stream(USER_ID), WaiterConfig={"Delay": 1}
            )


def rows_of(entity: Entity, first: int, last: int) -> list[str]:
    return [line(RECORDS[entity.name], **{entity.key: number}) for number in range(first, last)]


def key_of(text: str) -> str:
    try:
        found = json.loads(text)
        return str(found.get("ind", found.get("index")))
    except (ValueError, AttributeError):
        return text[:10] or "-"
