"""The three orders of posting."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from source_tables import SourceTables, source_tables

from lib.entities import ENTITIES, GEO, PIN, USER
from lib.errors import UnknownTableError
from lib.post_orders import ORDERS, CourseOrder, FeedOrder, PostOrder, SequentialOrder, course_draws
from lib.rds_db_connector import RDSDBConnector


def test_the_courses_draws_are_those_every_student_saw() -> None:
    assert list(islice(course_draws(), 8)) == [7528, 2863, 5730, 8304, 8731, 1313, 4315, 10794]


def test_three_thousand_draws_hit_the_published_number_of_posts() -> None:
    times = Counter(islice(course_draws(), 3000))
    assert len(times) == 2617
    # Joined on ind without removing repeats, a post drawn n times becomes n * n * n rows.
    assert sum(n**3 for n in times.values()) == 5718


@pytest.fixture(scope="module")
def tables(sandbox: Any) -> Iterator[SourceTables]:
    with source_tables(sandbox.engine) as tables:
        tables.fill(9000)
        yield tables


@pytest.fixture(scope="module")
def connector(tables: SourceTables) -> Iterator[RDSDBConnector]:
    with RDSDBConnector(tables.credentials) as connector:
        yield connector


def positions_and_keys(order: PostOrder, after: int | None, limit: int) -> list[tuple[int, int | None]]:
    batch = order.read(after, limit)
    return [(item.position, item.key) for item in batch.items] if batch else []


@pytest.mark.sandbox
@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_the_kth_post_of_every_entity_is_the_row_that_limit_k_1_selects(connector: RDSDBConnector, entity: Any) -> None:
    batch = CourseOrder(connector, entity).read(None, 40)
    assert batch is not None
    with connector.engine.connect() as connection:
        for item, draw in zip(batch.items, [n for n in islice(course_draws(), 40) if n < 9000], strict=True):
            # The emulator's own query, on the table's primary key.
            row = connection.exec_driver_sql(f"SELECT * FROM {entity.table} LIMIT {draw}, 1").one()
            assert tuple(item.content) == tuple(row)


@pytest.mark.sandbox
def test_a_draw_beyond_the_end_of_the_table_posts_nothing_and_counts_as_done(connector: RDSDBConnector) -> None:
    batch = CourseOrder(connector, PIN).read(None, 8)
    assert batch is not None
    assert [item.position for item in batch.items] == [1, 2, 3, 4, 5, 6, 7]  # the 8th draw is row 10,794
    assert (batch.taken, batch.last_position) == (8, 8)


@pytest.mark.sandbox
def test_the_courses_draws_resume_after_any_of_them(connector: RDSDBConnector) -> None:
    whole = positions_and_keys(CourseOrder(connector, USER), None, 60)
    order = CourseOrder(connector, USER)
    assert positions_and_keys(order, 30, 30) == [pair for pair in whole if pair[0] > 30]
    assert positions_and_keys(order, 7, 10) == [pair for pair in whole if 7 < pair[0] <= 17]


@pytest.mark.sandbox
def test_totals_follow_what_is_wanted_and_what_there_is(connector: RDSDBConnector) -> None:
    assert [SequentialOrder(connector, PIN).total(wanted) for wanted in (None, 10, 99_999)] == [9000, 10, 9000]
    assert [CourseOrder(connector, PIN).total(wanted) for wanted in (None, 10, 99_999)] == [9000, 10, 99_999]


@pytest.mark.sandbox
def test_the_sequential_order_ends(connector: RDSDBConnector) -> None:
    order = SequentialOrder(connector, GEO)
    assert positions_and_keys(order, 8997, 10) == [(8998, 8998), (8999, 8999)]
    assert order.read(8999, 10) is None


@pytest.mark.sandbox
def test_the_feed_hands_each_entity_its_payloads_by_position(tables: SourceTables, connector: RDSDBConnector) -> None:
    tables.make_feed([(PIN.table, "{}"), (GEO.table, '{"ind":2}'), (PIN.table, "cut o"), (GEO.table, "[3]")])
    order = FeedOrder(connector, GEO)
    batch = order.read(None, 10)
    assert batch is not None
    assert [(item.position, item.content) for item in batch.items] == [(2, '{"ind":2}'), (4, "[3]")]
    assert order.total(None) == 2
    assert order.identity().table == "feed"
    assert order.record(batch.items[0]).key == 2


@pytest.mark.sandbox
def test_a_feed_for_an_unknown_table_is_refused(tables: SourceTables, connector: RDSDBConnector) -> None:
    tables.make_feed([("someone_elses", "{}")])
    with pytest.raises(UnknownTableError, match="someone_elses"):
        FeedOrder(connector, PIN).identity()


def test_orders_are_found_by_name() -> None:
    assert {name.value: order for name, order in ORDERS.items()} == {
        "sequential": SequentialOrder,
        "course": CourseOrder,
        "feed": FeedOrder,
    }
