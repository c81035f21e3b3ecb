"""What is printed of the figures, and the same as JSON."""

import json
import os
import platform
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console

from benchmarks.figures import Figure
from sandbox.run.report import reports
from sandbox.settings import load_settings, write_private

DECIMALS = {"s": 2, "x": 2, "MB": 0, "rows/s": 0, "records/s": 0, "requests/s": 0, "ms": 2}


@dataclass
class SubjectReport:
    """What became of one subject: its figures so far, why it stopped, and how busy the machine was (1 minute)."""

    name: str
    figures: list[Figure] = field(default_factory=list)
    error: str | None = None
    seconds: float = 0.0
    load_before: float = 0.0
    load_after: float = 0.0


def figure_line(figure: Figure) -> str:
    """One figure with its bar, as a line."""
    line = f"  {figure.name:62} {figure.value:12,.{DECIMALS[figure.unit]}f} {figure.unit:9}"
    if figure.bar is None:
        return line.rstrip()
    verdict = "[yellow]missed[/yellow]" if figure.missed else "[green]holds[/green]"
    return f"{line} bar: {figure.bar.side} {figure.bar.limit:g}; {figure.of_bar:.2f} of it; {verdict}"


def show_end(console: Console, subjects: list[SubjectReport], path: Path) -> None:
    """Sum up: bars held and missed, subjects that could not be run."""
    barred = [(subject.name, figure) for subject in subjects for figure in subject.figures if figure.bar]
    missed = [(name, figure) for name, figure in barred if figure.missed]
    console.print(f"\n{len(barred) - len(missed)} of {len(barred)} bars hold.", highlight=False)
    for name, figure in missed:
        console.print(f"Missed: {name}: {figure.name.strip()}", style="yellow", markup=False, highlight=False)
    for subject in subjects:
        if subject.error:
            console.print(f"Could not be run: {subject.name}", style="red", highlight=False)
    console.print(f"Figures: {path}", soft_wrap=True, highlight=False)


def write_report(subjects: list[SubjectReport], quick: bool) -> Path:
    """Write `bench.json` among the reports of the user's own sandbox."""
    content = {
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "quick": quick,
        "machine": machine(),
        "subjects": {subject.name: subject_content(subject) for subject in subjects},
    }
    return write_private(reports(load_settings()) / "bench.json", json.dumps(content, indent=2))


def machine() -> dict[str, Any]:
    """What the figures were measured on; memory in MB."""
    memory = round(psutil.virtual_memory().total / 1e6)
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "memory_mb": memory,
    }


def subject_content(subject: SubjectReport) -> dict[str, Any]:
    """One subject for the JSON file."""
    return {
        "seconds": round(subject.seconds, 1),
        "load_before": round(subject.load_before, 2),
        "load_after": round(subject.load_after, 2),
        "error": subject.error,
        "figures": [figure_content(figure) for figure in subject.figures],
    }


def figure_content(figure: Figure) -> dict[str, Any]:
    """One figure for the JSON file."""
    content: dict[str, Any] = {"name": figure.name.strip(), "value": round(figure.value, 4), "unit": figure.unit}
    if figure.bar and figure.of_bar is not None:
        bar = {"side": figure.bar.side, "limit": figure.bar.limit}
        content |= {"bar": bar, "of_bar": round(figure.of_bar, 3), "holds": not figure.missed}
    return content
