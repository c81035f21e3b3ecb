"""The streaming job on the sandbox: Kinesis to Delta, each record once, whatever dies."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from landing import USER, USER_ID, land, line
from pyspark.errors import PySparkException
from streams import OPTIONS, Streams, rows_of

from lib.entities import ENTITIES
from lib.errors import SettingsError
from lib.jobs import clean, load_data
from lib.notebook import Parameters
from lib.parity import check_parity
from lib.stream_job import StreamRun, started, write_stream_data
from lib.tables import QUARANTINE, Tables, stream_table
from sandbox.parts.kinesis import Kinesis


@pytest.fixture
def streams(sandbox: Any) -> Iterator[Streams]:
    made = Streams(sandbox.stack.part(Kinesis).client)
    yield made
    made.delete()


def parameters(tables: Tables, folder: Path, **changes: str) -> Parameters:
    return Parameters(tables.catalog, tables.schema, user_id=USER_ID, checkpoint_path=str(folder), **changes)


def write(tables: Tables, folder: Path, **changes: str) -> StreamRun:
    return write_stream_data(tables.spark, parameters(tables, folder, **changes), OPTIONS, lambda _: None)


def keys(tables: Tables, name: str) -> list[int]:
    return sorted(row.ind for row in tables.known(f"stream_{name}").select("ind").collect())


@pytest.mark.sandbox
def test_every_record_lands_once_and_as_the_batch_has_it(streams: Streams, tables: Tables, tmp_path: Path) -> None:
    streams.put_rows(0, 1000)
    first = write(tables, tmp_path / "checkpoints")
    summary = {row.table: (row.records, row.rows) for row in first.summary().collect()}
    assert summary == dict.fromkeys(map(stream_table, ENTITIES), (1000, 1000))
    assert write(tables, tmp_path / "checkpoints").batches == []
    where = parameters(tables, tmp_path, raw_path=f"file://{tmp_path / 'topics'}")
    for entity in ENTITIES:
        land(tmp_path / "topics", entity.name, 0, 0, rows_of(entity, 0, 1000))
    load_data(tables.spark, where)
    for entity in ENTITIES:
        clean(tables.spark, entity.name, where)
    assert [row.stream for row in check_parity(tables.spark, where).collect()] == [1000, 1000, 1000]


@pytest.mark.full
@pytest.mark.sandbox
def test_what_comes_again_and_a_lost_checkpoint_double_nothing(
    streams: Streams, tables: Tables, tmp_path: Path
) -> None:
    streams.put_rows(0, 500)
    write(tables, tmp_path / "checkpoints")
    streams.put_rows(400, 600)
    streams.put("user", ["poison", line(USER, ind=5, first_name="Changed")])
    write(tables, tmp_path / "checkpoints")
    write(tables, tmp_path / "other checkpoints")
    for entity in ENTITIES:
        assert keys(tables, entity.name) == list(range(600))
    refused = tables.known(QUARANTINE).orderBy("stage").collect()
    assert [(row.table_name, row.stage, row.ind) for row in refused] == [
        ("stream_user", "clean", 5),
        ("stream_user", "parse", None),
    ]


@pytest.mark.full
@pytest.mark.sandbox
def test_a_continuous_run_takes_what_comes_until_it_is_interrupted(
    streams: Streams, tables: Tables, tmp_path: Path
) -> None:
    streams.put_rows(0, 10)
    seen: list[str] = []

    def watch(text: str) -> None:
        if not seen:
            streams.put_rows(10, 20)
        seen.append(text)
        if text.count(" 20 records") == len(ENTITIES) and text.count("s late") == len(ENTITIES):
            raise KeyboardInterrupt

    run = write_stream_data(tables.spark, parameters(tables, tmp_path, mode="continuous"), OPTIONS, watch)
    assert all(keys(tables, entity.name) == list(range(20)) for entity in ENTITIES)
    assert {row.table: row.records for row in run.summary().collect()} == dict.fromkeys(run.tallies, 20)
    assert all(0 <= batch.latency <= batch.worst_latency for batch in run.batches)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"mode": "sometimes"}, r"mode is 'sometimes'.*available_now or continuous"),
        ({"run_seconds": "long"}, "run_seconds is 'long'"),
        ({"user_id": ""}, "user_id is empty"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_told_before_anything_starts(changes: dict[str, str], told: str) -> None:
    given = {"catalog": "c", "schema": "s", "user_id": USER_ID, "checkpoint_path": "/nowhere", **changes}
    with pytest.raises(SettingsError, match=told):
        write_stream_data(None, Parameters(**given), OPTIONS)


class Writer:
    """A query that fails to start as often as it has failures left."""

    def __init__(self, *failures: str) -> None:
        self.failures = list(failures)

    def start(self) -> str:
        if self.failures:
            raise PySparkException(self.failures.pop(0))
        return "a query"


SLOW = "SocketTimeoutException: Timed out while waiting for the Python worker to connect back"


def test_a_query_whose_python_is_slow_to_start_is_started_again() -> None:
    assert started(Writer(SLOW, SLOW)) == "a query"


@pytest.mark.parametrize("failures", [("no such stream",), (SLOW,) * 9], ids=["another failure", "slow for ever"])
def test_a_query_that_cannot_start_is_not_started_for_ever(failures: tuple[str, ...]) -> None:
    writer = Writer(*failures)
    with pytest.raises(PySparkException, match=failures[0]):
        started(writer)
    assert len(failures) - len(writer.failures) <= 4
