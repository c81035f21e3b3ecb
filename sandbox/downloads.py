"""The jars of Kafka, Spark's extensions and MariaDB: fetched by pyspark's own Ivy, checked by our list of sha256.

Each set is a folder in the downloads folder. It appears there by one rename after every file was verified,
so a set is either whole or absent; an interrupted download goes on from Ivy's cache at the next try.
"""

import fcntl
import hashlib
import platform
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from xml.sax.saxutils import quoteattr

from sandbox import trust
from sandbox.errors import DiskFullError, DownloadError, SandboxError
from sandbox.java import find_java
from sandbox.settings import ROOT, Settings

LOCKS = ROOT / "requirements" / "java"
ROOM_NEEDED = 1_500_000_000  # bytes: jars, the unpacked MariaDB, and Ivy's cache while it works
TRANSFER_STEPS = ("[SUCCESSFUL ]", "[NOT REQUIRED]")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Jar:
    """One pinned Maven artifact."""

    organisation: str
    name: str
    revision: str
    sha256: str

    @property
    def file(self) -> str:
        """The name of the file in the set's folder."""
        return f"{self.name}-{self.revision}.jar"


@dataclass(frozen=True)
class JarSet:
    """A list of jars that belongs together, read from a lock file of ``organisation:name:revision sha256`` lines."""

    name: str
    lock: Path
    unpack: bool = False

    @property
    def jars(self) -> list[Jar]:
        """The jars of the lock file, in its order."""
        lines = [line.split() for line in self.lock.read_text().splitlines() if line.strip()]
        return [Jar(*f"{coordinates}:{sha256}".split(":", 3)) for coordinates, sha256 in lines]

    @property
    def version(self) -> str:
        """A short digest of the lock file: another list is another folder, so an update never mixes versions."""
        return hashlib.sha256(self.lock.read_bytes()).hexdigest()[:12]


KAFKA = JarSet("kafka", LOCKS / "kafka.txt")
SPARK = JarSet("spark", LOCKS / "spark.txt")


def mariadb() -> JarSet | None:
    """MariaDB's set for this platform, or None where none is published (a system mariadbd is used there)."""
    lock = LOCKS / f"mariadb-{platform.system().lower()}-{platform.machine()}.txt"
    return JarSet("mariadb", lock, unpack=True) if lock.exists() else None


def jar_sets() -> list[JarSet]:
    """Every set this platform needs."""
    return [jars for jars in (mariadb(), KAFKA, SPARK) if jars]


def folder(settings: Settings, jars: JarSet) -> Path:
    """Where a verified set lies."""
    return settings.downloads / f"{jars.name}-{jars.version}"


def missing(settings: Settings) -> list[JarSet]:
    """The sets that are not there yet."""
    return [jars for jars in jar_sets() if not folder(settings, jars).exists()]


def fetch(settings: Settings, jars: JarSet, progress: Progress) -> None:
    """Download a set, verify each file, and put it in place; ``progress(set, files done, files in all)``.

    Raises:
        DownloadError: a file could not be fetched or is not the pinned one.
        DiskFullError: the disk has too little room.
    """
    refuse_full_disk(settings)
    with sole_download(settings, jars) as lock:
        if folder(settings, jars).exists():
            return
        partial = settings.downloads / f"{jars.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        run_ivy(settings, jars, partial, lock, progress)
        verify(jars, partial)
        if jars.unpack:
            unpack(partial)
        partial.rename(folder(settings, jars))
        shutil.rmtree(ivy_cache(settings, jars), ignore_errors=True)


@contextmanager
def sole_download(settings: Settings, jars: JarSet) -> Iterator[int]:
    """Wait until nobody else downloads this set; gives the lock's file descriptor.

    Ivy inherits it: one that outlives a killed command is waited for, not disturbed.
    """
    with (settings.downloads / f"{jars.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def refuse_full_disk(settings: Settings) -> None:
    """Stop before a download that cannot fit."""
    settings.downloads.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.downloads).free
    if free < ROOM_NEEDED:
        raise DiskFullError(
            f"The disk of {settings.downloads} has {free / 1e6:.0f} MB free; downloads: {ROOM_NEEDED / 1e6:.0f} MB.",
            "Make room, or name a folder on another disk: SANDBOX_DOWNLOADS=/path sandbox up",
        )


