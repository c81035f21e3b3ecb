"""DataProcessor and Replay: whatever fails, wherever a kill strikes, a row is in Kafka or waits with a reason."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gateway_double import KEY, USER_ID, GatewayDouble
from hypothesis import given, settings
from hypothesis import strategies as st
from kinesis_double import KinesisDouble
from pydantic import SecretStr
from source_tables import SourceTables, row_of, source_tables

import lib.entity_posting
from lib.api_communicator import APICommunicator, BatchOutcome
from lib.data_processor import DataProcessor, PostingPlan
from lib.dead_letters import DeadLetter
from lib.entities import ENTITIES, GEO, PIN, USER, Entity
from lib.errors import (
    ApiKeyRefusedError,
    DatabaseUnreachableError,
    DeadLetterError,
    GatewayError,
    GaveUpError,
    StateLockedError,
)
from lib.kinesis_streams import KinesisStreams
from lib.order_name import OrderName
from lib.progress_state import ProgressStore
from lib.rate_limit import RateLimiter
from lib.rds_db_connector import RDSDBConnector, TableIdentity
from lib.records import Record
from lib.replay import Replay
from lib.retry_policy import RetryPolicy

QUICK = RetryPolicy(give_up_after=0.3, first_wait=0.01, longest_wait=0.05)
SERVER_ERROR = (500, '{"message":"Internal server error"}', {})
ONLY_GEO = PostingPlan(entities=(GEO,), batch_size=10)


class Killed(BaseException):
    """A kill -9, as far as one process can play it: nothing after it runs but what unlocks files."""


class ListSource:
    """The connector's reads over rows in memory; `created` plays the table's creation time."""

    def __init__(self, rows: int, created: str = "2026-01-01T00:00:00Z") -> None:
        self.rows = [row_of(GEO, key) for key in range(rows)]
        self.created = created

    def identity(self, table: str, _key: str) -> TableIdentity:
        return TableIdentity("host", 3306, "pinterest_data", table, self.created)

    def count(self, _entity: Entity) -> int:
        return len(self.rows)

    def rows_after(self, _entity: Entity, after: int | None, limit: int) -> list[Any]:
        return [row for row in self.rows if after is None or row[0] > after][:limit]

    def rows_with_keys(self, _entity: Entity, keys: Sequence[int]) -> list[Any]:
        return [row for row in self.rows if row[0] in keys]


class ScriptedGateway:
    """A communicator that follows a script, one step a batch: "ack", "refuse", "give up", "wrong key" or "killed".

    Every step settles the first `settled` records as "ack" does. `topic` is what Kafka holds.
    """

    def __init__(self, script: Iterator[tuple[str, int]]) -> None:
        self.script = script
        self.topic: list[int] = []

    def post(self, _entity: Entity, records: Sequence[Record], outcome: BatchOutcome) -> None:
        step, settled = next(self.script, ("ack", 0))
        outcome.unsent = list(records)
        if step == "ack":
            settled = len(records)
        self.topic += [record.position for record in records[:settled]]
        if step == "killed":
            raise Killed
        outcome.acknowledged, outcome.unsent = list(records[:settled]), list(records[settled:])
        if step == "refuse":
            outcome.refused, outcome.unsent = [(record, "1: too large") for record in outcome.unsent], []
        if step == "give up":
            raise GaveUpError("Gave up", url="http://gateway")
        if step == "wrong key":
            raise ApiKeyRefusedError("wrong key", url="http://gateway")

    def close(self) -> None:
        pass

    def __call__(self) -> Any:
        return self


class KillingStore:
    """Makes the n-th write to disk a kill, just before or just after it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kills: dict[int, str]) -> None:
        self.writes = 0
        self.kills = kills
        for owner, name in (
            (lib.entity_posting.ProgressStore, "save"),
            (lib.entity_posting.DeadLetterFile, "append"),
            (lib.entity_posting.DeadLetterFile, "update"),
        ):
            monkeypatch.setattr(owner, name, self.wrapped(getattr(owner, name)))

    def wrapped(self, write: Any) -> Any:
        def killing(*arguments: Any) -> None:
            self.writes += 1
            moment = self.kills.pop(self.writes, None)
            if moment == "before":
                raise Killed
            write(*arguments)
            if moment == "after":
                raise Killed

        return killing


def processor(source: Any, gateway: Any, folder: Path, **options: Any) -> DataProcessor:
    return DataProcessor(source, gateway, USER_ID, folder, policy=QUICK, **options)


