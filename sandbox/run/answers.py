"""The answers to the course's questions, read from their tables."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rich.table import Table

from sandbox.parts.spark import Spark
from sandbox.parts.spark_session import session
from sandbox.run.replace import SCHEMA

Rows = list[dict[str, Any]]

# Title, and the columns that order the rows, by question.
QUESTIONS = {
    "1": ("The most popular category in each country", ("country", "category")),
    "2a": ("Posts in each category and year, 2018 to 2022", ("post_year", "category")),
    "2b": ("The most popular category of each year", ("post_year", "category")),
    "3a": ("The poster with most followers in each country", ("country", "poster_name")),
    "3b": ("The country of the poster with most followers", ("country",)),
    "4": ("The most popular category of each age group", ("age_group", "category")),
    "5": ("Median followers of each age group", ("age_group",)),
    "6": ("Users who joined in each year", ("join_year",)),
    "7": ("Median followers by joining year", ("join_year",)),
    "8": ("Median followers by joining year and age group", ("age_group", "join_year")),
}
LONGEST_SHOWN = 8
READERS = 4


def read_answers(spark: Spark) -> dict[str, Rows]:
    """Every answer as a list of rows, in the order of its key columns."""
    with session(spark) as connection, ThreadPoolExecutor(READERS) as pool:
        tables = [connection.table(f"{SCHEMA}.answer_{name}").orderBy(*keys) for name, (_, keys) in QUESTIONS.items()]
        collected = pool.map(lambda table: [row.asDict() for row in table.collect()], tables)
        return dict(zip(QUESTIONS, collected, strict=True))


def answer_table(name: str, rows: Rows) -> Table:
    """One answer as a table; of a long one the beginning."""
    title, _ = QUESTIONS[name]
    table = Table(title=f"{name}. {title}", title_justify="left")
    for column in rows[0] if rows else ():
        table.add_column(column, justify="right" if isinstance(rows[0][column], int | float) else "left")
    for row in rows[:LONGEST_SHOWN]:
        table.add_row(*(shown(value) for value in row.values()))
    if len(rows) > LONGEST_SHOWN:
        table.caption = f"the first {LONGEST_SHOWN} of {len(rows)} rows"
    return table


def shown(value: Any) -> str:
    """A value as a reader wants it; years stay plain."""
    if isinstance(value, float):
        return f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) and value >= 10_000 else str(value)
