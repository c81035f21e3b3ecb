"""The gate after cleaning: what it lets through, and the reason it gives where it does not."""

from dataclasses import replace
from pathlib import Path

import pytest
from landing import USER, USER_ID, land, line

from lib.jobs import clean, load_data
from lib.notebook import Parameters
from lib.quality import CleanedRows, QualityGateError, require_few_quarantined, require_sum
from lib.tables import Tables

ROWS = CleanedRows("pin", raw=100, clean=90, duplicates=5, conflicts=2, invalid=3)


def test_rows_that_add_up_pass() -> None:
    require_sum(ROWS, clean=90, quarantined=5)


@pytest.mark.parametrize(("clean_rows", "quarantined"), [(89, 5), (91, 5), (90, 4), (90, 6)])
def test_a_missing_or_doubled_row_is_an_error(clean_rows: int, quarantined: int) -> None:
    with pytest.raises(QualityGateError, match="rows of pin do not add up: 100 raw rows"):
        require_sum(ROWS, clean_rows, quarantined)


def test_more_clean_rows_than_raw_ones_are_an_error() -> None:
    with pytest.raises(QualityGateError, match="-5 duplicates"):
        require_sum(replace(ROWS, duplicates=-5), clean=90, quarantined=5)


def test_as_many_in_quarantine_as_allowed_pass() -> None:
    require_few_quarantined(ROWS, unparsed=100, limit=105 / 200)


def test_more_in_quarantine_than_allowed_is_an_error_with_the_numbers_and_the_query() -> None:
    reason = r"105 of 200 rows of pin \(52.50%\) .* max_quarantine_share=0.5 allows: 100 unreadable, 3 invalid, 2 repl"
    with pytest.raises(QualityGateError, match=reason):
        require_few_quarantined(ROWS, unparsed=100, limit=0.5)


def test_no_row_at_all_passes() -> None:
    require_few_quarantined(CleanedRows("pin", 0, 0, 0, 0, 0), unparsed=0, limit=0)


@pytest.mark.sandbox
@pytest.mark.filterwarnings("ignore::lib.jobs.NothingLandedWarning")
def test_cleaning_fails_where_too_many_rows_are_set_aside_and_keeps_the_tables(tables: Tables, tmp_path: Path) -> None:
    land(tmp_path, "user", 0, 0, [line(USER, ind=1), line(USER, ind=2, age="old"), "no JSON"])
    where = Parameters(tables.catalog, tables.schema, f"file://{tmp_path}", USER_ID)
    load_data(tables.spark, where)
    with pytest.raises(QualityGateError, match=r"2 of 3 rows of user .* 1 unreadable, 1 invalid, 0 replaced"):
        clean(tables.spark, "user", replace(where, max_quarantine_share="0.5"))
    assert tables.known("user").count() == 1
    clean(tables.spark, "user", replace(where, max_quarantine_share="0.7"))
