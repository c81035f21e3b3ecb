"""The independent oracle: what the clean tables and the answers must be, in plain DuckDB SQL.

Written from the meaning of the questions alone, never from the Spark code it checks. `sandbox data` asks it for the
answer key of the student's own rows, and the tests for what the pipeline must end with.
"""

from sandbox.oracle.answer_key import answer_key, is_key_of
from sandbox.oracle.answers import (
    ANSWERS,
    DATABASE_TABLES,
    EXTRAS,
    KEY_COLUMNS,
    answers,
    answers_from_clean,
    clean_tables,
    connect,
    source_columns,
)
from sandbox.oracle.many_rows import SUMMED, answers_of_chunks

__all__ = [
    "ANSWERS",
    "DATABASE_TABLES",
    "EXTRAS",
    "KEY_COLUMNS",
    "SUMMED",
    "answer_key",
    "answers",
    "answers_from_clean",
    "answers_of_chunks",
    "clean_tables",
    "connect",
    "is_key_of",
    "source_columns",
]
