"""The processes of a sandbox: each carries a mark in its environment, so that none is ever lost or mistaken."""

import contextlib
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess

import psutil

from sandbox.settings import Settings

MARK = "SANDBOX_PART"
SET_UP = "-set-up"


def mark(settings: Settings, part: str) -> str:
    """The value of SANDBOX_PART that every process of a part carries; its children inherit it."""
    return f"{settings.home}:{part}"


def set_up(
    settings: Settings,
    part: str,
    command: Sequence[str | Path],
    given: str = "",
    environment: Mapping[str, str] = os.environ,
) -> CompletedProcess[str]:
    """Run one step of a part's first start, marked so that the next start ends it should it outlive a killed one."""
    marked = {**environment, MARK: mark(settings, part + SET_UP)}
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False, env=marked)


def end_set_up(settings: Settings) -> None:
    """End what a killed start has left behind of its steps."""
    end([process for part, group in processes(settings).items() if part.endswith(SET_UP) for process in group])


def processes(settings: Settings) -> dict[str, list[psutil.Process]]:
    """Every living process of this sandbox, by part."""
    found: dict[str, list[psutil.Process]] = {}
    prefix = f"{settings.home}:"
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            value = process.environ().get(MARK, "")
            if value.startswith(prefix) and process.status() != psutil.STATUS_ZOMBIE:
                found.setdefault(value.removeprefix(prefix), []).append(process)
    return found


def resident_megabytes(group: Iterable[psutil.Process]) -> float:
    """The resident memory of some processes, in MB (10^6 bytes)."""
    total = 0
    for process in group:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total / 1e6


def end_all(settings: Settings, seconds: float = 10) -> int:
    """End every process of this sandbox that still lives; return how many there were."""
    return end([process for group in processes(settings).values() for process in group], seconds)


def end(remaining: list[psutil.Process], seconds: float = 10) -> int:
    """End these processes: politely first, then for good; return how many there were."""
    for process in remaining:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, stubborn = psutil.wait_procs(remaining, timeout=seconds)
    for process in stubborn:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=seconds)
    return len(remaining)
