"""The generator's rows in a real MariaDB: whole, with the right types, old or new but never half."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Engine, create_engine, inspect, text

from sandbox.data import DataBusyError, DataLoadError, Dials, feed, generate, load_database, stored_dataset
from sandbox.data.errors import InvalidRowsError

pytestmark = pytest.mark.sandbox
DATABASE = "generator_test"
TABLES = ("pinterest_data", "geolocation_data", "user_data")
EVERY_DIAL = Dials(decimals=True, duplicates=0.05, late=0.02, drift=True, poison=0.01)


@pytest.fixture
def engine(sandbox: Any) -> Iterator[Engine]:
    """An empty database of its own beside the sandbox's."""
    with sandbox.engine.begin() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {DATABASE}"))
        connection.execute(text(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4"))
    own = create_engine(sandbox.engine.url.set(database=DATABASE))
    yield own
    own.dispose()
    with sandbox.engine.begin() as connection:
        connection.execute(text(f"DROP DATABASE {DATABASE}"))


def stored(engine: Engine, table: str, order: str) -> list[tuple[Any, ...]]:
    """All rows of a table."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY `{order}`"))]


def generated(rows: int, seed: int, dials: Dials) -> dict[str, list[tuple[Any, ...]]]:
    """All rows as the generator makes them."""
    chunks = list(generate(rows, seed, decimals=dials.decimals))
    return {
        entity.table: [tuple(row.values()) for chunk in chunks for row in dict(chunk.tables())[entity].to_pylist()]
        for entity, _ in chunks[0].tables()
    }


@pytest.mark.parametrize("dials", [Dials(), EVERY_DIAL])
def test_the_database_holds_exactly_the_generated_rows(engine: Engine, dials: Dials) -> None:
    load_database(engine, 3_000, 1, dials)
    for table, rows in generated(3_000, 1, dials).items():
        assert stored(engine, table, "index" if table == "pinterest_data" else "ind") == rows
    if dials.feeds:
        payloads = pa.concat_tables(list(feed(3_000, 1, dials)))
        assert stored(engine, "feed", "position") == [tuple(row.values()) for row in payloads.to_pylist()]


def test_tables_have_the_types_and_keys_of_the_course(engine: Engine) -> None:
    load_database(engine, 100, 1, EVERY_DIAL)
    seen = inspect(engine)
    assert [seen.get_pk_constraint(table)["constrained_columns"] for table in TABLES] == [["index"], ["ind"], ["ind"]]
    types = {column["name"]: str(column["type"]).split()[0] for table in TABLES for column in seen.get_columns(table)}
    assert (types["index"], types["follower_count"], types["downloaded"]) == ("INTEGER", "TEXT", "INTEGER")
    assert (types["timestamp"], types["latitude"], types["date_joined"]) == ("DATETIME", "DOUBLE", "DATETIME")


def test_a_refill_replaces_everything_and_drops_a_feed_that_is_not_wanted(engine: Engine) -> None:
    told: list[int] = []
    load_database(engine, 200, 1, EVERY_DIAL, told.append)
    assert told[0] == 200 and told[-1] > 800
    assert "feed" in inspect(engine).get_table_names()
    load_database(engine, 150, 2, Dials())
    assert sorted(inspect(engine).get_table_names()) == sorted([*TABLES, "dataset"])
    assert len(stored(engine, "user_data", "ind")) == 150


def test_the_database_knows_what_it_holds(engine: Engine) -> None:
    assert stored_dataset(engine) is None
    load_database(engine, 120, 5, EVERY_DIAL)
    held = stored_dataset(engine)
    assert held is not None and (held.rows, held.seed, held.dials) == (120, 5, EVERY_DIAL)


def test_a_refill_killed_half_way_leaves_the_old_data_and_the_next_one_mends_it(engine: Engine) -> None:
    load_database(engine, 100, 1, Dials())
    before = stored(engine, "pinterest_data", "index")
    code = (
        "import os, signal, sys\n"
        "from sqlalchemy import create_engine\n"
        "from sandbox.data import Dials, load_database\n"
        "die = lambda rows: os.kill(os.getpid(), signal.SIGKILL)\n"
        "load_database(create_engine(sys.stdin.read()), 40_000, 2, Dials(), die)\n"
    )
    address = engine.url.render_as_string(hide_password=False)
    killed = subprocess.run([sys.executable, "-c", code], input=address, text=True, check=False)
    assert killed.returncode == -9
    assert "pinterest_data_new" in inspect(engine).get_table_names()
    assert stored(engine, "pinterest_data", "index") == before
    held = stored_dataset(engine)
    assert held is not None and held.seed == 1
    load_database(engine, 100, 3, Dials())
    assert sorted(inspect(engine).get_table_names()) == sorted([*TABLES, "dataset"])
    assert stored(engine, "pinterest_data", "index") != before


def test_an_error_half_way_leaves_the_old_data(engine: Engine) -> None:
    load_database(engine, 100, 1, Dials())

    def fail(rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_database(engine, 200, 2, Dials(), fail)
    assert len(stored(engine, "geolocation_data", "ind")) == 100
    load_database(engine, 200, 2, Dials())
    assert len(stored(engine, "geolocation_data", "ind")) == 200


def test_two_refills_at_once_are_refused(engine: Engine) -> None:
    def again(rows: int) -> None:
        with pytest.raises(DataBusyError, match=r"Another process.*sandbox data"):
            load_database(engine, 100, 2, Dials())

    load_database(engine, 100, 1, Dials(), again)


def test_a_refusal_of_the_database_is_named(engine: Engine) -> None:
    def lose_a_table(rows: int) -> None:
        with closing(engine.raw_connection()) as connection:
            connection.cursor().execute("DROP TABLE dataset_new")

    with pytest.raises(DataLoadError, match=r"dataset_new.*old data is in place.*sandbox"):
        load_database(engine, 100, 1, Dials(), lose_a_table)


def test_arguments_out_of_range_change_nothing(engine: Engine) -> None:
    with pytest.raises(InvalidRowsError):
        load_database(engine, 99, 1, Dials())
    assert inspect(engine).get_table_names() == []
