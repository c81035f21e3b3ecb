"""The end of a posting or a replay: its table, its last sentences, its exit code, and the same as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from lib.atomic_file import replace_file
from lib.data_processor import EntityReport
from lib.replay import ReplayReport

ACKNOWLEDGED, FAILED, DEAD_LETTERS = 0, 1, 3
_HEADINGS = {"total": "rows", "taken": "done", "dead_lettered": "dead-lettered", "kept": "still in the file"}
_HIDDEN = {"taken_now", "acknowledged_now"}


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """How a posting or a replay ended.

    Attributes:
        entities: one report an entity.
        command: which command it was.
        dead_letter_file: where the dead letters of these entities are.
        seconds: how long it took.
        error: what stopped it, None if nothing did.
        signal_code: the exit code of the signal that stopped it, None if none did.
    """

    entities: Sequence[EntityReport] | Sequence[ReplayReport]
    command: str
    dead_letter_file: Path
    seconds: float
    error: str | None = None
    signal_code: int | None = None

    @property
    def waiting(self) -> int:
        """Records in the dead-letter file."""
        return sum(
            report.kept if isinstance(report, ReplayReport) else report.dead_lettered for report in self.entities
        )

    @property
    def empty_draws(self) -> int:
        """Places that are done with and held no row: draws of the course's order beyond the end of a small table."""
        posted = (report for report in self.entities if isinstance(report, EntityReport))
        return sum(report.taken - report.acknowledged - report.dead_lettered for report in posted)

    @property
    def exit_code(self) -> int:
        """0 all acknowledged, 1 error, 3 dead letters wait, 130 or 143 stopped by a signal."""
        if self.error is not None:
            return FAILED
        return self.signal_code or (DEAD_LETTERS if self.waiting else ACKNOWLEDGED)

    def show(self, out: Console, err: Console) -> None:
        """Print the table and what to do next to `out`, the error to `err`."""
        if self.entities:
            out.print(_table(self.entities))
        for sentence in self.sentences():
            out.print(sentence, markup=False, highlight=False, soft_wrap=True)
        if self.error is not None:
            err.print(f"Error: {self.error}", style="red", markup=False, highlight=False, soft_wrap=True)

    def sentences(self) -> list[str]:
        """What became of the run and which command comes next."""
        found = [] if self.error or self.signal_code or self.waiting else [self._all_done()]
        if self.empty_draws:
            found.append(f"{self.empty_draws:,} draws lay beyond the last row of their table and posted nothing.")
        if self.waiting:
            found.append(
                f"{self.waiting:,} records wait in {self.dead_letter_file}, each with its reason. "
                f"Send them with `{self.command} --replay {self.dead_letter_file}`."
            )
        if self.signal_code:
            found.append("Stopped after the batch in flight. The same command, without --restart, goes on from here.")
        elif self.error and self.entities:
            found.append("What is done stays done: the same command, without --restart, goes on from here.")
        return found

    def write_json(self, path: Path) -> None:
        """Write the summary to `path`: exit_code, error, seconds, dead_letter_file and `entities` by name."""
        entities = {
            report.entity: {k: v for k, v in asdict(report).items() if k != "entity"} for report in self.entities
        }
        content = {
            "exit_code": self.exit_code,
            "error": self.error,
            "seconds": round(self.seconds, 3),
            "dead_letter_file": str(self.dead_letter_file),
            "entities": entities,
        }
        replace_file(path, orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))

    def _all_done(self) -> str:
        total = sum(report.acknowledged for report in self.entities)
        posted = [report for report in self.entities if isinstance(report, EntityReport)]
        if posted and not any(report.taken_now for report in posted):
            return (
                f"Nothing to send: earlier runs were acknowledged for all {total:,} records. "
                f"`{self.command} --restart` sends them again."
            )
        now = f", {sum(report.acknowledged_now for report in posted):,} of them by this run" if posted else ""
        return f"All {total:,} records are acknowledged{now} ({self.seconds:.1f} s)."


def _table(reports: Sequence[EntityReport] | Sequence[ReplayReport]) -> Table:
    rows = [{name: value for name, value in asdict(report).items() if name not in _HIDDEN} for report in reports]
    table = Table()
    for name in rows[0]:
        table.add_column(_HEADINGS.get(name, name), justify="left" if name == "entity" else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(value if isinstance(value, str) else f"{value:,}" for value in row.values()))
    return table
