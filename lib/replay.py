"""Sending dead letters again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from lib.api_communicator import APICommunicator, BatchOutcome
from lib.dead_letters import DeadLetter, DeadLetterFile
from lib.destination import Destination
from lib.entities import ENTITIES, Entity, entity_named
from lib.errors import DeadLetterError, SourceError
from lib.kafka_topics import KafkaTopics
from lib.progress_state import Progress, ProgressStore
from lib.rds_db_connector import RDSDBConnector
from lib.records import Record, record_of_row


@dataclass(slots=True)
class ReplayReport:
    """What became of an entity's dead letters in one replay.

    Attributes:
        entity: `pin`, `geo` or `user`.
        sent: records that went into a request.
        acknowledged: records that are now in Kafka or Kinesis, and no longer in the file.
        kept: records that are still in the file, those that failed again with the new reason.
        dropped: lines that no progress file counts (acknowledged before, or posted by the next ordinary run).
    """

    entity: str
    sent: int = 0
    acknowledged: int = 0
    kept: int = 0
    dropped: int = 0


class Replay:
    """Sends the records of one dead-letter file again, and keeps in the file what still fails.

    After each batch the progress file is updated first and the dead-letter file second, both atomically: a kill in
    between leaves lines that are no longer counted, which the next replay drops without sending them. Lines whose
    progress file is not in `state_dir` (a file from another machine) are sent on their own word.
    """

    def __init__(
        self,
        path: Path,
        communicator: APICommunicator,
        user_id: str,
        state_dir: Path,
        connector: Callable[[], RDSDBConnector],
        *,
        destination: Destination | None = None,
    ) -> None:
        """Prepare to send what is in the file at `path`; DeadLetterError if there is none.

        `destination` is where the communicator posts to, Kafka's topics unless told otherwise. `connector` is called
        only if rows that JSON could not hold must be read again.
        """
        if not path.is_file():
            raise DeadLetterError(f"There is no dead-letter file {path}. The end of a run names the file it wrote.")
        self._file = DeadLetterFile(path)
        self._communicator = communicator
        self._user_id = user_id
        self._destination = destination or KafkaTopics()
        self._store = ProgressStore(state_dir)
        self._connector = cache(connector)
        self._reports = {entity.name: ReplayReport(entity.name) for entity in ENTITIES}

    def run(self, batch_size: int = 500) -> None:
        """Send everything once; raises the CourseErrors of the communicator, with what was sent by then booked."""
        letters = self._file.read()
        self._check_topics(letters)
        with ExitStack() as stack:
            for name in sorted({letter.progress for letter in letters}):
                stack.enter_context(self._store.locked(name))
                progress = self._store.load_named(name)
                mine = self._counted([letter for letter in letters if letter.progress == name], progress)
                for start in range(0, len(mine), batch_size):
                    self._send(mine[start : start + batch_size], progress)

    def report(self) -> list[ReplayReport]:
        """One report an entity, in the order of the pipeline."""
        waiting = Counter(letter.entity for letter in self._file.read())
        return [replace(report, kept=waiting[name]) for name, report in self._reports.items()]

    def _check_topics(self, letters: list[DeadLetter]) -> None:
        known = {self._destination.target(entity, self._user_id) for entity in ENTITIES}
        foreign = {letter.topic for letter in letters} - known
        if foreign:
            raise DeadLetterError(
                f"{self._file.path} holds records for {', '.join(sorted(foreign))}, but USER_ID is {self._user_id} and "
                f"this is {self._destination.command}. Set USER_ID to the one the file was written under, and replay "
                f"it with the command that wrote it."
            )

    def _counted(self, letters: list[DeadLetter], progress: Progress | None) -> list[DeadLetter]:
        """The letters that the progress file counts; the others leave the file."""
        if progress is None:
            return letters
        uncounted = [letter for letter in letters if letter.position not in progress.dead_letters]
        for letter in uncounted:
            self._reports[letter.entity].dropped += 1
        self._put({letter.identity: None for letter in uncounted})
        return [letter for letter in letters if letter.position in progress.dead_letters]

    def _send(self, letters: list[DeadLetter], progress: Progress | None) -> None:
        """Send one batch, and book what is settled of it whether or not the communicator raises."""
        entity = entity_named(letters[0].entity)
        records, changed = self._records(entity, letters)
        outcome = BatchOutcome()
        try:
            self._communicator.post(entity, records, outcome)
        finally:
            changed |= {record.position: reason for record, reason in outcome.refused}
            self._reports[entity.name].sent += len(records)
            self._book(letters, outcome, changed, progress)

    def _book(
        self, letters: list[DeadLetter], outcome: BatchOutcome, changed: dict[int, str], progress: Progress | None
    ) -> None:
        """Progress file first, dead-letter file second; `changed` are new reasons by position."""
        done = {record.position for record in outcome.acknowledged}
        if progress and done:
            for position in done:
                progress.mark_replayed(position)
            self._store.save(progress)
        self._reports[letters[0].entity].acknowledged += len(done)
        self._put(
            {letter.identity: None for letter in letters if letter.position in done}
            | {x.identity: replace(x, reason=changed[x.position]) for x in letters if x.position in changed}
        )

    def _put(self, changes: dict[tuple[str, int], DeadLetter | None]) -> None:
        if changes:
            self._file.update(lambda letter: changes.get(letter.identity, letter))

    def _records(self, entity: Entity, letters: list[DeadLetter]) -> tuple[list[Record], dict[int, str]]:
        """The records to send, and why some still cannot be, by position. Rows without a text are read again."""
        records: list[Record] = []
        failed: dict[int, str] = {}
        for letter in letters:
            try:
                records.append(letter.record() or self._read_again(entity, letter))
            except SourceError as error:
                failed[letter.position] = str(error)
        return records, failed

    def _read_again(self, entity: Entity, letter: DeadLetter) -> Record:
        """The record of the row as it is in the database now; SourceError if it is gone or JSON cannot hold it."""
        rows = self._connector().rows_with_keys(entity, [] if letter.key is None else [letter.key])
        if not rows:
            raise SourceError(f"{entity.table} no longer has a row with key {letter.key}. Remove this line by hand.")
        return record_of_row(entity, rows[0], letter.position)
