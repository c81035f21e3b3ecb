"""What must come out of the feed: the second hand beside the cleaner.

It reads the payloads in the order of the feed, one by one, in plain Python, and knows nothing of how they were made
but how far apart those of one row may lie. The rules are those of the cleaned tables, written down here anew:

- `sink`: what is no JSON at all never leaves the topic and lies in the sink's dead-letter topic.
- `parse`: what is no JSON object, or has no key that is a whole number of 32 bits, is quarantined.
- `clean`: a record that lacks a column, holds null, or a value that does not read exactly as the column's type, is
  quarantined; a column that the table does not know is ignored.
- Of the good records of a key, those alike in every column are one version, and all but one of them are duplicates.
  The version that came last is kept; each other version is a conflict in the quarantine.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sandbox.data.dials import Dials
from sandbox.data.feed import feed, reach
from sandbox.data.limits import check_rows, check_seed
from sandbox.data.placeholders import NO_USER_INFO
from sandbox.data.schema import ENTITIES, Entity

Counts = dict[str, dict[str, int]]
COUNTED = (
    "feed",
    "sink_dead_letters",
    "parse_quarantine",
    "clean",
    "duplicates",
    "conflicts",
    "clean_quarantine_other",
)
CLEAN = pa.schema([("table_name", pa.string()), ("ind", pa.int32()), ("payload", pa.string())])
QUARANTINE = pa.schema(
    [
        ("table_name", pa.string()),
        ("stage", pa.string()),
        ("ind", pa.int32()),
        ("reason", pa.string()),
        ("payload", pa.string()),
    ]
)
COUNTED_AS = {"sink": "sink_dead_letters", "parse": "parse_quarantine", "clean": "clean_quarantine_other"}
COUNT = re.compile(r"\s*(\d+|(\d+(?:\.\d+)?)([kmbKMB]))\s*", re.ASCII)
TENFOLD = {"k": 10**3, "m": 10**6, "b": 10**9}
INT32, INT64 = range(-(2**31), 2**31), range(-(2**63), 2**63)


class UnfitError(Exception):
    """A payload breaks a rule; carries the stage that refuses it, the reason in one word, and its key if it has one."""

    def __init__(self, stage: str, reason: str, ind: int | None = None) -> None:
        super().__init__(stage, reason, ind)
        self.stage, self.reason, self.ind = stage, reason, ind


def whole_number(value: Any) -> int:
    """Read a whole number of 32 bits from a JSON number or a text of one."""
    if type(value) is int and value in INT32:
        return value
    try:
        number = Decimal(str(value)) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or number != int(number) or int(number) not in INT32:
        raise ValueError(value)
    return int(number)


def text(value: Any) -> str:
    """Read a text from a JSON text, number or truth value."""
    if isinstance(value, dict | list):
        raise ValueError(value)
    return value if isinstance(value, str) else json.dumps(value)


def number(value: Any) -> float:
    """Read a float from a JSON number or a text of one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(value)
    return float(value)


def moment(value: Any) -> datetime:
    """Read a moment from an ISO 8601 text, UTC if it names no zone."""
    if not isinstance(value, str) or "-" not in value:
        raise ValueError(value)
    read = datetime.fromisoformat(value)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def follower_count(value: Any) -> str:
    """Read a text that is the placeholder or a whole number of 64 bits, in digits or with k, M or B."""
    shown = text(value)
    found = COUNT.fullmatch(shown)
    if found is None and shown.strip() != NO_USER_INFO:
        raise ValueError(value)
    if found:
        count = Decimal(found[2] or found[1]) * TENFOLD.get((found[3] or "").lower(), 1)
        if count != int(count) or int(count) not in INT64:
            raise ValueError(value)
    return shown


Reader = Callable[[Any], Any]
READERS: dict[pa.DataType, Reader] = {
    pa.int32(): whole_number,
    pa.string(): text,
    pa.float64(): number,
    pa.timestamp("s"): moment,
}


def readers(entity: Entity) -> dict[str, Reader]:
    """Which reader each column has."""
    by_type = {name: READERS[arrow] for name, (arrow, _) in entity.columns}
    return by_type | ({"follower_count": follower_count} if "follower_count" in by_type else {})


@dataclass
class Version:
    """One content of a key: how often it came, and the latest payload of it."""

    payload: str
    count: int = 0


@dataclass
class Findings:
    """Rows for the two files, and the counts that go with them."""

    counts: Counter[str] = field(default_factory=Counter)
    clean: list[tuple[str, int, str]] = field(default_factory=list)
    quarantine: list[tuple[str, str, int | None, str, str]] = field(default_factory=list)