def replay_all(source: Any, gateway: Any, folder: Path) -> Replay:
    replay = Replay(folder / "dead_letters.jsonl", gateway, USER_ID, folder, lambda: source)
    replay.run(10)
    return replay


STEPS = st.tuples(st.sampled_from(["ack", "refuse", "give up", "wrong key", "killed"]), st.integers(0, 10))
KILLS = st.dictionaries(st.integers(1, 40), st.sampled_from(["before", "after"]), max_size=6)


@settings(max_examples=100)
@given(script=st.lists(STEPS, max_size=25), kills=KILLS, rows=st.integers(0, 60))
def test_no_row_is_lost_whatever_fails_and_wherever_a_kill_strikes(
    tmp_path_factory: pytest.TempPathFactory, script: list[tuple[str, int]], kills: dict[int, str], rows: int
) -> None:
    folder = tmp_path_factory.mktemp("state")
    source, gateway = ListSource(rows), ScriptedGateway(iter(script))
    with pytest.MonkeyPatch.context() as monkeypatch:
        KillingStore(monkeypatch, dict(kills))
        for _ in range(len(script) + len(kills) + 1):  # each run that does not end uses up a step or a kill
            try:
                posting = processor(source, gateway, folder)
                posting.run(ONLY_GEO)
                if posting.dead_letters.path.exists():
                    replay_all(source, gateway, folder)
            except (Killed, GatewayError):
                continue
    last = processor(source, gateway, folder)
    last.run(ONLY_GEO)
    if last.dead_letters.path.exists():
        replay_all(source, gateway, folder)
    last.run(ONLY_GEO)
    [report] = last.report()
    assert set(gateway.topic) == set(range(rows))
    assert (report.taken, report.acknowledged, report.dead_lettered) == (rows, rows, 0)
    assert last.dead_letters.read() == []
    lost_answers = any(step == "killed" for step, _ in script) or kills
    assert lost_answers or len(gateway.topic) == rows, "a row is doubled without a lost answer"


def test_rows_go_out_by_key_and_a_second_run_sends_nothing(tmp_path: Path) -> None:
    gateway = ScriptedGateway(iter(()))
    first, second = (processor(ListSource(25), gateway, tmp_path) for _ in range(2))
    first.run(ONLY_GEO)
    assert gateway.topic == list(range(25))
    second.run(ONLY_GEO)
    assert gateway.topic == list(range(25))
    assert (second.report()[0].acknowledged, second.report()[0].acknowledged_now) == (25, 0)


def test_a_refilled_table_starts_from_its_first_row(tmp_path: Path) -> None:
    gateway = ScriptedGateway(iter(()))
    processor(ListSource(5), gateway, tmp_path).run(ONLY_GEO)
    processor(ListSource(7, created="2026-01-01T00:00:09Z"), gateway, tmp_path).run(ONLY_GEO)
    assert gateway.topic == [*range(5), *range(7)]


def test_a_limit_counts_earlier_runs(tmp_path: Path) -> None:
    gateway = ScriptedGateway(iter(()))
    for rows in (12, 12, 20):
        processor(ListSource(25), gateway, tmp_path).run(replace(ONLY_GEO, rows=rows))
    assert gateway.topic == list(range(20))


def test_a_restart_posts_everything_again_and_forgets_dead_letters(tmp_path: Path) -> None:
    gateway = ScriptedGateway(iter([("refuse", 4)]))
    posting = processor(ListSource(8), gateway, tmp_path)
    posting.run(ONLY_GEO)
    assert posting.report()[0].dead_lettered == 4
    posting.run(replace(ONLY_GEO, restart=True))
    assert gateway.topic == [*range(4), *range(8)]
    assert (posting.report()[0].acknowledged, posting.report()[0].dead_lettered) == (8, 0)
    assert posting.dead_letters.read() == []


def test_giving_up_makes_dead_letters_of_the_batch_in_flight_and_goes_on_after_it(tmp_path: Path) -> None:
    gateway = ScriptedGateway(iter([("ack", 0), ("give up", 3)]))
    posting = processor(ListSource(25), gateway, tmp_path)
    with pytest.raises(GaveUpError):
        posting.run(ONLY_GEO)
    assert (posting.report()[0].taken, posting.report()[0].acknowledged) == (20, 13)
    assert [letter.position for letter in posting.dead_letters.read()] == list(range(13, 20))
    posting.run(ONLY_GEO)
    assert gateway.topic == [*range(13), *range(20, 25)]


