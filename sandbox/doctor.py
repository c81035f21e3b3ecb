"""`sandbox doctor`: what would stand in the way, found before it hurts, each with the command that mends it."""

import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from sandbox import downloads
from sandbox.errors import DamagedDataError, DiskFullError, PortTakenError, SandboxError
from sandbox.java import NEWEST, OLDEST, find_java, system_javas
from sandbox.parts.base import Part, listening
from sandbox.processes import processes
from sandbox.settings import Settings

ROOM_TO_RUN = 500_000_000  # bytes: logs, Kafka's segments, a few runs of tables
MEMORY_TO_RUN = 3_000_000_000  # bytes: all parts, and a notebook
AWS_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `ok`, `note` (works, but worth knowing) or `problem`, with what mends it."""

    subject: str
    state: str
    fact: str
    mend: str = ""


def examine(settings: Settings, parts: Iterable[Part]) -> list[Finding]:
    """Look at everything that has stopped a sandbox before."""
    parts = list(parts)
    running = bool(processes(settings))
    checks: list[tuple[str, Callable[[], list[Finding]]]] = [
        ("platform", check_platform),
        ("java", lambda: check_java(settings)),
        ("disk", lambda: check_disk(settings)),
        ("memory", check_memory),
        ("downloads", lambda: check_downloads(settings)),
        ("ports", lambda: [] if running else check_ports(settings)),
        ("data", lambda: check_data(settings, parts)),
        ("environment", check_environment),
    ]
    return [finding for subject, check in checks for finding in attempt(subject, check)]


def attempt(subject: str, check: Callable[[], list[Finding]]) -> list[Finding]:
    """Run one check; its own error is a finding too."""
    try:
        return check() or [Finding(subject, "ok", "nothing in the way")]
    except SandboxError as error:
        return [Finding(subject, "problem", error.fact, error.mend)]


def refuse_obstacles(settings: Settings, parts: Iterable[Part]) -> None:
    """Raise the first problem that would stop a start."""
    find_java(settings)
    refuse_full_disk(settings)
    refuse_taken_ports(settings)
    refuse_damage(parts)


def check_platform() -> list[Finding]:
    """Say how well this platform is known."""
    system, machine = platform.system(), platform.machine()
    if (system, machine) == ("Linux", "x86_64"):
        return [Finding("platform", "ok", "Linux x86_64: tested")]
    if downloads.mariadb() or shutil.which("mariadbd"):
        return [
            Finding("platform", "note", f"{system} {machine}: every part is published for it, but it was not tried")
        ]
    return [
        Finding(
            "platform",
            "problem",
            f"{system} {machine}: no MariaDB server is published for it and none is installed.",
            "Install one: sudo apt install mariadb-server (Linux) or brew install mariadb (macOS)",
        )
    ]


def check_java(settings: Settings) -> list[Finding]:
    """Name the Java in use, and a Java on this machine that is not used because it does not fit."""
    used = find_java(settings)
    unfit = [java for java in system_javas() if not java.fits and not settings.java]
    notes = [
        Finding(
            "java",
            "note",
            f"Java {java.version} of {java.origin} ({java.path}) is too {'old' if java.version < OLDEST else 'new'}"
            f" (needed: {OLDEST} to {NEWEST}); the sandbox uses Java {used.version} of {used.origin} instead",
        )
        for java in unfit
    ]
    return [*notes, Finding("java", "ok", f"Java {used.version} of {used.origin}")]


def check_disk(settings: Settings) -> list[Finding]:
    """See that there is room."""
    refuse_full_disk(settings)
    if downloads.missing(settings):
        downloads.refuse_full_disk(settings)
    free = shutil.disk_usage(existing(settings.home)).free
    return [Finding("disk", "ok", f"{free / 1e9:.1f} GB free")]


def refuse_full_disk(settings: Settings) -> None:
    """Stop where the disk has too little room to run, or cannot be written at all."""
    folder = existing(settings.home)
    free = shutil.disk_usage(folder).free
    if free < ROOM_TO_RUN:
        raise DiskFullError(
            f"The disk of {folder} has {free / 1e6:.0f} MB free; the sandbox needs {ROOM_TO_RUN / 1e6:.0f} MB.",
            "Make room, or name a folder on another disk: SANDBOX_HOME=/path/.sandbox sandbox up",
        )
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"0" * 65536)
            probe.flush()
    except OSError as error:
        raise DiskFullError(
            f"Nothing can be written to {folder}: {error.strerror}.",
            "Make room there, or name another folder: SANDBOX_HOME=/path/.sandbox sandbox up",
        ) from error


def existing(folder: Path) -> Path:
    """The folder, or its nearest parent that exists."""
    return folder if folder.exists() else existing(folder.parent)


def check_memory() -> list[Finding]:
    """See that the parts fit into memory."""
    free = psutil.virtual_memory().available
    if free >= MEMORY_TO_RUN:
        return [Finding("memory", "ok", f"{free / 1e9:.1f} GB available")]
    mend = "Close something large, or expect it to be slow"
    return [Finding("memory", "note", f"{free / 1e9:.1f} GB available; all parts and a notebook take about 3 GB", mend)]


def check_downloads(settings: Settings) -> list[Finding]:
    """Find sets that are not fetched yet, were cut off, or have lost or changed files."""
    findings = []
    for jars in downloads.jar_sets():
        folder = downloads.folder(settings, jars)
        if not folder.exists():
            cut_off = downloads.ivy_cache(settings, jars).exists()
            fact = f"{jars.name} was cut off" if cut_off else f"{jars.name} is not downloaded yet"
            findings.append(Finding("downloads", "note", fact, "Go on: sandbox up"))
        elif broken := damaged_files(jars, folder):
            fact = (
                f"{jars.name} is damaged: {', '.join(broken[:3])} {'is' if len(broken) == 1 else 'are'} not as pinned"
            )
            findings.append(
                Finding("downloads", "problem", fact, "Fetch it again: sandbox reset --all, then sandbox up")
            )
    return findings or [Finding("downloads", "ok", "all there, every checksum as pinned")]


def damaged_files(jars: downloads.JarSet, folder: Path) -> list[str]:
    """The files of a set that are missing or not the pinned ones (an unpacked set is asked for its server only)."""
    if jars.unpack:
        return [] if (folder / "bin" / "mariadbd").exists() else ["bin/mariadbd"]
    return [
        jar.file
        for jar in jars.jars
        if not (folder / jar.file).exists() or downloads.sha256(folder / jar.file) != jar.sha256
    ]


def check_ports(settings: Settings) -> list[Finding]:
    """Find taken ports."""
    refuse_taken_ports(settings)
    first, last = min(settings.ports.values()), max(settings.ports.values())
    return [Finding("ports", "ok", f"{first} to {last} are free")]


def refuse_taken_ports(settings: Settings) -> None:
    """Stop where another program listens on one of our ports."""
    taken = {name: port for name, port in settings.ports.items() if listening(port)}
    if taken:
        name, port = next(iter(taken.items()))
        raise PortTakenError(
            f"Port {port}, which {name} needs, is taken{holder(port)}.",
            f"End that program, or use other ports: SANDBOX_PORT_BASE={settings.port_base + 100} sandbox up",
        )


def holder(port: int) -> str:
    """Name the program that holds a port, where the system tells."""
    try:
        connections = psutil.net_connections("tcp")
    except (psutil.Error, OSError):
        return ""
    for connection in connections:
        at = connection.laddr.port if connection.laddr else None
        if connection.status == psutil.CONN_LISTEN and at == port and connection.pid:
            return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""


def check_data(settings: Settings, parts: Iterable[Part]) -> list[Finding]:
    """Find data folders that a crash left half made."""
    refuse_damage(parts)
    halves = sorted((settings.home / "data").glob("*.new"))
    return [
        Finding(
            "data", "note", f"{half.stem}'s first start was interrupted", "The next start makes it anew: sandbox up"
        )
        for half in halves
    ]


def refuse_damage(parts: Iterable[Part]) -> None:
    """Stop where a part's data folder cannot be its whole data."""
    for part in parts:
        if damage := part.damage():
            raise DamagedDataError(f"{damage}: it was only half written or was changed.", "Begin anew: sandbox reset")


def check_environment() -> list[Finding]:
    """Say where exported AWS keys would beat the profile."""
    exported = [name for name in AWS_KEYS if os.environ.get(name)]
    if not exported:
        return []
    fact = f"{', '.join(exported)} is exported and beats the profile `sandbox`: calls would go out with those keys"
    return [Finding("environment", "problem", fact, f"Unset it in this shell: unset {' '.join(exported)}")]
