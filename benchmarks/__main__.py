"""`make bench`: measure every subject, or those named: `.venv/bin/python -m benchmarks --only posting etl`."""

import argparse
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from types import FrameType

from rich.console import Console

from benchmarks import etl, gateway, generator, kinesis, posting, run, scale, start, streaming
from benchmarks.bench import Bench, bench_sandbox
from benchmarks.errors import AlreadyRunningError, BenchmarkError
from benchmarks.figures import Figure
from benchmarks.report import SubjectReport, figure_line, show_end, write_report
from benchmarks.sizes import FULL, QUICK
from sandbox.errors import SandboxError

SUBJECTS: dict[str, Callable[[Bench], Iterator[Figure]]] = {
    "start": start.measure,
    "run": run.measure,
    "posting": posting.measure,
    "etl": etl.measure,
    "scale": scale.measure,
    "generator": generator.measure,
    "kinesis": kinesis.measure,
    "gateway": gateway.measure,
    "streaming": streaming.measure,
}


def main() -> int:
    """Measure what was asked for; 1 if a subject could not be run, 0 whatever the figures are."""
    options = read_options()
    signal.signal(signal.SIGTERM, as_interrupt)
    console = Console()
    subjects: list[SubjectReport] = []
    try:
        with bench_sandbox(console, QUICK if options.quick else FULL) as bench:
            for name in options.only:
                subjects.append(SubjectReport(name))
                measure(bench, subjects[-1])
                write_report(subjects, options.quick)
    except KeyboardInterrupt:
        console.print("Stopped; the benchmarks' sandbox is removed.")
        return 130
    except AlreadyRunningError as error:
        console.print(str(error), style="red")
        return 1
    show_end(console, subjects, write_report(subjects, options.quick))
    return int(any(subject.error for subject in subjects))


def read_options() -> argparse.Namespace:
    """The command line; the subjects in their own order, whatever the order they are named in."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Print the figures beside their bars.")
    parser.add_argument("--only", nargs="+", choices=SUBJECTS, metavar="NAME", help=", ".join(SUBJECTS))
    parser.add_argument("--quick", action="store_true", help="little data, to see that all runs; no figure counts")
    options = parser.parse_args()
    options.only = [name for name in SUBJECTS if name in (options.only or SUBJECTS)]
    return options


def as_interrupt(_: int, __: FrameType | None) -> None:
    """Take SIGTERM as Ctrl-C, so that it leaves nothing behind either."""
    raise KeyboardInterrupt


def measure(bench: Bench, subject: SubjectReport) -> None:
    """Measure one subject; where it fails, say so and go on."""
    bench.console.rule(subject.name, align="left")
    began, subject.load_before = time.monotonic(), os.getloadavg()[0]
    try:
        show_figures(bench.console, subject, SUBJECTS[subject.name](bench))
    except (BenchmarkError, SandboxError) as error:
        subject.error = str(error)
    except Exception:
        subject.error = traceback.format_exc()
    subject.seconds, subject.load_after = time.monotonic() - began, os.getloadavg()[0]
    show_state(bench.console, subject)


def show_figures(console: Console, subject: SubjectReport, figures: Iterable[Figure]) -> None:
    """Print each figure as soon as it is there."""
    for figure in figures:
        subject.figures.append(figure)
        console.print(figure_line(figure), highlight=False, soft_wrap=True)


def show_state(console: Console, subject: SubjectReport) -> None:
    """Say why a subject stopped, and how busy the machine was."""
    if subject.error:
        console.print(f"{subject.name} could not be run:\n{subject.error}", style="red", markup=False, highlight=False)
    load = f"load average {subject.load_before:.1f} before, {subject.load_after:.1f} after, {os.cpu_count()} cores"
    console.print(f"  ({subject.seconds:.0f} s; {load})", style="dim", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