def test_a_refused_request_books_nothing(tmp_path: Path) -> None:
    posting = processor(ListSource(25), ScriptedGateway(iter([("wrong key", 0)])), tmp_path)
    with pytest.raises(ApiKeyRefusedError):
        posting.run(ONLY_GEO)
    assert posting.report()[0].taken == 0
    assert posting.dead_letters.read() == []


def test_a_row_json_cannot_hold_becomes_a_dead_letter_with_its_reason_and_is_read_again_by_a_replay(
    tmp_path: Path,
) -> None:
    gateway, source = ScriptedGateway(iter(())), ListSource(5)
    source.rows[2] = (2, b"no moment", float("nan"), 0.0, "")
    posting = processor(source, gateway, tmp_path)
    posting.run(ONLY_GEO)
    [letter] = posting.dead_letters.read()
    assert (letter.entity, letter.key, letter.position, letter.value) == ("geo", 2, 2, None)
    assert "geolocation_data.timestamp of the row with key 2" in letter.reason
    assert letter.row and letter.row["latitude"] == "nan"
    assert replay_all(source, gateway, tmp_path).report()[1].kept == 1
    source.rows[2] = row_of(GEO, 2)
    assert replay_all(source, gateway, tmp_path).report()[1].acknowledged == 1
    assert sorted(gateway.topic) == list(range(5))
    assert posting.dead_letters.read() == []


def test_a_row_that_is_gone_stays_in_the_file_with_that_reason(tmp_path: Path) -> None:
    gateway, source = ScriptedGateway(iter(())), ListSource(5)
    source.rows[2] = (2, b"", 0.0, 0.0, "")
    posting = processor(source, gateway, tmp_path)
    posting.run(ONLY_GEO)
    del source.rows[2]
    replay_all(source, gateway, tmp_path)
    assert "no longer has a row with key 2" in posting.dead_letters.read()[0].reason


def test_a_replay_keeps_what_fails_again_with_the_new_reason(tmp_path: Path) -> None:
    gateway = ScriptedGateway(iter([("give up", 0)]))
    posting = processor(ListSource(5), gateway, tmp_path)
    with pytest.raises(GaveUpError):
        posting.run(ONLY_GEO)
    gateway.script = iter([("refuse", 3)])
    report = replay_all(ListSource(5), gateway, tmp_path).report()[1]
    assert (report.sent, report.acknowledged, report.kept) == (5, 3, 2)
    assert {letter.reason for letter in posting.dead_letters.read()} == {"1: too large"}


def test_a_replayed_record_is_not_sent_by_a_second_replay_of_a_copy(tmp_path: Path) -> None:
    gateway = ScriptedGateway(iter([("refuse", 0)]))
    processor(ListSource(5), gateway, tmp_path).run(ONLY_GEO)
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes((tmp_path / "dead_letters.jsonl").read_bytes())
    replay_all(ListSource(5), gateway, tmp_path)
    replay = Replay(copy, gateway(), USER_ID, tmp_path, lambda: ListSource(5))  # type: ignore[arg-type,return-value]
    replay.run()
    assert sorted(gateway.topic) == list(range(5))
    assert replay.report()[1].dropped == 5


def test_a_file_from_another_machine_is_sent_on_its_own_word(tmp_path: Path) -> None:
    gateway = ScriptedGateway(iter([("refuse", 0)]))
    processor(ListSource(5), gateway, tmp_path / "there").run(ONLY_GEO)
    file = tmp_path / "there" / "dead_letters.jsonl"
    Replay(file, gateway(), USER_ID, tmp_path / "here", lambda: ListSource(5)).run()  # type: ignore[arg-type,return-value]
    assert sorted(gateway.topic) == list(range(5))
    assert file.read_bytes() == b""


def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    processor(ListSource(5), ScriptedGateway(iter([("refuse", 0)])), tmp_path).run(ONLY_GEO)
    gateway: Any = ScriptedGateway(iter(()))
    with pytest.raises(DeadLetterError, match=f"{USER_ID}.geo, but USER_ID is ffff"):
        Replay(tmp_path / "dead_letters.jsonl", gateway, "ffff", tmp_path, lambda: ListSource(5)).run()  # type: ignore[arg-type,return-value]


def test_a_missing_dead_letter_file_is_an_error(tmp_path: Path) -> None:
    gateway: Any = ScriptedGateway(iter(()))
    with pytest.raises(DeadLetterError, match="no dead-letter file"):
        Replay(tmp_path / "nothing.jsonl", gateway, USER_ID, tmp_path, lambda: ListSource(5))  # type: ignore[arg-type,return-value]


