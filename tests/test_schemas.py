"""The tables' columns: the course's order, and one spelling for all of them."""

import pytest

from lib.entities import ENTITIES, GEO, PIN, USER, Entity
from lib.schemas import LANDED, QUARANTINE, clean_schema, raw_schema, source_schema


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_a_raw_table_holds_the_source_columns_and_where_they_came_from(entity: Entity) -> None:
    assert raw_schema(entity).fieldNames() == [*entity.columns, *LANDED.fieldNames()]


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_a_key_is_a_whole_number_of_32_bits(entity: Entity) -> None:
    assert source_schema(entity)[entity.key].dataType.simpleString() == "int"


def test_followers_land_as_text_and_are_cleaned_to_64_bits() -> None:
    assert source_schema(PIN)["follower_count"].dataType.simpleString() == "string"
    assert clean_schema(PIN)["follower_count"].dataType.simpleString() == "bigint"


@pytest.mark.parametrize(
    ("entity", "columns"),
    [
        (
            PIN,
            "ind unique_id title description follower_count poster_name tag_list is_image_or_video image_src "
            "save_location category",
        ),
        (GEO, "ind country coordinates timestamp"),
        (USER, "ind user_name age date_joined"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_clean_table_has_the_columns_of_the_course_in_its_order(entity: Entity, columns: str) -> None:
    assert clean_schema(entity).fieldNames() == columns.split()


def test_quarantine_says_what_why_and_from_where() -> None:
    assert QUARANTINE.fieldNames() == ["table_name", "stage", "ind", "reason", *LANDED.fieldNames()]
