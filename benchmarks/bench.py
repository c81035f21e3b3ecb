"""What the subjects share: a sandbox of their own, the sizes, and a line that says what is being done."""

import fcntl
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from benchmarks.commands import timed
from benchmarks.errors import AlreadyRunningError
from benchmarks.sizes import SEED, Sizes
from sandbox.data import stored_dataset
from sandbox.parts.kafka import Kafka
from sandbox.parts.mariadb import MariaDB
from sandbox.parts.s3 import S3
from sandbox.settings import ROOT, Settings
from sandbox.stack import Stack
from tests.sandbox_under_test import SandboxUnderTest, clean_environment, free_port_base, sandbox_environment

FOLDER = ROOT / ".sandbox-bench"
Show = Callable[[str], None]


@dataclass(frozen=True)
class Bench:
    """The sandbox that is measured, and how the reader is kept informed."""

    console: Console
    sizes: Sizes
    settings: Settings

    @property
    def sandbox(self) -> SandboxUnderTest:
        """The sandbox as it is now: a reset gives it another student and other passwords."""
        return SandboxUnderTest(self.settings)

    @property
    def stack(self) -> Stack:
        """Its parts."""
        return self.sandbox.stack

    @property
    def scratch(self) -> Path:
        """A folder for whatever a subject writes; it goes when the sandbox goes."""
        folder = FOLDER / "scratch"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    @contextmanager
    def step(self, text: str) -> Iterator[Show]:
        """Say what is being done, with a running clock on a terminal; what is yielded shows the latest detail."""
        if not self.console.is_terminal:
            self.console.print(f"  ... {text}", style="dim", highlight=False)
            yield lambda _: None
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True, refresh_per_second=2) as progress:
            task = progress.add_task(text, total=None)
            yield lambda detail: progress.update(task, description=f"{text}  [dim]{escape(detail[:70])}[/dim]")

    def command(self, *words: str, listen: Show | None = None) -> float:
        """Run `sandbox ...`; return the wall seconds of the process. `listen` is told each line that it prints."""
        with self.step(f"sandbox {' '.join(words)}") as progress:

            def show(line: str) -> None:
                progress(line)
                if listen:
                    listen(line)

            environment = {**clean_environment(), **sandbox_environment(self.settings)}
            return timed([sys.executable, "-m", "sandbox", *words], environment, show)

    def up(self) -> None:
        """See to it that the sandbox is up."""
        self.command("up")

    def up_with_rows(self, rows: int | None = None) -> None:
        """See to it that the sandbox is up and its database holds the rows, as many as the sizes say or these."""
        rows = rows or self.sizes.rows
        self.up()
        engine = self.stack.part(MariaDB).engine()
        stored = stored_dataset(engine)
        engine.dispose()
        if not stored or (stored.rows, stored.seed) != (rows, SEED):
            self.command("data", "--rows", str(rows), "--seed", str(SEED))

    def cpu_seconds(self, part: str) -> float:
        """What a part's process has computed since it began, children that ended included: no other load blurs it."""
        return sum(psutil.Process(self.sandbox.pid(part)).cpu_times()[:4])

    @property
    def kafka(self) -> Kafka:
        """The broker."""
        return self.stack.part(Kafka)

    @property
    def s3(self) -> S3:
        """The object store."""
        return self.stack.part(S3)


@contextmanager
def bench_sandbox(console: Console, sizes: Sizes) -> Iterator[Bench]:
    """A sandbox with a folder and ports of its own, not started yet; stopped and removed afterwards.

    Raises:
        AlreadyRunningError: another `make bench` is at work.
    """
    FOLDER.mkdir(exist_ok=True, mode=0o700)
    with (FOLDER / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(
                "Another `make bench` is running: wait for it, or stop it with Ctrl-C."
            ) from error
        bench = Bench(console, sizes, Settings(home=FOLDER / "home", port_base=free_port_base()))
        try:
            remove_home(bench)
            yield bench
        finally:
            with undisturbed(), bench.step("Removing the benchmarks' sandbox"):
                remove_home(bench)
                shutil.rmtree(FOLDER)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let no second Ctrl-C leave half of the sandbox behind."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def remove_home(bench: Bench) -> None:
    """Stop whatever runs in the folder, that of an earlier run that was killed included, and remove it."""
    if bench.settings.home.exists():
        bench.stack.down()
        shutil.rmtree(bench.settings.home)