def test_dead_letters_without_end_stop_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lib.entity_posting, "MOST_DEAD_LETTERS", 15)
    gateway = ScriptedGateway(iter([("refuse", 0)] * 9))
    posting = processor(ListSource(100), gateway, tmp_path)
    with pytest.raises(DeadLetterError, match=r"no fault of single records.*--replay"):
        posting.run(ONLY_GEO)
    assert posting.report()[0].taken == 20


def test_a_database_that_comes_back_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, gateway, failures = ListSource(25), ScriptedGateway(iter(())), [DatabaseUnreachableError("gone")] * 2
    read = source.rows_after

    def failing(*arguments: Any) -> list[Any]:
        if failures and gateway.topic:
            raise failures.pop()
        return read(*arguments)

    monkeypatch.setattr(source, "rows_after", failing)
    processor(source, gateway, tmp_path).run(ONLY_GEO)
    assert gateway.topic == list(range(25))


def test_a_stop_while_the_database_is_gone_is_a_stop_and_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, source = threading.Event(), ListSource(25)

    def gone(*_arguments: Any) -> list[Any]:
        stop.set()
        raise DatabaseUnreachableError("gone")

    monkeypatch.setattr(source, "rows_after", gone)
    posting = processor(source, ScriptedGateway(iter(())), tmp_path, stop=stop)
    posting.run(ONLY_GEO)
    assert posting.report()[0].taken == 0


def test_a_second_run_beside_the_first_is_refused(tmp_path: Path) -> None:
    posting = processor(ListSource(5), ScriptedGateway(iter(())), tmp_path)
    posting.run(ONLY_GEO)
    name = posting._postings[0].progress.name
    with ProgressStore(tmp_path).locked(name), pytest.raises(StateLockedError):
        processor(ListSource(5), ScriptedGateway(iter(())), tmp_path).run(ONLY_GEO)