def ivy_cache(settings: Settings, jars: JarSet) -> Path:
    """Where Ivy keeps what it has fetched of a set until the set is whole."""
    return settings.downloads / f"{jars.name}.cache"


def run_ivy(settings: Settings, jars: JarSet, target: Path, lock: int, progress: Progress) -> None:
    """Let Ivy fetch the jars of a set into a folder, without any jar's own dependencies."""
    module = target / "ivy.xml"
    module.write_text(ivy_module(jars))
    java = find_java(settings)
    command: list[str | Path] = [java.path, *trust.trust_options(java, target), "-jar", ivy_jar()]
    command += ["-settings", LOCKS / "ivysettings.xml"]
    command += ["-cache", ivy_cache(settings, jars), "-ivy", module, "-confs", "default"]
    command += ["-retrieve", f"{target}/[artifact]-[revision].[ext]"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, pass_fds=(lock,))
    try:
        problems = follow_ivy(process, jars, progress)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.wait() != 0:
        raise DownloadError(
            f"Fetching {jars.name} failed: {problems or 'Ivy ended with an error'}.",
            "Check the network (a proxy goes into JAVA_TOOL_OPTIONS) and go on where it stopped: sandbox up",
        )
    module.unlink()
    (target / trust.STORE).unlink(missing_ok=True)


def follow_ivy(process: subprocess.Popen[str], jars: JarSet, progress: Progress) -> str:
    """Count the files Ivy reports as fetched, and return the last line in which it complains."""
    done, total, complaint = 0, len(jars.jars), ""
    for line in process.stdout or []:
        if any(step in line for step in TRANSFER_STEPS):
            done += 1
            progress(jars.name, done, total)
        elif "FAILED" in line or "not found" in line or "Exception" in line or "ERROR" in line:
            complaint = line.strip(" :\t\n")
    return complaint


def ivy_module(jars: JarSet) -> str:
    """The list of jars as Ivy reads it."""
    lines = [
        f"<dependency org={quoteattr(jar.organisation)} name={quoteattr(jar.name)} rev={quoteattr(jar.revision)}"
        ' transitive="false"/>'
        for jar in jars.jars
    ]
    body = "".join(lines)
    return (
        f'<ivy-module version="2.0"><info organisation="sandbox" module="{jars.name}"/>'
        f"<dependencies>{body}</dependencies></ivy-module>"
    )


def verify(jars: JarSet, target: Path) -> None:
    """Compare every file with its pinned sha256."""
    for jar in jars.jars:
        file = target / jar.file
        if not file.exists() or sha256(file) != jar.sha256:
            state = "is missing" if not file.exists() else "does not match its pinned sha256"
            raise DownloadError(f"{jar.file} {state}.", "Remove what was fetched and fetch again: sandbox reset --all")


def sha256(file: Path) -> str:
    """The sha256 of a file, read in pieces."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def unpack(target: Path) -> None:
    """Unpack MariaDB's jar: its files move up to the set's root, and programs get the run bit the jar cannot keep."""
    for archive in target.glob("*.jar"):
        with zipfile.ZipFile(archive) as jar:
            jar.extractall(target / "unpacked")
        archive.unlink()
    base = next((target / "unpacked").rglob("bin")).parent
    for content in base.iterdir():
        content.rename(target / content.name)
    shutil.rmtree(target / "unpacked")
    for program in [*(target / "bin").iterdir(), *(target / "scripts").iterdir()]:
        program.chmod(0o755)


@lru_cache
def spark_home() -> Path:
    """The folder of the installed pyspark: its jars are the Spark server."""
    spec = find_spec("pyspark")
    if spec is None or not spec.submodule_search_locations:
        raise SandboxError("pyspark is not installed in this environment.", "Set the environment up: make setup")
    return Path(spec.submodule_search_locations[0])


def ivy_jar() -> Path:
    """The Ivy that ships with pyspark."""
    return next((spark_home() / "jars").glob("ivy-*.jar"))
