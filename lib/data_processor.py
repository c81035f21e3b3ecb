"""DataProcessor: posts the entities side by side, each in its own thread, and knows how far each has come."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from lib.api_communicator import APICommunicator
from lib.dead_letters import DeadLetter, DeadLetterFile
from lib.destination import Destination
from lib.entities import ENTITIES, Entity
from lib.entity_posting import EntityPosting, PostingTools
from lib.kafka_topics import KafkaTopics
from lib.order_name import OrderName
from lib.post_orders import ORDERS
from lib.progress_state import Progress, ProgressStore
from lib.rate_limit import RateLimiter
from lib.rds_db_connector import RDSDBConnector
from lib.retry_policy import RetryPolicy
from lib.run_display import RunDisplay, SilentDisplay


@dataclass(frozen=True, slots=True)
class PostingPlan:
    """What to post, and how.

    Attributes:
        entities: which entities.
        order: `sequential` (every row once, by key), `course` (the draws of the course's emulator) or `feed`.
        rows: how many places of the order an entity is posted in all, earlier runs included; None for all.
        batch_size: most records a request.
        rate: most records a second, all entities together; None for no cap.
        restart: forget the progress and post again from the first row.
    """

    entities: tuple[Entity, ...] = ENTITIES
    order: OrderName = OrderName.SEQUENTIAL
    rows: int | None = None
    batch_size: int = 500
    rate: float | None = None
    restart: bool = False

    @property
    def records_at_once(self) -> int:
        """Records a request: with a cap no more than the cap lets pass in a second, so that the flow is even."""
        return self.batch_size if self.rate is None else max(1, min(self.batch_size, int(self.rate)))


@dataclass(frozen=True, slots=True)
class EntityReport:
    """How far one entity has come, over all runs; `..._now` counts this run alone.

    Attributes:
        entity: `pin`, `geo` or `user`.
        total: places of the order that are to be posted.
        taken: of them, done with.
        sent: records that went into a request.
        acknowledged: records that are in Kafka or Kinesis.
        dead_lettered: records that wait in the dead-letter file.
        acknowledged_now: acknowledged by this run.
        taken_now: done with by this run.
    """

    entity: str
    total: int
    taken: int
    sent: int
    acknowledged: int
    dead_lettered: int
    acknowledged_now: int
    taken_now: int


class DataProcessor:
    """Posts what a plan says and resumes where earlier runs were acknowledged.

    Progress and dead letters lie in `state_dir`: see `lib.progress_state` and `lib.dead_letters`. A refilled table
    (told by its creation time) starts from its first row.

        processor = DataProcessor(connector, lambda: APICommunicator(url, key, user_id), user_id, state_dir)
        processor.run(PostingPlan(rows=1000))
        processor.report()
    """

    def __init__(
        self,
        connector: RDSDBConnector,
        communicator: Callable[[], APICommunicator],
        user_id: str,
        state_dir: Path,
        *,
        destination: Destination | None = None,
        policy: RetryPolicy | None = None,
        display: RunDisplay | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        """Prepare; `communicator` makes one for each entity, as each thread needs its own.

        `destination` is where the communicators post to, Kafka's topics unless told otherwise; `policy` says how long
        a database that went away is waited for; `stop`, once set, ends a run.
        """
        self._connector = connector
        self._communicator = communicator
        self._user_id = user_id
        self._destination = destination or KafkaTopics()
        self._store = ProgressStore(state_dir)
        self._stop = stop or threading.Event()
        self._policy = policy or RetryPolicy()
        self._display = display or SilentDisplay()
        self.dead_letters = DeadLetterFile(state_dir / self._destination.dead_letter_file)
        self._postings: list[EntityPosting] = []
        self._before: dict[str, tuple[int, int]] = {}

    def run(self, plan: PostingPlan) -> None:
        """Post until everything is booked, `stop` is set, or an entity fails: then the others stop as well.

        Raises the CourseError of the first entity that failed. `report` tells what was done in either case.
        """
        tools = self._tools(plan)
        fresh = [self._fresh_progress(plan, entity) for entity in plan.entities]
        with ExitStack() as stack:
            for progress in fresh:
                stack.enter_context(self._store.locked(progress.name))
            self._postings = [self._posting(plan, *pair, tools) for pair in zip(plan.entities, fresh, strict=True)]
            self._drop_uncounted_letters()
            self._run_side_by_side(plan.records_at_once)

    def report(self) -> list[EntityReport]:
        """One report an entity of the last run, in the order of the plan; empty if it failed before it began."""
        return [self._report(posting) for posting in self._postings]

    def _tools(self, plan: PostingPlan) -> PostingTools:
        limiter = RateLimiter(plan.rate, self._stop)
        return PostingTools(self._store, self.dead_letters, limiter, self._display, self._stop, self._policy)

    def _fresh_progress(self, plan: PostingPlan, entity: Entity) -> Progress:
        order = ORDERS[plan.order](self._connector, entity)
        return Progress(order.identity(), self._destination.target(entity, self._user_id), plan.order)

    def _posting(self, plan: PostingPlan, entity: Entity, fresh: Progress, tools: PostingTools) -> EntityPosting:
        if plan.restart:
            self._store.forget(fresh)
        progress = self._store.load(fresh)
        self._before[entity.name] = (progress.taken, progress.acknowledged)
        order = ORDERS[plan.order](self._connector, entity)
        rows = order.total(plan.rows)
        self._display.start(entity.name, rows, min(progress.taken, rows))
        return EntityPosting(order, progress, self._communicator(), rows, tools)

    def _drop_uncounted_letters(self) -> None:
        """Remove the letters of batches that a kill kept from being booked: their rows are posted again."""
        counted = {posting.progress.name: posting.progress.dead_letters for posting in self._postings}

        def keep(letter: DeadLetter) -> DeadLetter | None:
            return letter if letter.position in counted.get(letter.progress, {letter.position}) else None

        self.dead_letters.update(keep)

    def _run_side_by_side(self, batch_size: int) -> None:
        with ThreadPoolExecutor(len(self._postings)) as pool:
            futures = [pool.submit(self._run_one, posting, batch_size) for posting in self._postings]
        errors = [error for future in futures if (error := future.exception())]
        if errors:
            self._stop.clear()  # it was set by the entity that failed; a later run may go on
            raise errors[0]

    def _run_one(self, posting: EntityPosting, batch_size: int) -> None:
        try:
            posting.run(batch_size)
        except BaseException:
            self._stop.set()
            raise
        finally:
            posting.close()

    def _report(self, posting: EntityPosting) -> EntityReport:
        progress, (taken, acknowledged) = posting.progress, self._before[posting.entity.name]
        return EntityReport(
            entity=posting.entity.name,
            total=posting.rows,
            taken=progress.taken,
            sent=progress.sent,
            acknowledged=progress.acknowledged,
            dead_lettered=len(progress.dead_letters),
            acknowledged_now=progress.acknowledged - acknowledged,
            taken_now=progress.taken - taken,
        )
