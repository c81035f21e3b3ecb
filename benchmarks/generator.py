"""How fast the generator makes rows, writes them as landed objects, and fills the database."""

import shutil
import time
from collections.abc import Callable, Iterator

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.sizes import SEED
from sandbox.data import Dials, generate, load_database, write_json_lines
from sandbox.display import progress_bar
from sandbox.parts.mariadb import MariaDB

Progress = Callable[[int], None]


def measure(bench: Bench) -> Iterator[Figure]:
    """Rows (of all three tables at once, so a row is three) a second, and the two writers as shares of the first."""
    bench.up()
    made = rate(bench, "generate", lambda tell: generated(bench, tell))
    written = rate(bench, "write_json_lines", lambda tell: landed(bench, tell))
    loaded = rate(bench, "load_database", lambda tell: filled(bench, tell))
    yield Figure(f"generate, {bench.sizes.generated:,} rows a table", made, "rows/s")
    yield Figure("write_json_lines", written, "rows/s")
    yield Figure("  to generate", written / made, "x")
    yield Figure("load_database", loaded, "rows/s")
    yield Figure("  to generate", loaded / made, "x")


def rate(bench: Bench, name: str, work: Callable[[Progress], None]) -> float:
    """Rows a table and second of a piece of work that tells its progress."""
    rows = bench.sizes.generated
    with progress_bar(bench.console) as bar:
        task = bar.add_task(name, total=rows)
        began = time.perf_counter()
        work(lambda done: bar.update(task, completed=done))
        return rows / (time.perf_counter() - began)


def generated(bench: Bench, tell: Progress) -> None:
    """Make the rows and let them go."""
    for chunk in generate(bench.sizes.generated, SEED):
        tell(chunk.first_row + chunk.pin.num_rows)


def landed(bench: Bench, tell: Progress) -> None:
    """Write the rows as objects of 500 records."""
    folder = bench.scratch / "generated"
    write_json_lines(folder, bench.sizes.generated, SEED, bench.sandbox.user_id, progress=tell)
    shutil.rmtree(folder)


def filled(bench: Bench, tell: Progress) -> None:
    """Fill the sandbox's database."""
    engine = bench.stack.part(MariaDB).engine()
    load_database(engine, bench.sizes.generated, SEED, Dials(), tell)
    engine.dispose()
