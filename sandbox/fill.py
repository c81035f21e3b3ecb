"""`sandbox data`: fill the source database, or write the same rows to files."""

from pathlib import Path

from rich.console import Console

from sandbox.data import Dials, load_database, write_expectations, write_parquet
from sandbox.display import progress_bar
from sandbox.errors import NotRunningError
from sandbox.parts.base import listening
from sandbox.parts.mariadb import MariaDB
from sandbox.secrets import load_secrets
from sandbox.settings import Settings


def fill_database(console: Console, settings: Settings, rows: int, seed: int, dials: Dials) -> None:
    """Refill the three tables, and the feed where a dial needs one, in one swap.

    Beside a feed it writes what must come out of it, to `.sandbox/expectations/`.

    Raises:
        NotRunningError: MariaDB does not listen.
    """
    mariadb = MariaDB(settings, load_secrets(settings))
    if not listening(mariadb.port):
        raise NotRunningError
    engine = mariadb.engine()
    with progress_bar(console) as bar:
        task = bar.add_task("database", total=rows)
        load_database(engine, rows, seed, dials, lambda done: bar.update(task, completed=done))
    engine.dispose()
    console.print(f"The database holds {rows:,} rows of seed {seed} in each table.")
    if dials.feeds:
        foretell(console, settings.home / "expectations", rows, seed, dials)
        console.print("Post the feed: streaming-batch --order feed")


def foretell(console: Console, folder: Path, rows: int, seed: int, dials: Dials) -> None:
    """Write what must come out of the feed."""
    with console.status("Foretelling what must come out of the feed"):
        write_expectations(folder, rows, seed, dials)
    console.print(f"What must come out of the feed: {folder}", soft_wrap=True)


def write_files(console: Console, folder: Path, rows: int, seed: int, dials: Dials) -> None:
    """Write the rows as Parquet, and what must come out of the feed where a dial needs one."""
    with progress_bar(console) as bar:
        task = bar.add_task("files", total=rows)
        paths = write_parquet(
            folder, rows, seed, decimals=dials.decimals, progress=lambda done: bar.update(task, completed=done)
        )
    for path in paths:
        console.print(str(path), soft_wrap=True)
    if dials.feeds:
        foretell(console, folder, rows, seed, dials)
