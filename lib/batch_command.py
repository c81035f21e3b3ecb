"""What `streaming-batch` and `streaming-kinesis` do once their options are read: the library's parts put together."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from lib.api_communicator import APICommunicator
from lib.batch_summary import BatchSummary
from lib.data_processor import DataProcessor, EntityReport, PostingPlan
from lib.destination import Destination
from lib.entities import ENTITIES, Entity
from lib.errors import CourseError, GaveUpError
from lib.rds_db_connector import RDSDBConnector
from lib.replay import Replay, ReplayReport
from lib.retry_policy import RetryPolicy
from lib.run_display import RunDisplay, display_for
from lib.settings import Settings, load_settings
from lib.stop_signal import StopSignal


class BatchCommand:
    """One call of the command, from its options to its exit code."""

    def __init__(self, destination: Destination, policy: RetryPolicy, json: Path | None) -> None:
        """Post to `destination`, retry within `policy`; write the summary to the file `json` as well, if given."""
        self._destination = destination
        self._policy = policy
        self._json = json
        self._err = Console(stderr=True)
        self._stop = StopSignal()
        self._began = time.monotonic()

    def post(self, plan: PostingPlan) -> int:
        """Post what the plan says; the exit code."""
        processor: DataProcessor | None = None
        error: CourseError | None = None
        try:
            settings = load_settings()
            with self._display() as display, RDSDBConnector.from_settings(settings) as connector:
                self._prepare(settings, display, plan.entities)
                processor = self._processor(settings, connector, display)
                processor.run(plan)
        except CourseError as caught:
            error = caught
        reports = processor.report() if processor else []
        return self._end(reports, processor.dead_letters.path if processor else None, error)

    def replay(self, path: Path, batch_size: int) -> int:
        """Send the dead letters in `path` again; the exit code."""
        replay: Replay | None = None
        error: CourseError | None = None
        try:
            settings = load_settings()
            with self._display() as display, self._communicator(settings, display) as communicator:
                self._prepare(settings, display, ENTITIES)
                replay = self._replay(settings, communicator, path)
                replay.run(batch_size)
        except CourseError as caught:
            error = caught
        return self._end(replay.report() if replay else [], path, error)

    @contextmanager
    def _display(self) -> Iterator[RunDisplay]:
        """The display of the run, with the signals taken."""
        self._stop.listen()
        display = display_for(self._err)
        try:
            yield display
        finally:
            display.close()

    def _prepare(self, settings: Settings, display: RunDisplay, entities: Sequence[Entity]) -> None:
        """Make the destination ready; a stop that breaks this off is told by the exit code, as any other."""
        try:
            with self._communicator(settings, display) as communicator:
                communicator.prepare(entities)
        except GaveUpError:
            if not self._stop.event.is_set():
                raise

    def _processor(self, settings: Settings, connector: RDSDBConnector, display: RunDisplay) -> DataProcessor:
        return DataProcessor(
            connector,
            lambda: self._communicator(settings, display),
            settings.require("user_id"),
            settings.state_dir,
            destination=self._destination,
            policy=self._policy,
            display=display,
            stop=self._stop.event,
        )

    def _replay(self, settings: Settings, communicator: APICommunicator, path: Path) -> Replay:
        return Replay(
            path,
            communicator,
            settings.require("user_id"),
            settings.state_dir,
            lambda: RDSDBConnector.from_settings(settings),
            destination=self._destination,
        )

    def _communicator(self, settings: Settings, display: RunDisplay) -> APICommunicator:
        return APICommunicator.from_settings(
            settings,
            destination=self._destination,
            policy=self._policy,
            stop=self._stop.event,
            notice=display.notice,
        )

    def _end(
        self,
        reports: Sequence[EntityReport] | Sequence[ReplayReport],
        dead_letters: Path | None,
        error: CourseError | None,
    ) -> int:
        summary = BatchSummary(
            reports,
            self._destination.command,
            dead_letters or Path(self._destination.dead_letter_file),
            time.monotonic() - self._began,
            error=None if error is None else str(error),
            signal_code=self._stop.exit_code,
        )
        summary.show(Console(), self._err)
        if self._json:
            summary.write_json(self._json)
        return summary.exit_code
