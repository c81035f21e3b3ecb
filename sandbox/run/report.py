"""The report of a run: .sandbox/reports/run.json, and what is shown of it."""

import json
import time
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from rich.table import Table

from sandbox.run.answers import Rows
from sandbox.settings import Settings, private_folder, write_private

KEPT = ("run.json", "answers.png")


def reports(settings: Settings) -> Path:
    """The folder of the reports."""
    return private_folder(settings.home / "reports")


def write_report(
    settings: Settings,
    data: Mapping[str, Any],
    stages: Mapping[str, Mapping[str, int]],
    answers: Mapping[str, Rows],
    seconds: Mapping[str, float],
    memory: Mapping[str, float],
) -> Path:
    """Write run.json: rows, seed, stages by entity, answers, seconds by stage, rss_mb by part."""
    content = {
        **data,
        "stages": stages,
        "answers": answers,
        "seconds": {**seconds, "total": round(sum(seconds[name] for name in seconds if name not in NOTEBOOKS), 2)},
        "rss_mb": {**memory, "total": round(sum(memory.values()), 1)},
    }
    return write_private(reports(settings) / "run.json", json.dumps(content, indent=2, ensure_ascii=False))


NOTEBOOKS = ("load_data", "clean_pin", "clean_geo", "clean_user", "query_data")


def keep_old_report(settings: Settings) -> None:
    """Move the last run's report and picture aside, under the time they were written."""
    for name in KEPT:
        path = reports(settings) / name
        if path.exists():
            written = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(path.stat().st_mtime))
            path.rename(path.with_stem(f"{path.stem}-{written}"))


def timing_table(seconds: Mapping[str, float], memory: Mapping[str, float]) -> Table:
    """Seconds by stage beside MB by part."""
    table = Table(title="Time and memory")
    for title in ("stage", "part"):
        table.add_column(title)
        table.add_column("seconds" if title == "stage" else "MB", justify="right")
    for stage, part in zip_longest(seconds.items(), memory.items(), fillvalue=("", 0.0)):
        name = f"  {stage[0]}" if stage[0] in NOTEBOOKS else stage[0]
        table.add_row(name, f"{stage[1]:.1f}" if name else "", part[0], f"{part[1]:.0f}" if part[0] else "")
    table.caption = f"{sum(v for k, v in seconds.items() if k not in NOTEBOOKS):.0f} s, {sum(memory.values()):.0f} MB"
    return table
