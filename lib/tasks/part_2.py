"""The checks of part 2: from the MSK cluster to the S3 bucket."""

from __future__ import annotations

from typing import Any

from lib.checks import Given, require, task
from lib.kafka_client import records_by_partition
from lib.landed_objects import LandedObject

HOUR_MS = 3_600_000
NEVER = "-1"
NAMES = {
    "topics/0a1b2c3d4e5f.pin/partition=2/0a1b2c3d4e5f.pin+2+0000001500.json": ("0a1b2c3d4e5f.pin", 2, 1500),
    "topics/practice02/a.b-c/partition=11/a.b-c+11+0000000000.json": ("a.b-c", 11, 0),
    "x/partition=0/x+0+0123456789.json": ("x", 0, 123456789),
}


@task("2.1", "The course's connector runs", "2-msk-to-s3.md#6-make-the-connector")
def the_courses_connector_runs(given: Given) -> None:
    """`connector`: what describe_connector told of USER_ID-s3-sink."""
    _require_running(given["connector"])


@task("2.2", "Your own connector runs", "2-msk-to-s3.md#6-make-the-connector")
def the_practice_connector_runs(given: Given) -> None:
    """`practice_connector`: as described; `folder` and `topic`: where it reads and writes."""
    connector = given["practice_connector"]
    _require_running(connector)
    config = connector["connectorConfiguration"]
    require(config.get("topics") == given["topic"], f"It must read {given['topic']} alone, and no topic of the course.")
    require(config.get("topics.dir") == given["folder"], f"It must write to {given['folder']}: set topics.dir.")


@task("2.3", "Every record is in the bucket once", "2-msk-to-s3.md#7-see-the-objects-land")
def every_record_is_there_once(given: Given) -> None:
    """`rows_of`: the rows of each object; `dead`: the dead letters; `admin`, `topic`: what Kafka holds."""
    keys = [row["ind"] for row in _rows(given)]
    require(len(set(keys)) == len(keys), f"{len(keys) - len(set(keys))} rows of the bucket are there more than once.")
    sent = sum(records_by_partition(given["admin"], given["topic"]).values())
    accounted = len(keys) + len(given["dead"])
    require(sent == accounted, f"The topic holds {sent} records, bucket and dead letters {accounted}: call `landed()`.")


@task("2.4", "What partition=0 hides", "2-msk-to-s3.md#what-goes-wrong")
def what_one_partition_hides(given: Given) -> None:
    """`lost`: the number of rows in the objects of other partitions than 0."""
    lost, objects = given["lost"], given["rows_of"]
    require(isinstance(lost, int), "`lost` is to be a whole number.")
    hidden = sum(len(rows) for key, rows in objects.items() if LandedObject.of(key).partition != 0)
    if lost == hidden:
        return
    require(lost != len(_rows(given)) - hidden, "That is what such a reader sees. What is in the other partitions?")
    require(lost != len([key for key in objects if LandedObject.of(key).partition]), "These are objects. Count rows.")
    require(False, "Add up `len(rows_of[each.key])` of the objects whose partition is not 0.")


@task("2.5", "A name is taken apart", "2-msk-to-s3.md#7-see-the-objects-land")
def a_name_is_taken_apart(given: Given) -> None:
    """`place_of`: from an object's name to (topic, partition, first offset)."""
    place_of = given["place_of"]
    for key, place in NAMES.items():
        found = place_of(key)
        require(found is not None, "`place_of` returns nothing: end it with `return`.")
        require(tuple(found) == place, f"`place_of({key!r})` is {found!r}; mind the types, and the folder's depth.")


@task("2.6", "Five thousand records, or an hour", "2-msk-to-s3.md#6-make-the-connector")
def an_object_an_hour(given: Given) -> None:
    """`hourly`: a configuration whose objects are written at 5,000 records or at the full hour."""
    hourly = given["hourly"]
    numbers = [key for key, value in hourly.items() if not isinstance(value, str)]
    require(not numbers, f"MSK Connect takes text only: write {', '.join(numbers)} in quotes.")
    require(hourly.get("flush.size") == "5000", "An object is to hold 5,000 records: that is `flush.size`.")
    schedule = hourly.get("rotate.schedule.interval.ms")
    require(schedule == str(HOUR_MS), f"An hour has {HOUR_MS:,} milliseconds: `rotate.schedule.interval.ms`.")
    require(hourly.get("timezone"), "The schedule counts from midnight of a `timezone`: keep it.")
    interval = hourly.get("rotate.interval.ms", NEVER)
    require(
        interval == NEVER or int(interval) >= HOUR_MS,
        f"`rotate.interval.ms` is {interval}: an object would be written that long after its first record.",
    )
    changed = {"flush.size", "rotate.schedule.interval.ms", "rotate.interval.ms"}
    others = sorted(key for key, value in given["config"].items() if key not in changed and hourly.get(key) != value)
    require(not others, f"Leave the other keys as they are: {', '.join(others)}.")


@task("2.7", "Every record is accounted for", "2-msk-to-s3.md#check")
def every_record_is_accounted_for(given: Given) -> None:
    """`account`: topic, lines and dead_letters as whole numbers, with topic = lines + dead_letters."""
    account: dict[str, Any] = given["account"]
    wanted = {"topic", "lines", "dead_letters"}
    require(set(account) == wanted, f"`account` has the keys {', '.join(sorted(wanted))} and no others.")
    unknown = sorted(name for name, number in account.items() if not isinstance(number, int))
    require(not unknown, f"{', '.join(unknown)} of `account` is no whole number yet.")
    require(account["lines"] == len(_rows(given)), "`lines` is not the number of lines in all objects of the topic.")
    require(account["dead_letters"] > 0, "There is a dead letter: read the topic `dead_letters`.")
    total = account["lines"] + account["dead_letters"]
    require(account["topic"] == total, f"The topic has {account['topic']} records, lines and dead letters are {total}.")


def _require_running(connector: dict[str, Any]) -> None:
    state, reason = connector["connectorState"], (connector.get("stateDescription") or {}).get("message", "")
    require(state == "RUNNING", f"The connector is {state}. {reason}".strip())


def _rows(given: Given) -> list[dict[str, Any]]:
    return [row for rows in given["rows_of"].values() for row in rows]
