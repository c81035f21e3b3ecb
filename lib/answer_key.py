"""The answer key: salted hashes of the right answers to the student's own data, and how an answer is compared to one.

The file is JSON: `format` (1), `salt` (hexadecimal), `rows` and `seed` of the data, and `answers`, where each key has
`columns` (names in their order), `rows` (their number) and `hash` (hexadecimal).

A hash is PBKDF2-HMAC-SHA256 of the canonical text, 100,000 rounds, salted with the salt's bytes and the key's name.
The canonical text is a line a row, sorted; a line is a JSON array, without blanks, of one text a column:

- `null` for None and NaN; `b:true` and `b:false`;
- `n:` and a number to twelve significant digits (`%.12g` of its float): 3, 3.0 and Decimal("3.00") are one, and so are
  a mean and the same mean summed in another order; zero has no sign;
- `s:` and a text in Unicode's NFC;
- `d:` and a date in ISO 8601; `t:` and a moment in UTC with microseconds, one without a zone counts as UTC;
- a list of these for a list.

Standard library only: a DataFrame is known by what it can do.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import Any

from lib.errors import CourseError

ROUNDS = 100_000
_FORMAT = 1
_MAKE = "`sandbox data` makes it from the rows it fills the database with"


class AnswerKeyError(CourseError):
    """The answer key is missing, unreadable, or lacks a question."""


class AnswerDiffersError(CourseError):
    """An answer is not the one of the key; the message never tells a value."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A right answer, as the key holds it: the columns' names, the number of rows, and the hash."""

    columns: tuple[str, ...]
    rows: int
    hash: str


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """The right answers to one filling of the database: `rows` a table, made from `seed`."""

    salt: bytes
    rows: int
    seed: int
    answers: Mapping[str, Answer]


def compare(file: str, key: str, answer: Any) -> None:
    """Compare an answer with the one that the key in `file` holds under `key`; the order of rows does not matter.

    Args:
        file: the answer key's path.
        key: the question, e.g. `2a`.
        answer: a DataFrame of Spark or pandas, a list of rows (Row, mapping, tuple, list, or the value of the only
            column), a single row, or a single value.

    Raises:
        AnswerKeyError: the file cannot be used, or has no such question.
        AnswerDiffersError: columns, number of rows or values differ.
    """
    known = read_answer_key(file)
    if key not in known.answers:
        raise AnswerKeyError(f"{file} has no answer {key!r}, only {', '.join(known.answers)}; {_MAKE} anew.")
    right = known.answers[key]
    columns, rows = table_of(answer, at_most=right.rows + 1)
    _compare_shape(right, columns, rows)
    if answer_hash(known.salt, key, rows) != right.hash:
        raise AnswerDiffersError(
            "Columns and number of rows are right, but a value differs from the answer of the "
            f"{known.rows:,} rows of seed {known.seed} that the database was filled with last."
        )


