"""`sandbox data`: fill the source database and write its answer key, or write the same rows to files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from rich.console import Console
from sqlalchemy import Engine

from sandbox.data import Dials, StoredDataset, load_database, stored_dataset, write_expectations, write_parquet
from sandbox.display import progress_bar
from sandbox.environment import answer_key_file
from sandbox.errors import NotRunningError
from sandbox.parts.base import listening
from sandbox.parts.mariadb import MariaDB
from sandbox.right_answers import has_answer_key, right_answers, write_answer_key, write_answers
from sandbox.secrets import load_secrets
from sandbox.settings import Settings


def fill_database(console: Console, settings: Settings, rows: int, seed: int, dials: Dials) -> None:
    """Refill the three tables, and the feed where a dial needs one, in one swap, and write the tables' answer key.

    Beside a feed it writes what must come out of it, to `.sandbox/expectations/`; the answer key is that of the tables.

    Raises:
        NotRunningError: MariaDB does not listen.
    """
    data = StoredDataset(rows, seed, dials)
    with source_database(settings) as engine:
        # The answers first, so that the key follows the swap at once.
        answers = compute_answers(console, settings.home, data)
        with progress_bar(console) as bar:
            task = bar.add_task("database", total=rows)
            load_database(engine, rows, seed, dials, lambda done: bar.update(task, completed=done))
    write_answer_key(settings, data, answers)
    console.print(f"The database holds {rows:,} rows of seed {seed} in each table.")
    if dials.feeds:
        foretell(console, settings.home / "expectations", rows, seed, dials)
        console.print("Post the feed: streaming-batch --order feed")


@contextmanager
def source_database(settings: Settings) -> Iterator[Engine]:
    """The source database, for as long as it is used. Raises NotRunningError where MariaDB does not listen."""
    mariadb = MariaDB(settings, load_secrets(settings))
    if not listening(mariadb.port):
        raise NotRunningError
    engine = mariadb.engine()
    try:
        yield engine
    finally:
        engine.dispose()


def compute_answers(console: Console, folder: Path, data: StoredDataset) -> dict[str, pa.Table]:
    """Answer every question by DuckDB, with a progress bar."""
    with progress_bar(console) as bar:
        task = bar.add_task("answers", total=data.rows)
        return right_answers(folder, data, lambda done: bar.update(task, completed=done))


def keep_answer_key(console: Console, settings: Settings) -> None:
    """Write the answer key of what the database holds, where it is missing or of other data; nothing else is changed.

    Raises:
        NotRunningError: MariaDB does not listen.
    """
    with source_database(settings) as engine:
        data = stored_dataset(engine)
    if data is not None and not has_answer_key(settings, data):
        write_answer_key(settings, data, compute_answers(console, settings.home, data))
        console.print(f"The answer key of the database: {answer_key_file(settings)}", soft_wrap=True)


def write_right_answers(console: Console, file: Path, rows: int, seed: int, dials: Dials) -> None:
    """Write the right answers as they are, for who teaches; needs no running part."""
    answers = compute_answers(console, file.resolve().parent, StoredDataset(rows, seed, dials))
    write_answers(file, answers)
    console.print(str(file), soft_wrap=True)


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