def test_the_cap_counts_all_threads_together() -> None:
    limiter = RateLimiter(400, threading.Event())
    began = time.monotonic()
    threads = [threading.Thread(target=lambda: [limiter.wait_for(10) for _ in range(10)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began >= (300 - 10) / 400


def test_with_a_cap_a_batch_holds_no_more_than_a_second_lets_pass() -> None:
    assert [PostingPlan(rate=rate).records_at_once for rate in (None, 0.5, 80, 9999)] == [500, 1, 80, 500]


@pytest.fixture(scope="module")
def tables(sandbox: Any) -> Iterator[SourceTables]:
    with source_tables(sandbox.engine) as tables:
        tables.fill(1200)
        yield tables


@pytest.fixture
def gateway() -> Iterator[GatewayDouble]:
    with GatewayDouble() as gateway:
        yield gateway


def real_processor(tables: SourceTables, gateway: GatewayDouble, folder: Path) -> DataProcessor:
    connector = RDSDBConnector(tables.credentials)
    return processor(connector, lambda: APICommunicator(gateway.url, SecretStr(KEY), USER_ID, policy=QUICK), folder)


@pytest.mark.sandbox
def test_every_row_of_the_database_arrives_once_whole_and_by_key(
    tables: SourceTables, gateway: GatewayDouble, tmp_path: Path
) -> None:
    posting = real_processor(tables, gateway, tmp_path)
    posting.run(PostingPlan())
    for entity in ENTITIES:
        assert gateway.keys(entity.name) == list(range(1200))
        assert [list(value) for value in gateway.values(entity.name)] == [list(entity.columns)] * 1200
    assert gateway.values("pin")[17]["title"] == row_of(PIN, 17)[2]
    assert gateway.values("geo")[17]["timestamp"] == "2018-03-04T05:06:24Z"
    assert [(r.entity, r.sent, r.acknowledged, r.dead_lettered) for r in posting.report()] == [
        (entity.name, 1200, 1200, 0) for entity in ENTITIES
    ]


@pytest.mark.sandbox
def test_the_course_order_posts_the_same_rows_of_all_three_with_repeats(
    tables: SourceTables, gateway: GatewayDouble, tmp_path: Path
) -> None:
    real_processor(tables, gateway, tmp_path).run(PostingPlan(order=OrderName.COURSE, rows=2000))
    pins, geos, users = (gateway.keys(entity.name) for entity in ENTITIES)
    assert pins == geos == users
    assert max(Counter(pins).values()) > 1


@pytest.mark.sandbox
def test_the_feed_is_posted_verbatim(tables: SourceTables, gateway: GatewayDouble, tmp_path: Path) -> None:
    tables.make_feed(
        [(USER.table, '{"ind":5,"extra":1}'), (USER.table, '{"ind":5'), (PIN.table, "[1]"), (USER.table, '{"age":3}')]
    )
    real_processor(tables, gateway, tmp_path).run(PostingPlan(order=OrderName.FEED))
    assert sorted(gateway.topics[f"{USER_ID}.user"], key=str) == sorted(
        [(5, {"ind": 5, "extra": 1}), (None, {"age": 3}), (None, b'{"ind":5')], key=str
    )
    assert gateway.topics[f"{USER_ID}.pin"] == [(None, [1])]


@pytest.mark.sandbox
def test_one_entity_that_fails_stops_the_others_and_all_go_on_later(
    tables: SourceTables, gateway: GatewayDouble, tmp_path: Path
) -> None:
    plan = PostingPlan(batch_size=50)
    gateway.verdict = lambda record: (2, "Retriable") if "age" in record["value"] and record["key"] >= 200 else None
    posting = real_processor(tables, gateway, tmp_path)
    with pytest.raises(GaveUpError):
        posting.run(plan)
    gateway.verdict = lambda _record: None
    real_processor(tables, gateway, tmp_path).run(plan)
    waiting: list[DeadLetter] = posting.dead_letters.read()
    assert {letter.entity for letter in waiting} == {"user"}
    assert [letter.position for letter in waiting] == list(range(200, 250))
    for entity in ENTITIES:
        assert Counter(gateway.keys(entity.name)) == Counter(
            set(range(1200)) - (set(range(200, 250)) if entity is USER else set())
        )


# To Kinesis


def to_kinesis(source: Any, double: KinesisDouble, folder: Path) -> DataProcessor:
    streams = KinesisStreams()

    def communicator() -> APICommunicator:
        return APICommunicator(double.url, SecretStr(KEY), USER_ID, destination=streams, policy=QUICK)

    return DataProcessor(source, communicator, USER_ID, folder, destination=streams, policy=QUICK)


def test_a_kill_between_kinesiss_answer_and_the_booking_posts_that_batch_again_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with KinesisDouble() as double:
        with monkeypatch.context() as patch, pytest.raises(Killed):
            KillingStore(patch, {5: "before"})  # the writes: drop letters, then append and save a batch
            to_kinesis(ListSource(30), double, tmp_path).run(ONLY_GEO)
        posting = to_kinesis(ListSource(30), double, tmp_path)
        posting.run(ONLY_GEO)
        assert double.keys("geo") == [*range(20), *range(10, 30)]
    assert (posting.report()[0].acknowledged, posting.report()[0].acknowledged_now) == (30, 20)


def test_kafka_and_kinesis_each_have_progress_and_dead_letters_of_their_own(tmp_path: Path) -> None:
    source, kafka = ListSource(10), ScriptedGateway(iter([("refuse", 4)]))
    with KinesisDouble() as double:
        double.verdict = lambda record: ("KMSDisabledException", "off") if record["key"] == 7 else None
        to_kinesis(source, double, tmp_path).run(ONLY_GEO)
        processor(source, kafka, tmp_path).run(ONLY_GEO)
        replay_all(source, kafka, tmp_path)
        again = to_kinesis(source, double, tmp_path)
        again.run(ONLY_GEO)
    assert kafka.topic == list(range(10))
    assert double.keys("geo") == [key for key in range(10) if key != 7]
    assert (again.report()[0].acknowledged, again.report()[0].dead_lettered) == (9, 1)
    assert [(letter.topic, letter.key) for letter in again.dead_letters.read()] == [(f"streaming-{USER_ID}-geo", 7)]


def test_a_file_of_the_other_command_is_told_and_nothing_of_it_is_sent(tmp_path: Path) -> None:
    kafka = ScriptedGateway(iter(()))
    with KinesisDouble() as double:
        double.verdict = lambda _record: ("KMSDisabledException", "off")
        to_kinesis(ListSource(3), double, tmp_path).run(ONLY_GEO)
    replay = Replay(tmp_path / "dead_letters_kinesis.jsonl", kafka, USER_ID, tmp_path, lambda: ListSource(3))  # type: ignore[arg-type,return-value]
    with pytest.raises(DeadLetterError, match=r"this is streaming-batch.*with the command that wrote it"):
        replay.run()
    assert kafka.topic == []