def read_answer_key(file: str) -> AnswerKey:
    """Read the answer key. Raises AnswerKeyError if there is none or it is damaged."""
    if not file:
        raise AnswerKeyError(
            "The parameter `answer_key` is empty: it names the file of the answer key, and `sandbox env` prints it as "
            f"ANSWER_KEY; {_MAKE}."
        )
    try:
        return _parsed(json.loads(Path(file).read_text(encoding="utf-8")))
    except OSError as error:
        raise AnswerKeyError(f"There is no answer key at {file} ({error.strerror}); {_MAKE}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AnswerKeyError(f"The answer key at {file} is damaged; {_MAKE} anew.") from error


def _parsed(given: dict[str, Any]) -> AnswerKey:
    if given["format"] != _FORMAT:
        raise ValueError(given["format"])
    answers = {
        key: Answer(tuple(answer["columns"]), int(answer["rows"]), str(answer["hash"]))
        for key, answer in given["answers"].items()
    }
    return AnswerKey(bytes.fromhex(given["salt"]), int(given["rows"]), int(given["seed"]), answers)


def table_of(answer: Any, at_most: int) -> tuple[tuple[str, ...] | None, list[Sequence[Any]]]:
    """An answer's columns (None if it names none) and its rows, of a Spark DataFrame `at_most` so many."""
    if hasattr(answer, "collect") and hasattr(answer, "columns"):
        return tuple(answer.columns), [tuple(row) for row in answer.limit(at_most).collect()]
    if hasattr(answer, "itertuples"):
        return tuple(map(str, answer.columns)), list(answer.itertuples(index=False, name=None))
    plain = answer.tolist() if hasattr(answer, "tolist") else answer
    return _table_of_rows([_row(item) for item in plain] if isinstance(plain, list) else [_row(plain)])


def _row(item: Any) -> Any:
    return item if isinstance(item, Mapping | tuple | list) else (item,)


def _table_of_rows(rows: list[Any]) -> tuple[tuple[str, ...] | None, list[Sequence[Any]]]:
    names = {_names(row) for row in rows} or {None}
    if len(names) > 1:
        raise AnswerDiffersError("The rows of the answer do not all have the same columns.")
    return names.pop(), [tuple(row.values()) if isinstance(row, Mapping) else tuple(row) for row in rows]


def _names(row: Any) -> tuple[str, ...] | None:
    """A mapping's keys, or the field names of Spark's Row or a named tuple."""
    if isinstance(row, Mapping):
        return tuple(map(str, row))
    names = getattr(row, "__fields__", None) or getattr(row, "_fields", None)
    return tuple(names) if names else None


def _compare_shape(right: Answer, columns: tuple[str, ...] | None, rows: Sequence[Sequence[Any]]) -> None:
    wanted = ", ".join(right.columns)
    if columns is not None and columns != right.columns:
        raise AnswerDiffersError(f"The columns are {', '.join(columns)}; they should be {wanted}, in this order.")
    if any(len(row) != len(right.columns) for row in rows):
        raise AnswerDiffersError(f"A row should have {len(right.columns)} values: {wanted}.")
    if len(rows) > right.rows:
        raise AnswerDiffersError(f"There are more rows than the {right.rows} that are right.")
    if len(rows) < right.rows:
        raise AnswerDiffersError(f"There are {len(rows)} rows; {right.rows} are right.")


def answer_hash(salt: bytes, key: str, rows: Iterable[Sequence[Any]]) -> str:
    """The hash of an answer's rows, whatever their order."""
    lines = sorted(json.dumps(list(map(_canonical, row)), ensure_ascii=False, separators=(",", ":")) for row in rows)
    text = "\n".join(lines).encode("utf-8", "surrogatepass")
    return hashlib.pbkdf2_hmac("sha256", text, salt + key.encode(), ROUNDS).hex()


def _canonical(value: Any) -> Any:
    """The value's text as the module's docstring has it. Raises AnswerDiffersError for a type that no answer holds."""
    plain = value.tolist() if hasattr(value, "tolist") else value  # numpy's
    if isinstance(plain, list | tuple):
        return [_canonical(item) for item in plain]
    if plain is None or plain != plain:
        return "null"
    if isinstance(plain, bool):
        return f"b:{str(plain).lower()}"
    if isinstance(plain, Real | Decimal):
        return f"n:{float(plain) + 0.0:.12g}"
    if isinstance(plain, str):
        return f"s:{unicodedata.normalize('NFC', plain)}"
    if isinstance(plain, date):
        return _canonical_date(plain)
    raise AnswerDiffersError(f"The answer holds a {type(value).__name__}; numbers, texts and dates can be compared.")


def _canonical_date(value: date) -> str:
    if not isinstance(value, datetime):
        return f"d:{value.isoformat()}"
    moment = value.astimezone(UTC) if value.tzinfo else value
    return f"t:{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}"
