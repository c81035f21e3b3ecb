"""Where a sandbox lives: its folder and its ports.

Everything else follows from these two. A second sandbox (the tests use one) has another folder and other ports:
``SANDBOX_HOME=/path/.sandbox SANDBOX_PORT_BASE=17900 sandbox up``.
"""

import os
from functools import cached_property
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from sandbox.errors import SandboxError

ROOT = Path(__file__).resolve().parent.parent

PORT_OFFSETS = {
    "mariadb": 0,
    "kafka": 1,
    "kafka-controller": 2,
    "s3": 3,
    "rest-proxy": 4,
    "api-gateway": 5,
    "spark": 6,
    "supervisor": 7,
    "s3-grpc": 8,
    "s3-master": 9,
    "s3-master-grpc": 10,
    "s3-volume": 11,
    "s3-volume-grpc": 12,
    "s3-filer": 13,
    "s3-filer-grpc": 14,
    "kinesis": 15,
    "msk": 16,
    "aws": 17,
    "kafka-internal": 18,
    "jobs": 19,
    "airflow": 20,
}


class Settings(BaseSettings):
    """The settings of one sandbox, from the environment (``SANDBOX_...``) or from what its first start wrote.

    Attributes:
        home: the one folder that holds everything the sandbox makes.
        port_base: the first of about twenty ports; every part's port is a fixed distance from it.
        downloads: verified jars and servers; sandboxes may share it.
        java: a Java executable to use instead of the one that is found.
        kinesis_limits: whether each shard of a stream is held to Amazon's limits.
    """

    model_config = SettingsConfigDict(env_prefix="SANDBOX_", extra="ignore")

    home: Path = ROOT / ".sandbox"
    port_base: int = Field(default=17300, ge=1024, le=32700)
    downloads: Path = ROOT / ".sandbox" / "downloads"
    java: Path | None = None
    kinesis_limits: bool = False

    @cached_property
    def ports(self) -> dict[str, int]:
        """Port of each listener by name."""
        return {name: self.port_base + offset for name, offset in PORT_OFFSETS.items()}

    @property
    def saved(self) -> Path:
        """The file in which a start keeps what was chosen for it, so that a later shell finds the same sandbox."""
        return self.home / "settings.env"

    @property
    def env_file(self) -> Path:
        """The student's `.env`: beside the sandbox's folder."""
        return self.home.parent / ".env"

    def data(self, part: str) -> Path:
        """The data folder of a part."""
        return self.home / "data" / part

    def config(self, part: str) -> Path:
        """The configuration folder of a part, made on first use, for the owner's eyes only."""
        return private_folder(self.home / "config" / part)

    def log(self, part: str) -> Path:
        """The log file of a part."""
        return self.home / "logs" / f"{part}.log"

    def save(self) -> None:
        """Keep what was chosen for this start."""
        chosen = {"SANDBOX_PORT_BASE": self.port_base, "SANDBOX_KINESIS_LIMITS": int(self.kinesis_limits)}
        write_private(self.saved, "".join(f"{name}={value}\n" for name, value in chosen.items()))


def load_settings() -> Settings:
    """Read the settings: environment first, then what the sandbox's first start kept, then the defaults."""
    home = Path(os.environ.get("SANDBOX_HOME") or ROOT / ".sandbox").resolve()
    try:
        return Settings(home=home, _env_file=home / "settings.env")  # type: ignore[call-arg]
    except ValueError as error:
        raise SandboxError(f"A SANDBOX_ setting is wrong: {error}.", "Correct or unset it and try again.") from error


def private_folder(folder: Path) -> Path:
    """Make a folder that only its owner can enter."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def write_private(path: Path, text: str) -> Path:
    """Write a file that only its owner can read (mode 0600), whole or not at all."""
    private_folder(path.parent)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    return path
