"""The S3 sink's plan without Kafka and S3: lines, names, rotation, and exactly once over crashes at any moment."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.servers.msk_connect.converter import json_line
from sandbox.servers.msk_connect.dead_letters import context_headers
from sandbox.servers.msk_connect.errors import NotJsonError, OffsetsWentBackError, TaskFailedError
from sandbox.servers.msk_connect.naming import object_key
from sandbox.servers.msk_connect.plan import NullValues, PartitionPlan
from sandbox.servers.msk_connect.records import DeadLetter, Record, SourcePartition, Stage
from sandbox.servers.msk_connect.rotation import Rotation

# --- one value, one line ---

SCALAR = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
DOCUMENT = st.recursive(SCALAR, lambda inner: st.lists(inner) | st.dictionaries(st.text("ab \n\"'\\é"), inner))


@given(DOCUMENT.filter(lambda document: document is not None), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_a_line_is_the_value_without_blanks_and_line_breaks(document: Any, indent: Any, ascii_only: bool) -> None:
    sent = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    line = json_line(sent.encode())
    assert line is not None
    assert b"\n" not in line
    assert line.decode() == json.dumps(document, separators=(",", ":"), ensure_ascii=ascii_only)


def test_numbers_characters_and_the_order_of_keys_stay_as_sent() -> None:
    sent = '{ "z": 1.10, "a": 123456789012345678901234567890, "name" : "Zoë ✓ \\u00e9" }'
    assert json_line(sent.encode()) == ('{"z":1.10,"a":123456789012345678901234567890,"name":"Zoë ✓ \\u00e9"}'.encode())


@pytest.mark.parametrize("value", [None, b"null", b" null\n"])
def test_a_tombstone_and_json_null_are_both_null(value: bytes | None) -> None:
    assert json_line(value) is None


@pytest.mark.parametrize("value", [b"", b"{", b'{"a": 1} x', b"NaN", b'"\xff"', b"\xef\xbb\xbf{}", b"'a'", b'"a\nb"'])
def test_what_is_not_one_json_document_is_poison(value: bytes) -> None:
    with pytest.raises(NotJsonError):
        json_line(value)


def test_an_object_is_named_after_its_first_offset_in_ten_digits() -> None:
    assert object_key("topics", "id.pin", 2, 1500) == "topics/id.pin/partition=2/id.pin+2+0000001500.json"


def test_a_dead_letter_carries_connects_headers() -> None:
    letter = DeadLetter(Record(41, b"k", b"{", 0, []), Stage.VALUE_CONVERTER, "cut off")
    headers = dict(context_headers(letter, SourcePartition("id.pin", "ID", 2), "sink", 1))
    assert headers["__connect.errors.topic"] == b"id.pin"
    assert headers["__connect.errors.partition"] == b"2"
    assert headers["__connect.errors.offset"] == b"41"
    assert headers["__connect.errors.connector.name"] == b"sink"
    assert headers["__connect.errors.task.id"] == b"1"
    assert headers["__connect.errors.stage"] == b"VALUE_CONVERTER"
    assert headers["__connect.errors.exception.message"] is not None
    assert headers["__connect.errors.exception.message"].endswith(b"cut off")


# --- rotation ---


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def test_without_intervals_a_file_stays_open_until_it_is_full() -> None:
    assert Rotation(500).deadline(0) is None


def test_the_interval_counts_from_the_files_first_record() -> None:
    assert Rotation(500, interval_ms=10_000).deadline(1_234) == 11_234


def test_the_schedule_is_aligned_to_the_wall_clock() -> None:
    rotation = Rotation(500, schedule_ms=600_000)
    assert rotation.deadline(ms("2026-11-23T10:03:07+00:00")) == ms("2026-11-23T10:10:00+00:00")
    assert rotation.deadline(ms("2026-11-23T10:10:00+00:00")) == ms("2026-11-23T10:20:00+00:00")


def test_the_schedule_starts_anew_at_midnight_of_its_time_zone() -> None:
    rotation = Rotation(500, schedule_ms=7 * 3_600_000, timezone=ZoneInfo("Asia/Kolkata"))
    assert rotation.deadline(ms("2026-11-23T22:00:00+05:30")) == ms("2026-11-24T00:00:00+05:30")


@given(st.integers(0, 4_000_000_000_000), st.integers(1, 90_000_000))
def test_the_next_scheduled_moment_is_later_and_at_most_one_interval_away(opened: int, schedule: int) -> None:
    deadline = Rotation(500, schedule_ms=schedule, timezone=UTC).deadline(opened)
    assert deadline is not None
    assert opened < deadline <= opened + schedule


def test_of_two_intervals_the_earlier_moment_counts() -> None:
    assert Rotation(500, interval_ms=5, schedule_ms=1_000).deadline(100) == 105


# --- one partition's plan ---


def nothing_found(_first_offset: int) -> int | None:
    return None


def plan_of(rotation: Rotation, null_values: NullValues = NullValues.IGNORE, tolerate: bool = True) -> PartitionPlan:
    return PartitionPlan(0, rotation, null_values, tolerate, nothing_found)


def record(offset: int, value: bytes | None = b"{}") -> Record:
    return Record(offset, b"key", value, 0, [])


def test_a_file_is_due_when_full_or_when_its_time_has_come() -> None:
    plan = plan_of(Rotation(2, interval_ms=100))
    plan.add(record(0), now_ms=1_000)
    assert (plan.full(), plan.due(1_099), plan.due(1_100)) == (False, False, True)
    plan.add(record(1), now_ms=1_001)
    assert plan.full()


def test_dead_letters_without_an_open_file_wait_for_nothing() -> None:
    plan = plan_of(Rotation(500))
    assert not plan.due(0)
    plan.add(record(0, b"{"), now_ms=0)
    assert plan.due(0)
    assert [letter.record.offset for letter in plan.range().dead_letters] == [0]


def test_dead_letters_are_bounded_as_lines_are() -> None:
    plan = plan_of(Rotation(2))
    plan.add(record(0), now_ms=0)
    plan.add(record(1, b"{"), now_ms=0)
    assert not plan.full()
    plan.add(record(2, b"{"), now_ms=0)
    assert plan.full()


def test_a_null_is_ignored_without_tolerance_and_a_dead_letter_with_it() -> None:
    for tolerate, letters in ((False, 0), (True, 1)):
        plan = plan_of(Rotation(500), tolerate=tolerate)
        plan.add(record(0, None), now_ms=0)
        assert plan.range().next_offset == 1
        assert len(plan.range().dead_letters) == letters


def test_a_null_fails_the_task_when_told_to() -> None:
    with pytest.raises(TaskFailedError, match="offset 7 has no value"):
        plan_of(Rotation(500), NullValues.FAIL).add(record(7, None), now_ms=0)


def test_poison_fails_a_task_without_tolerance() -> None:
    with pytest.raises(TaskFailedError, match="offset 7 cannot be written"):
        plan_of(Rotation(500), tolerate=False).add(record(7, b"{"), now_ms=0)


def test_an_offset_that_was_taken_already_is_an_error() -> None:
    plan = plan_of(Rotation(500))
    plan.add(record(7), now_ms=0)
    with pytest.raises(OffsetsWentBackError):
        plan.add(record(7), now_ms=0)


def test_an_adopted_object_ends_at_its_last_offset_even_if_that_record_is_gone() -> None:
    plan = PartitionPlan(3, Rotation(500), NullValues.IGNORE, True, lambda first: {3: 5}.get(first))
    plan.add(record(3), now_ms=0)
    plan.add(record(4, b"{"), now_ms=0)
    assert not plan.full(5)
    assert plan.full(8)
    assert (plan.range().lines, plan.range().next_offset) == ([], 5)
    assert len(plan.range().dead_letters) == 1


# --- exactly once ---

VALUES = {"line": b"{}", "poison": b"{", "null": None}


@dataclass
class Partition:
    """A partition, its bucket, and its commits, that a crash leaves as they are."""

    log: list[Record]
    committed: int = 0
    objects: dict[int, tuple[int, int]] = field(default_factory=dict)
    dead_letters: list[int] = field(default_factory=list)

    def find(self, first_offset: int) -> int | None:
        found = self.objects.get(first_offset)
        return found[0] if found else None


class CrashError(Exception):
    """kill -9."""


def settle(partition: Partition, plan: PartitionPlan, die: st.DataObject) -> None:
    """What a task does with a range; it may die before, between and after the two steps."""
    span = plan.range()
    crash_perhaps(die)
    if span.lines:
        assert span.first_offset is not None
        assert span.last_offset is not None
        assert span.first_offset not in partition.objects, "an object was written twice"
        partition.objects[span.first_offset] = (span.last_offset, len(span.lines))
    crash_perhaps(die)
    partition.committed = span.next_offset
    partition.dead_letters += [letter.record.offset for letter in span.dead_letters]
    crash_perhaps(die)
    plan.settle()


def crash_perhaps(die: st.DataObject) -> None:
    if die.draw(st.integers(0, 7), label="dies at 0") == 0:
        raise CrashError


def live(partition: Partition, die: st.DataObject) -> None:
    """One life of a worker: batches of any length, files closed by size or, at a batch's end, by time."""
    rotation = Rotation(die.draw(st.integers(1, 4), label="flush.size"), interval_ms=1)
    plan = PartitionPlan(partition.committed, rotation, NullValues.IGNORE, True, partition.find)
    rest = [entry for entry in partition.log if entry.offset >= partition.committed]
    while rest:
        size = die.draw(st.integers(1, 6), label="batch")
        for entry in rest[:size]:
            if plan.full(entry.offset):
                settle(partition, plan, die)
            plan.add(entry, now_ms=0)
            if plan.full():
                settle(partition, plan, die)
        rest = rest[size:]
        time_passes = not rest or die.draw(st.booleans(), label="time passes")
        if plan.due(now_ms=1 if time_passes else 0):
            settle(partition, plan, die)


@given(
    kinds=st.lists(st.tuples(st.sampled_from(sorted(VALUES)), st.integers(1, 3)), max_size=30),
    die=st.data(),
)
def test_every_record_lands_exactly_once_whenever_the_worker_dies(
    kinds: list[tuple[str, int]], die: st.DataObject
) -> None:
    offsets = [sum(step for _, step in kinds[: i + 1]) for i in range(len(kinds))]
    log = [record(offset, VALUES[kind]) for offset, (kind, _) in zip(offsets, kinds, strict=True)]
    partition = Partition(log)
    while True:
        try:
            live(partition, die)
            break
        except CrashError:
            continue

    lines = [entry.offset for entry in log if entry.value == VALUES["line"]]
    ranges = [(first, last) for first, (last, _) in sorted(partition.objects.items())]
    assert [offset for first, last in ranges for offset in lines if first <= offset <= last] == lines
    for first, (last, records) in partition.objects.items():
        assert sum(first <= offset <= last for offset in lines) == records
    assert partition.dead_letters == [entry.offset for entry in log if entry.value != VALUES["line"]]
