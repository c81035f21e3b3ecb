"""The checks of part 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib.checks import Given, require, task
from lib.kafka_client import TopicMissingError, records_by_partition
from lib.kafka_policy import policy_faults

WALKTHROUGH = "1-ec2-kafka-client.md"
TOPICS, RECORDS = f"{WALKTHROUGH}#8-make-the-topics", f"{WALKTHROUGH}#9-send-a-record-and-read-it"
ROLE, TEAR_DOWN = f"{WALKTHROUGH}#4-give-the-instance-a-role", f"{WALKTHROUGH}#tear-down"

PRACTICE_PARTITIONS, PRACTICE_RECORDS = 3, 30
EXERCISE_PARTITIONS, EXERCISE_RECORDS, READ_RECORDS = 6, 300, 100
SOUGHT = "123"
GRANTED = ("kafka-cluster:Connect", "kafka-cluster:DescribeTopic", "kafka-cluster:WriteData")


def _records(given: Given, name: str) -> dict[int, int]:
    """Records by partition of the topic that the variable `name` names."""
    topic = given[name]
    try:
        return records_by_partition(given["admin"], topic)
    except TopicMissingError:
        require(False, f"Kafka has no topic {topic}: run the cell that makes it.")
        raise


@task("1.1", "The practice topic holds what was sent", RECORDS)
def practice_topic_holds_records(given: Given) -> None:
    """`practice`: the topic; `delivered`: pairs (error, record) of `on_delivery`."""
    records = _records(given, "practice")
    require(len(records) == PRACTICE_PARTITIONS, f"The topic has {len(records)} partitions, not {PRACTICE_PARTITIONS}.")
    errors = [error for error, _ in given["delivered"] if error]
    require(not errors, f"{len(errors)} records were not delivered: {errors[0] if errors else ''}")
    held = sum(records.values())
    require(
        held == PRACTICE_RECORDS, f"The topic holds {held} records, not {PRACTICE_RECORDS}: make it anew, and send."
    )


@task("1.2", "A topic with six partitions", TOPICS)
def exercise_topic_has_partitions(given: Given) -> None:
    """`exercise`: the name of the topic."""
    found = len(_records(given, "exercise"))
    require(found == EXERCISE_PARTITIONS, f"The topic has {found} partitions, not {EXERCISE_PARTITIONS}.")


@task("1.3", "Three hundred records, each acknowledged", RECORDS)
def records_are_acknowledged(given: Given) -> None:
    """`acknowledged`: (key, partition, offset) of each delivered record."""
    places = given["acknowledged"]
    require(places, "`acknowledged` is empty: `on_delivery` is called while the producer is flushed or polled.")
    require(all(len(place) == 3 for place in places), "Each item should be a tuple (key, partition, offset).")
    keys = {_text(key) for key, _, _ in places}
    missing = {str(number) for number in range(EXERCISE_RECORDS)} - keys
    require(not missing, f"{len(missing)} keys were not delivered, {min(missing, key=int) if missing else ''} is one.")
    require(len(places) == EXERCISE_RECORDS, f"There are {len(places)} places for {EXERCISE_RECORDS} keys.")
    held = _records(given, "exercise")
    strangers = {partition for _, partition, _ in places} - set(held)
    require(not strangers, f"The topic has no partition {', '.join(map(str, sorted(strangers)))}.")
    require(sum(held.values()) >= EXERCISE_RECORDS, "The topic holds fewer records than were acknowledged.")
    require(all(offset >= 0 for _, _, offset in places), "An offset is negative: with acks=0 nobody tells where it is.")


@task("1.4", "A record, found by its place", RECORDS)
def record_is_found(given: Given) -> None:
    """`found`: the message with key 123."""
    found = given["found"]
    require(hasattr(found, "key"), f"`found` is a {type(found).__name__}; `poll` gives a message, `consume` a list.")
    require(found.error() is None, f"`found` is an error: {found.error()}")
    require(found.topic() == given["exercise"], f"The record is of the topic {found.topic()}.")
    require(_text(found.key()) == SOUGHT, f"The record's key is {_text(found.key())}, not {SOUGHT}.")


@task("1.5", "The lag of a group", RECORDS)
def lag_is_told(given: Given) -> None:
    """`lag`: from each partition to the number of records that the group has still to read."""
    lag, held = given["lag"], _records(given, "exercise")
    require(isinstance(lag, Mapping), f"`lag` is a {type(lag).__name__}; it should be a dictionary.")
    require(set(lag) == set(held), f"`lag` should have the keys 0 to {EXERCISE_PARTITIONS - 1}, one a partition.")
    wrong = [partition for partition in held if not 0 <= lag[partition] <= held[partition]]
    require(not wrong, f"Partition {wrong[0] if wrong else ''}: no lag is below 0, or above the records there are.")
    left, wanted = sum(lag.values()), EXERCISE_RECORDS - READ_RECORDS
    require(
        left == wanted,
        f"{left} records are left to read; of {EXERCISE_RECORDS}, {READ_RECORDS} should be read. A group that was used "
        "before goes on where it was: make the topic anew.",
    )


@task("1.6", "A policy that lets a producer work", ROLE)
def policy_is_sound(given: Given) -> None:
    """`policy`: the policy document."""
    policy = given["policy"]
    faults = policy_faults(policy)
    require(not faults, " ".join(faults))
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    actions = {action for statement in statements for action in _many(statement["Action"])}
    missing = [action for action in GRANTED if action not in actions]
    require(not missing, f"It does not grant {', '.join(missing)}.")
    surplus = sorted(actions - set(GRANTED))
    require(not surplus, f"A producer does not need {', '.join(surplus)}.")
    resources = {str(resource) for statement in statements for resource in _many(statement["Resource"])}
    wanted = {given["cluster_arn"], given["topic_arn"]}
    require(resources == wanted, f"It should name {' and '.join(sorted(wanted))}, and names other resources.")


@task("1.7", "Nothing of the practice is left", TEAR_DOWN)
def practice_is_gone(given: Given) -> None:
    """`admin`: a client; `practice`, `small`, `exercise`: the topics of this notebook."""
    present = given["admin"].list_topics(timeout=10).topics
    left = [given[name] for name in ("practice", "small", "exercise") if given[name] in present]
    require(not left, f"Still there: {', '.join(left)}. `delete_topics` removes topics.")


def _text(key: Any) -> str:
    return key.decode() if isinstance(key, bytes) else str(key)


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
