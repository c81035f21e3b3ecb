"""What the tables must hold for the records of the topics: clean rows, duplicates, conflicts, quarantine."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa

from sandbox.oracle import DATABASE_TABLES, KEY_COLUMNS, clean_tables, connect, source_columns

from .database import arrow_rows
from .identities import Counts
from .json_value import NotReadableError, parse_json, read_as

TypedRow = tuple[object, ...]


class OracleError(Exception):
    """The oracle was given something that the rules do not cover."""


class Record(NamedTuple):
    """One record of a topic, `value` as it lies there."""

    partition: int
    offset: int
    value: bytes | str


class Quarantined(NamedTuple):
    """A record that must be in the quarantine table; `reason` is the oracle's own wording, but for `conflict:`."""

    stage: str
    ind: int | None
    reason: str
    record: Record


@dataclass
class Expected:
    """What must become of one entity's records; `clean` has parts.md's columns, sorted by `ind`."""

    topic: int = 0
    dead_letters: list[Record] = field(default_factory=list)
    quarantine: list[Quarantined] = field(default_factory=list)
    conflicts: list[Quarantined] = field(default_factory=list)
    duplicates: int = 0
    clean: pa.Table = None

    @property
    def counts(self) -> Counts:
        """The same as numbers, for `identities` and for a comparison with a run's own counts."""
        parse = sum(row.stage == "parse" for row in self.quarantine)
        lines = self.topic - len(self.dead_letters)
        return Counts(
            topic=self.topic,
            sink_dead_letters=len(self.dead_letters),
            s3_lines=lines,
            raw=lines - parse,
            parse_quarantine=parse,
            clean=self.clean.num_rows,
            duplicates=self.duplicates,
            conflicts=len(self.conflicts),
            clean_quarantine=len(self.quarantine) - parse,
        )


def expected_from_records(
    records: Mapping[str, Iterable[Record | tuple[int, int, bytes | str]]], through_sink: bool = True
) -> dict[str, Expected]:
    """What must become of the records of each entity (`pin`, `geo`, `user`).

    A value that is not JSON ends in the sink's dead-letter topic; with `through_sink=False` the records are lines that
    lie in the landing folder already, and it is a parse quarantine. Raises OracleError for a null value, which no
    rule covers.
    """
    expected = {entity: Expected() for entity in DATABASE_TABLES}
    kept = {
        entity: _keep_latest(_valid(entity, records.get(entity, ()), found, through_sink), found)
        for entity, found in expected.items()
    }
    clean = clean_tables(
        {DATABASE_TABLES[entity]: arrow_rows(DATABASE_TABLES[entity], kept[entity]) for entity in kept}
    )
    for entity, found in expected.items():
        found.clean = clean[entity]
    return expected


def _valid(
    entity: str, records: Iterable[Record | tuple[int, int, bytes | str]], found: Expected, through_sink: bool
) -> list[tuple[int, TypedRow, Record]]:
    """The records that may become clean rows, in the order of their offsets: key, typed row, record."""
    types = source_columns(DATABASE_TABLES[entity])
    valid = []
    for record in sorted((Record(*given) for given in records), key=lambda r: (r.offset, r.partition)):
        found.topic += 1
        payload = _payload(record, found, through_sink)
        ind = None if payload is None else _key(entity, payload, record, found)
        row = None if payload is None or ind is None else _typed_row(types, payload, ind, record, found)
        if row is not None and ind is not None:
            valid.append((ind, row, record))
    return valid if entity != "pin" else _with_readable_followers(valid, list(types).index("follower_count"), found)


def _payload(record: Record, found: Expected, through_sink: bool) -> dict[str, object] | None:
    """The record's JSON object; anything else is a dead letter or a parse quarantine."""
    _refuse_null(record)
    try:
        value = parse_json(record.value)
    except ValueError as error:
        if through_sink:
            found.dead_letters.append(record)
        else:
            found.quarantine.append(Quarantined("parse", None, f"not JSON: {error}", record))
        return None
    if isinstance(value, dict):
        return value
    found.quarantine.append(Quarantined("parse", None, "not a JSON object", record))
    return None


def _refuse_null(record: Record) -> None:
    if record.value is None or record.value in (b"null", "null"):
        raise OracleError(f"the value at partition {record.partition}, offset {record.offset} is null: no rule for it")


def _key(entity: str, payload: dict[str, object], record: Record, found: Expected) -> int | None:
    name = KEY_COLUMNS[entity]
    try:
        return int(str(read_as("INTEGER", payload.get(name))))
    except NotReadableError as error:
        found.quarantine.append(Quarantined("parse", None, f"key {name}: {error}", record))
        return None


def _typed_row(
    types: Mapping[str, str], payload: dict[str, object], ind: int, record: Record, found: Expected
) -> TypedRow | None:
    """The columns of the database's table in their order; unknown columns are ignored, a missing one is a fault."""
    row: list[object] = []
    for name, kind in types.items():
        try:
            row.append(read_as(kind, payload.get(name)))
        except NotReadableError as error:
            state = str(error) if name in payload else "missing"
            found.quarantine.append(Quarantined("clean", ind, f"column {name}: {state}", record))
            return None
    return tuple(row)


def _with_readable_followers(
    valid: list[tuple[int, TypedRow, Record]], column: int, found: Expected
) -> list[tuple[int, TypedRow, Record]]:
    """Asks rules.sql, so that the form of a follower count is written down once."""
    texts = pa.table({"text": pa.array(sorted({str(row[column]) for _, row, _ in valid}), pa.string())})
    connection = connect()
    connection.register("texts", texts)
    readable = {
        text for (text,) in connection.execute("select text from texts where followers_readable(text)").fetchall()
    }
    for ind, row, record in valid:
        if row[column] not in readable:
            reason = f"column follower_count: {row[column]!r} is no count"
            found.quarantine.append(Quarantined("clean", ind, reason, record))
    return [item for item in valid if item[1][column] in readable]


def _keep_latest(valid: list[tuple[int, TypedRow, Record]], found: Expected) -> list[TypedRow]:
    """One row a key: of identical repeats one, of distinct versions the one that was sent last of all."""
    versions: dict[int, dict[TypedRow, Record]] = {}
    for ind, row, record in valid:
        seen = versions.setdefault(ind, {})
        found.duplicates += row in seen
        seen.pop(row, None)  # sent again: the version moves to the end
        seen[row] = record
    for ind, seen in versions.items():
        for record in list(seen.values())[:-1]:
            found.conflicts.append(Quarantined("clean", ind, "conflict: a later version is kept", record))
    return [list(seen)[-1] for seen in versions.values()]
