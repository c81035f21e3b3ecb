"""What every part of the sandbox can do: be prepared, be started, be asked a real request, be set up."""

import socket
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from sandbox.secrets import Secrets
from sandbox.settings import Settings
from sandbox.supervisor import Program

HOST = "127.0.0.1"


class Part(ABC):
    """One server of the sandbox.

    Attributes:
        name: its name in `sandbox status`, `sandbox logs NAME`, `sandbox restart NAME`.
        stands_for: the AWS or Databricks service it stands for.
        needs: the parts that must answer before this one starts.
        seconds: how long it may take from its start to its first answer.
        stop_seconds: how long it may take for its own stop before it is killed.
    """

    name: ClassVar[str]
    stands_for: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    seconds: ClassVar[float] = 90
    stop_seconds: ClassVar[int] = 20
    port_names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: Settings, secrets: Secrets) -> None:
        self.settings = settings
        self.secrets = secrets

    @property
    def port(self) -> int:
        """The port its clients use."""
        return self.settings.ports[self.port_names[0]]

    @property
    def address(self) -> str:
        """Where its clients find it."""
        return f"{HOST}:{self.port}"

    @property
    def folder(self) -> Path:
        """Its data folder."""
        return self.settings.data(self.name)

    @property
    def ports(self) -> dict[str, int]:
        """Every port it opens, by name."""
        return {name: self.settings.ports[name] for name in self.port_names}

    @abstractmethod
    def prepare(self) -> None:
        """Write its configuration and lay its data folder; quick and harmless when both are there."""

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """The command that runs it in the foreground."""

    def environment(self) -> Mapping[str, str]:
        """What its process finds in the environment besides the sandbox's common values."""
        return {}

    @abstractmethod
    def probe(self) -> None:
        """Make one real request; any exception means that it is not ready yet."""

    def provision(self) -> None:  # noqa: B027
        """Set up what its users expect to find (users, topics, buckets); harmless when it is there."""

    def tidy(self) -> None:  # noqa: B027
        """Remove what its process left outside the sandbox's folder, once it is stopped."""

    def damage(self) -> str | None:
        """Say what is wrong with its data folder, or None."""
        return None

    def program(self) -> Program:
        """The process as the supervisor keeps it."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        words = [str(word) for word in self.command()]
        return Program(self.name, words, self.environment(), self.folder, self.stop_seconds)


def listening(port: int) -> bool:
    """Whether something on 127.0.0.1 accepts connections on a port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
