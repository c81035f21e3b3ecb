"""What the commands show: live tables, progress bars, findings."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from sandbox.doctor import Finding
    from sandbox.parts.base import Part
    from sandbox.stack import PartStatus

UNSEEN_WIDTH = 120
COLOURS = {"running": "green", "ready": "green", "ok": "green", "failed": "red", "problem": "red", "stopped": "dim"}


def console() -> Console:
    """Standard output; wide enough for the tables where no terminal says how wide it is."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=UNSEEN_WIDTH)


def status_table(statuses: Iterable["PartStatus"]) -> Table:
    """Parts, states, addresses, memory (MB) and seconds."""
    statuses = list(statuses)
    table = Table("part", "stands for", "state")
    table.add_column("address", overflow="fold")
    table.add_column("MB", justify="right")
    table.add_column("seconds", justify="right")
    for status in statuses:
        colour = COLOURS.get(status.state, "yellow")
        state = f"[{colour}]{status.state}[/{colour}]"
        table.add_row(
            status.name, status.stands_for, state, status.address, f"{status.megabytes:.0f}", f"{status.seconds:.0f}"
        )
    table.caption = f"{sum(status.megabytes for status in statuses):.0f} MB in all"
    return table


@contextmanager
def live_table(console: Console, parts: Iterable["Part"]) -> Iterator[Callable[["PartStatus"], None]]:
    """Show the parts while they start: a live table on a terminal, one line a change elsewhere."""
    from sandbox.stack import PartStatus

    rows = {part.name: PartStatus(part.name, part.stands_for, "waiting", part.address) for part in parts}
    if not console.is_terminal:
        yield lambda status: print_change(console, rows, status)
        return
    with Live(start_table(rows.values()), console=console, refresh_per_second=8, transient=True) as live:

        def on_change(status: "PartStatus") -> None:
            rows[status.name] = status
            live.update(start_table(rows.values()))

        yield on_change


def start_table(statuses: Iterable["PartStatus"]) -> Table:
    """Parts on their way up, each with what it waits for."""
    table = Table("part", "state", "address", "seconds", "waits for")
    for status in statuses:
        colour = COLOURS.get(status.state, "yellow")
        state = f"[{colour}]{status.state}[/{colour}]"
        table.add_row(status.name, state, status.address, f"{status.seconds:.0f}", escape(status.detail[:60]))
    return table


def print_change(console: Console, rows: dict[str, "PartStatus"], status: "PartStatus") -> None:
    """Print a line where a part's state changed."""
    if rows[status.name].state != status.state:
        console.print(f"{status.name:12} {status.state:10} {status.seconds:5.1f} s", highlight=False)
    rows[status.name] = status


def findings_table(findings: Iterable["Finding"]) -> Table:
    """What the doctor saw."""
    table = Table("looked at", "state", "fact", "what to do")
    for finding in findings:
        colour = COLOURS.get(finding.state, "yellow")
        state = f"[{colour}]{finding.state}[/{colour}]"
        table.add_row(finding.subject, state, escape(finding.fact), escape(finding.mend))
    return table


def progress_bar(console: Console) -> Progress:
    """A progress bar with a count and the time it took."""
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=console,
    )  # fmt: skip


@contextmanager
def download_progress(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """One bar for each set of files."""
    with progress_bar(console) as bar:
        tasks: dict[str, object] = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=total)
            bar.update(tasks[name], completed=done)  # type: ignore[arg-type]

        yield show