class Judge:
    """Judges the payloads of one entity in the order of the feed."""

    def __init__(self, entity: Entity, patience: int) -> None:
        self.entity, self.readers = entity, readers(entity)
        self.patience, self.newest = patience, 0
        self.open: dict[int, dict[tuple[Any, ...], Version]] = {}
        self.findings = Findings()

    def hear(self, payload: str) -> None:
        """Take the next payload."""
        self.findings.counts["feed"] += 1
        try:
            ind, content = self.read(payload)
        except UnfitError as fault:
            self.findings.counts[COUNTED_AS[fault.stage]] += 1
            self.findings.quarantine.append((self.entity.table, fault.stage, fault.ind, fault.reason, payload))
            return
        versions = self.open.setdefault(ind, {})
        version = versions.pop(content, Version(payload))
        versions[content] = Version(payload, version.count + 1)
        self.newest = max(self.newest, ind)

    def read(self, payload: str) -> tuple[int, tuple[Any, ...]]:
        """Read a payload as its key and its values in the order of the columns; UnfitError if that cannot be."""
        try:
            record = json.loads(payload)
        except json.JSONDecodeError:
            raise UnfitError("sink", "not_json") from None
        if not isinstance(record, dict):
            raise UnfitError("parse", "not_object")
        try:
            ind = whole_number(record.get(self.entity.key))
        except ValueError:
            raise UnfitError("parse", "no_key") from None
        return ind, tuple(self.value(record, name, reader, ind) for name, reader in self.readers.items())

    def value(self, record: dict[str, Any], name: str, reader: Reader, ind: int) -> Any:
        """Read one value."""
        if name not in record:
            raise UnfitError("clean", "missing_column", ind)
        if record[name] is None:
            raise UnfitError("clean", "null_value", ind)
        try:
            return reader(record[name])
        except ValueError:
            raise UnfitError("clean", "unreadable_value", ind) from None

    def conclude(self, *, everything: bool) -> Findings:
        """Settle the keys that nothing more can come for, and hand over what was found since the last time."""
        settled = [ind for ind in self.open if everything or ind < self.newest - self.patience]
        for ind in sorted(settled):
            self.settle(ind, list(self.open.pop(ind).values()))
        found, self.findings = self.findings, Findings()
        return found

    def settle(self, ind: int, versions: list[Version]) -> None:
        """Keep the version that came last; the others are conflicts."""
        *lost, kept = versions
        counts, table = self.findings.counts, self.entity.table
        counts.update(clean=1, conflicts=len(lost), duplicates=sum(version.count - 1 for version in versions))
        self.findings.clean.append((table, ind, kept.payload))
        self.findings.quarantine += [(table, "clean", ind, "conflict", version.payload) for version in lost]


def findings(rows: int, seed: int, dials: Dials) -> Iterator[dict[str, Findings]]:
    """Judge the feed piece by piece; findings by entity."""
    judges = {entity.table: Judge(entity, 3 * reach(rows) + 1) for entity in ENTITIES}
    for piece in feed(rows, seed, dials):
        for table_name, payload in zip(piece["table_name"].to_pylist(), piece["payload"].to_pylist(), strict=True):
            judges[table_name].hear(payload)
        yield {judge.entity.name: judge.conclude(everything=False) for judge in judges.values()}
    yield {judge.entity.name: judge.conclude(everything=True) for judge in judges.values()}


@dataclass(frozen=True)
class Expectations:
    """What must come out of the feed.

    Attributes:
        counts: by entity (pin, geo, user): feed, sink_dead_letters, parse_quarantine, clean, duplicates, conflicts,
            clean_quarantine_other; the first is the sum of the others.
        clean: table_name, ind, payload: the winning payload of each key that a clean table must hold.
        quarantine: table_name, stage (`sink`: the dead-letter topic, `parse`, `clean`), ind (null where there is
            none), reason (`not_json`, `not_object`, `no_key`, `missing_column`, `null_value`, `unreadable_value`,
            `conflict`), payload.
    """

    counts: Counts
    clean: pa.Table
    quarantine: pa.Table


def expectations(rows: int, seed: int, dials: Dials) -> Expectations:
    """Foretell what comes out of `feed(rows, seed, dials)`, all in memory.

    Raises:
        InvalidRowsError, InvalidSeedError: an argument is out of range.
    """
    check_rows(rows)
    check_seed(seed)
    found = list(findings(rows, seed, dials))
    each = [one for piece in found for one in piece.values()]
    clean = as_table(list(chain.from_iterable(one.clean for one in each)), CLEAN)
    quarantine = as_table(list(chain.from_iterable(one.quarantine for one in each)), QUARANTINE)
    return Expectations(total(found), clean, quarantine)


def write_expectations(folder: Path, rows: int, seed: int, dials: Dials) -> Counts:
    """Foretell into files, piece by piece; return the counts.

    Writes `expected_clean.parquet`, `expected_quarantine.parquet` and `expected_counts.json`, with what
    `Expectations` describes; the last one, written last, also holds rows, seed and dials.

    Raises:
        InvalidRowsError, InvalidSeedError: an argument is out of range.
    """
    check_rows(rows)
    check_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    summary = folder / "expected_counts.json"
    summary.unlink(missing_ok=True)
    tallies: list[dict[str, Findings]] = []
    with (
        pq.ParquetWriter(folder / "expected_clean.parquet", CLEAN) as clean,
        pq.ParquetWriter(folder / "expected_quarantine.parquet", QUARANTINE) as quarantine,
    ):
        for piece in findings(rows, seed, dials):
            for one in piece.values():
                clean.write_table(as_table(one.clean, CLEAN))
                quarantine.write_table(as_table(one.quarantine, QUARANTINE))
            tallies.append({name: Findings(one.counts) for name, one in piece.items()})
    about = {"rows": rows, "seed": seed, "dials": json.loads(dials.to_json()), "counts": total(tallies)}
    summary.write_text(json.dumps(about, indent=2) + "\n")
    return total(tallies)


def total(pieces: list[dict[str, Findings]]) -> Counts:
    """Add up the counts of all pieces."""
    return {
        entity.name: {name: sum(piece[entity.name].counts[name] for piece in pieces) for name in COUNTED}
        for entity in ENTITIES
    }


def as_table(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    """Turn rows into a table."""
    columns = zip(*rows, strict=True) if rows else [[] for _ in schema]
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )
