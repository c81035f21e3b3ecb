"""kill -9 of any part while rows are under way: nothing is lost, nothing doubled."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from sandbox.parts.kafka import Kafka
from sandbox.parts.msk_connect import MskConnect
from sandbox.run.pipeline import committed
from sandbox.run.reconcile import broken_identities
from sandbox.stack import wait_until

pytestmark = pytest.mark.sandbox

ROWS = 6_000
SEEDS = iter(range(100, 1000))
PARTS = ("mariadb", "kafka", "s3", "spark", "rest-proxy", "api-gateway", "msk-connect", "msk")
GATE = (("kafka", "posting"), ("msk-connect", "sinking"))
NEEDED_BY = {
    "posting": ("mariadb", "kafka", "rest-proxy", "api-gateway"),
    "sinking": ("kafka", "s3", "msk-connect", "msk"),
    "loading": ("s3", "spark"),
}


@pytest.fixture
def pipeline(sandbox) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start `sandbox run` on fresh data; whatever is left of it is ended afterwards."""
    seed = str(next(SEEDS))
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "sandbox", "run", "--rows", str(ROWS), "--seed", seed]
        process = subprocess.Popen(
            command, env=sandbox.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()


def moment(sandbox, name: str) -> Callable[[], bool]:
    """The condition that tells that rows are posted, sunk or loaded just now."""
    kafka, sink = sandbox.stack.part(Kafka), sandbox.stack.part(MskConnect)
    topic = kafka.topics()["pin"]

    def posting() -> bool:
        return 500 < sum(kafka.end_offsets(topic).values()) < ROWS

    def sinking() -> bool:
        ends = {topic: kafka.end_offsets(topic)}
        return 0 < committed(kafka, sink.group, ends) < ROWS

    def loading() -> bool:
        return any(
            "papermill" in " ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])
        )

    return {"posting": posting, "sinking": sinking, "loading": loading}[name]


def survive(sandbox, pipeline: Callable[[], subprocess.Popen[str]], part: str, when: str) -> dict[str, Any]:
    """Kill a part at a moment; the run ends well by itself, or says what to run and then ends well."""
    process = pipeline()
    assert wait_until(moment(sandbox, when), seconds=120), f"the run was never {when}"
    sandbox.kill(part)
    shown, _ = process.communicate(timeout=400)
    if process.returncode != 0:
        assert "Traceback" not in shown, shown
        assert "make run" in shown, shown
        again = pipeline()
        shown, _ = again.communicate(timeout=400)
        assert again.returncode == 0, shown
    return json.loads((sandbox.settings.home / "reports" / "run.json").read_text())["stages"]


@pytest.mark.parametrize(("part", "when"), GATE)
def test_a_kill_loses_and_doubles_nothing(sandbox, pipeline, part: str, when: str) -> None:
    stages = survive(sandbox, pipeline, part, when)
    assert broken_identities(stages) == []
    assert stages["clean"] == dict.fromkeys(stages["clean"], ROWS)


@pytest.mark.full
@pytest.mark.parametrize(
    ("part", "when"), [(part, when) for when, parts in NEEDED_BY.items() for part in parts if (part, when) not in GATE]
)
def test_a_kill_of_any_part_at_any_stage_loses_and_doubles_nothing(sandbox, pipeline, part: str, when: str) -> None:
    stages = survive(sandbox, pipeline, part, when)
    assert broken_identities(stages) == []
    assert stages["clean"] == dict.fromkeys(stages["clean"], ROWS)
