"""The independent oracle: what must become of the records of the topics, in plain Python.

What the clean tables and the answers must be is in `sandbox.oracle`, in plain DuckDB SQL. Both are written from the
meaning of the questions alone, never from the Spark code they check.
pytest puts `tests/` on the path, so a test says `from oracle import answers`.
"""

from sandbox.oracle import ANSWERS, DATABASE_TABLES, KEY_COLUMNS, answers, answers_from_clean, clean_tables

from .compare import assert_same_rows, rows_of
from .database import read_database
from .identities import Counts, identities, key_identity, no_fault_identity
from .streamed import Expected, OracleError, Quarantined, Record, expected_from_records

__all__ = [
    "ANSWERS",
    "DATABASE_TABLES",
    "KEY_COLUMNS",
    "Counts",
    "Expected",
    "OracleError",
    "Quarantined",
    "Record",
    "answers",
    "answers_from_clean",
    "assert_same_rows",
    "clean_tables",
    "expected_from_records",
    "identities",
    "key_identity",
    "no_fault_identity",
    "read_database",
    "rows_of",
]
