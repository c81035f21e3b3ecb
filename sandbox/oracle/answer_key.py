"""The answer key: salted hashes of the right answers, which tell whether an answer is right and not what it is.

The second hand beside `lib.answer_key`, which says what the file and the canonical text look like; a test holds that
both make the same hash of the same rows.
"""

import hashlib
import json
import math
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pyarrow as pa

ROUNDS = 100_000
SALT_BYTES = 16


def answer_key(answers: Mapping[str, pa.Table], data: Mapping[str, Any]) -> str:
    """The answer key as JSON, with a salt of its own; `data` tells of which rows (`rows`, `seed`, `decimals`)."""
    salt = secrets.token_bytes(SALT_BYTES)
    hashed = {
        key: {"columns": table.column_names, "rows": table.num_rows, "hash": answer_hash(salt, key, rows_of(table))}
        for key, table in answers.items()
    }
    return json.dumps({"format": 1, **data, "salt": salt.hex(), "answers": hashed}, indent=1)


def is_key_of(file: Path, data: Mapping[str, Any], keys: Iterable[str]) -> bool:
    """Whether `file` is an answer key of this data that holds these keys."""
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        return all(known.get(name) == value for name, value in data.items()) and set(keys) <= set(known["answers"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def rows_of(table: pa.Table) -> list[tuple[Any, ...]]:
    """The rows of an Arrow table as tuples."""
    return [tuple(row.values()) for row in table.to_pylist()]


def answer_hash(salt: bytes, key: str, rows: Iterable[Iterable[Any]]) -> str:
    """PBKDF2 of the rows' canonical text."""
    lines = [json.dumps([canonical(value) for value in row], ensure_ascii=False, separators=(",", ":")) for row in rows]
    text = "\n".join(sorted(lines)).encode("utf-8", errors="surrogatepass")
    return hashlib.pbkdf2_hmac("sha256", password=text, salt=salt + key.encode(), iterations=ROUNDS).hex()


def canonical(value: Any) -> Any:
    """A value's text, which is the same for equal values of whatever type of number or moment."""
    match value:
        case None:
            return "null"
        case bool():
            return "b:true" if value else "b:false"
        case int() | float() | Decimal():
            return number(float(value))
        case str():
            return "s:" + normalize("NFC", value)
        case datetime():
            moment = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
            return "t:" + moment.isoformat(timespec="microseconds")
        case date():
            return "d:" + value.isoformat()
        case list() | tuple():
            return [canonical(item) for item in value]
    raise TypeError(f"no answer holds a {type(value).__name__}")


def number(value: float) -> str:
    """Twelve significant digits; NaN is no number, and zero has no sign."""
    if math.isnan(value):
        return "null"
    return "n:" + ("0" if value == 0 else format(value, ".12g"))
