"""What a run shows while it works: progress bars on a terminal, a line every few seconds anywhere else."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

LINE_SECONDS = 5.0


class RunDisplay(Protocol):
    """Where a run reports to; safe to call from threads."""

    def start(self, name: str, total: int, done: int) -> None:
        """Begin the line called `name`: `done` of `total` records were dealt with by earlier runs."""

    def advance(self, name: str, records: int) -> None:
        """`records` more are dealt with."""

    def notice(self, text: str) -> None:
        """Something a person should know while it happens, such as a failure that will be tried again."""

    def close(self) -> None:
        """The run is over."""


class SilentDisplay:
    """Shows nothing."""

    def start(self, name: str, total: int, done: int) -> None:
        """Nothing."""

    def advance(self, name: str, records: int) -> None:
        """Nothing."""

    def notice(self, text: str) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class BarDisplay:
    """One progress bar a name, with the records per second of this run."""

    def __init__(self, console: Console) -> None:
        """Draw on `console` until closed."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
        )
        self._progress = Progress(*columns, TimeRemainingColumn(), console=console, refresh_per_second=5)
        self._tasks: dict[str, TaskID] = {}
        self._rates: dict[str, _Rate] = {}
        self._progress.start()

    def start(self, name: str, total: int, done: int) -> None:
        """Add a bar."""
        self._tasks[name] = self._progress.add_task(name, total=total, completed=done, rate="")
        self._rates[name] = _Rate()

    def advance(self, name: str, records: int) -> None:
        """Move a bar."""
        rate = self._rates[name].after(records)
        self._progress.update(self._tasks[name], advance=records, rate=f"{rate:,.0f} records/s")

    def notice(self, text: str) -> None:
        """Print above the bars."""
        self._progress.console.print(text, style="yellow", markup=False, highlight=False)

    def close(self) -> None:
        """Leave the bars as they are."""
        self._progress.stop()


class LineDisplay:
    """A line every few seconds, for logs and pipes."""

    def __init__(self, console: Console, every: float = LINE_SECONDS) -> None:
        """Print on `console`, at most one line of progress every `every` seconds."""
        self._console = console
        self._every = every
        self._lock = threading.Lock()
        self._counts: dict[str, list[int]] = {}
        self._rate = _Rate()
        self._next = time.monotonic() + every

    def start(self, name: str, total: int, done: int) -> None:
        """Begin counting."""
        with self._lock:
            self._counts[name] = [done, total]

    def advance(self, name: str, records: int) -> None:
        """Count, and print if it is time."""
        with self._lock:
            self._counts[name][0] += records
            rate = self._rate.after(records)
            if time.monotonic() >= self._next:
                self._next = time.monotonic() + self._every
                counts = ", ".join(f"{name} {done:,} of {total:,}" for name, (done, total) in self._counts.items())
                self.notice(f"{counts} ({rate:,.0f} records/s)")

    def notice(self, text: str) -> None:
        """Print a line."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Nothing is left open."""


def display_for(console: Console) -> RunDisplay:
    """Bars on a terminal, lines elsewhere."""
    return BarDisplay(console) if console.is_terminal else LineDisplay(console)


class _Rate:
    """Records per second since it was made."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._records = 0

    def after(self, records: int) -> float:
        self._records += records
        return self._records / max(time.monotonic() - self._since, 1e-6)
