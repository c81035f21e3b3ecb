"""The posting of one entity: read a batch, post it, book it, until the order ends or a stop is asked for.

The rule of what is booked: when a batch ends, each of its records is acknowledged or a dead letter, and the position
moves past it. A batch of which nothing is settled because the gateway refuses the request itself (a wrong key, say),
or because a stop was asked for, is not booked at all: the next run posts it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from lib.api_communicator import APICommunicator, BatchOutcome
from lib.dead_letters import DeadLetter, DeadLetterFile, letter_of_record, letter_of_row
from lib.errors import DatabaseUnreachableError, DeadLetterError, GatewayError, GaveUpError, UnserialisableValueError
from lib.post_orders import PostOrder, SourceBatch, SourceItem
from lib.progress_state import Progress, ProgressStore
from lib.rate_limit import RateLimiter
from lib.records import Record
from lib.retry_policy import RetryPolicy
from lib.run_display import RunDisplay

MOST_DEAD_LETTERS = 10_000


@dataclass(frozen=True, slots=True)
class PostingTools:
    """What the postings of a run share."""

    store: ProgressStore
    dead_letters: DeadLetterFile
    limiter: RateLimiter
    display: RunDisplay
    stop: threading.Event
    policy: RetryPolicy


class EntityPosting:
    """Posts one entity in one order, from where its progress stands."""

    def __init__(
        self, order: PostOrder, progress: Progress, communicator: APICommunicator, rows: int, tools: PostingTools
    ) -> None:
        """Prepare the posting of the first `rows` places of the order; those before the progress are done."""
        self.entity = order.entity
        self.order = order
        self.progress = progress
        self.rows = rows
        self._communicator = communicator
        self._tools = tools

    @property
    def finished(self) -> bool:
        """Whether every place is booked."""
        return self.progress.taken >= self.rows

    def close(self) -> None:
        """Close the connection to the gateway."""
        self._communicator.close()

    def run(self, batch_size: int) -> None:
        """Post until the end or a stop; raises the SourceErrors, GatewayErrors and StateErrors of `lib.errors`.

        Whatever is raised, what was booked stays booked, and the next run goes on from there.
        """
        while not (self.finished or self._tools.stop.is_set()):
            batch = self._read(min(batch_size, self.rows - self.progress.taken))
            if batch is None:
                break
            self._post(batch)

    def _read(self, limit: int) -> SourceBatch | None:
        """The next batch, None at the end; a database that went away is waited for as long as a gateway is."""
        stop = self._tools.stop
        retrying = self._tools.policy.retrying(DatabaseUnreachableError, stop, self._tools.display.notice)
        try:
            return retrying(self.order.read, self.progress.position, limit)
        except DatabaseUnreachableError:
            if stop.is_set():
                return None
            raise

    def _post(self, batch: SourceBatch) -> None:
        records, letters = self._records(batch)
        self._tools.limiter.wait_for(len(records))
        if self._tools.stop.is_set():
            return
        outcome = BatchOutcome()
        try:
            self._communicator.post(self.entity, records, outcome)
        except GatewayError as error:
            self._after_failure(error, batch, letters, outcome)
            return
        self._book(batch, letters, outcome)

    def _after_failure(
        self, error: GatewayError, batch: SourceBatch, letters: list[DeadLetter], outcome: BatchOutcome
    ) -> None:
        """Book the batch if it was given up or is settled in part; raise, unless it was only broken off by a stop."""
        broken_off = isinstance(error, GaveUpError) and self._tools.stop.is_set()
        given_up = isinstance(error, GaveUpError) and not broken_off
        if given_up or outcome.acknowledged or outcome.refused:
            self._book(batch, letters + [self._letter(record, str(error)) for record in outcome.unsent], outcome)
        if not broken_off:
            raise error

    def _records(self, batch: SourceBatch) -> tuple[list[Record], list[DeadLetter]]:
        """The batch as records, and the dead letters of the rows that JSON cannot hold."""
        records: list[Record] = []
        letters: list[DeadLetter] = []
        for item in batch.items:
            try:
                records.append(self.order.record(item))
            except UnserialisableValueError as error:
                letters.append(self._letter_of_row(item, str(error)))
        return records, letters

    def _book(self, batch: SourceBatch, letters: list[DeadLetter], outcome: BatchOutcome) -> None:
        """Dead letters first, then the progress file: a kill between the two leaves letters that nobody counts."""
        progress = self.progress
        letters = letters + [self._letter(record, reason) for record, reason in outcome.refused]
        self._tools.dead_letters.append(letters)
        progress.dead_letters.update(letter.position for letter in letters)
        progress.sent += len(outcome.acknowledged) + len(outcome.refused) + len(outcome.unsent)
        progress.acknowledged += len(outcome.acknowledged)
        progress.taken += batch.taken
        progress.position = batch.last_position
        self._tools.store.save(progress)
        self._tools.display.advance(self.entity.name, batch.taken)
        self._refuse_endless_dead_letters()

    def _refuse_endless_dead_letters(self) -> None:
        count = len(self.progress.dead_letters)
        if count > MOST_DEAD_LETTERS:
            raise DeadLetterError(
                f"{self.entity.name}: {count:,} dead letters are no fault of single records. Look at the reasons in "
                f"{self._tools.dead_letters.path}, mend their cause, then run the command with `--replay FILE`."
            )

    def _letter(self, record: Record, reason: str) -> DeadLetter:
        return letter_of_record(self.progress.name, self.entity.name, self.progress.topic, record, reason)

    def _letter_of_row(self, item: SourceItem, reason: str) -> DeadLetter:
        row = dict(zip(self.entity.columns, item.content, strict=True))
        progress = self.progress
        return letter_of_row(progress.name, self.entity.name, progress.topic, item.position, row, item.key, reason)
