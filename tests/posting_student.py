"""A student who posts the source database to a double of the gateway."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from gateway_double import KEY, USER_ID, GatewayDouble

from lib.entities import ENTITIES

ROWS = 3000
SERVER_ERROR = (500, '{"message":"Internal server error"}', {})


def command_line(module: str) -> list[str]:
    """The console script of a module."""
    return [sys.executable, "-c", f"from {module} import main; main()"]


class Student:
    """Somebody who runs a command, with a gateway, a database and a folder of progress."""

    def __init__(self, module: str, gateway: GatewayDouble, environment: dict[str, str], folder: Path) -> None:
        self.command = command_line(module)
        self.gateway = gateway
        self.state = folder / "state"
        self.summary_file = folder / "summary.json"
        self.environment = environment | {
            "USER_ID": USER_ID,
            "API_INVOKE_URL": gateway.url,
            "API_KEY": KEY,
            "STATE_DIR": str(self.state),
            "COLUMNS": "200",
        }

    def start(self, *options: str, **changes: str) -> subprocess.Popen[str]:
        command = [*self.command, "--json", str(self.summary_file), *options]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=self.environment | changes, stdout=pipe, stderr=pipe, text=True)

    def run(self, *options: str, **changes: str) -> tuple[int, str]:
        """Exit code, and everything printed."""
        process = self.start(*options, **changes)
        printed = "".join(process.communicate(timeout=120))
        return process.returncode, printed

    def summary(self, field: str) -> dict[str, int]:
        """One figure of the last summary, by entity."""
        entities = json.loads(self.summary_file.read_text())["entities"]
        return {name: report[field] for name, report in entities.items()}

    def wait_for_records(self, count: int) -> None:
        """Wait until the gateway has acknowledged so many."""
        deadline = time.monotonic() + 60
        while sum(len(topic) for topic in self.gateway.topics.values()) < count:
            assert time.monotonic() < deadline, "the command posts nothing"
            time.sleep(0.01)

    def missing(self) -> dict[str, set[int]]:
        """Keys that never arrived, by entity."""
        return {entity.name: set(range(ROWS)) - set(self.gateway.keys(entity.name)) for entity in ENTITIES}

    def doubled(self) -> int:
        """How many records arrived more than once."""
        return sum(n - 1 for entity in ENTITIES for n in Counter(self.gateway.keys(entity.name)).values())


NONE_MISSING: dict[str, set[int]] = {entity.name: set() for entity in ENTITIES}


def each(value: int) -> dict[str, int]:
    return {entity.name: value for entity in ENTITIES}
