"""The whole sandbox: which parts, in which order, up and down."""

import contextlib
import fcntl
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from sandbox import doctor
from sandbox.environment import write_env_file, write_profile
from sandbox.errors import NotRunningError, PartFailedError, SandboxError
from sandbox.parts import EXTRAS, PARTS, Part
from sandbox.parts.base import listening
from sandbox.processes import end_all, end_set_up, processes, resident_megabytes
from sandbox.secrets import load_secrets
from sandbox.settings import Settings, private_folder, write_private
from sandbox.supervisor import Supervisor

POLL_SECONDS = 0.25
# What supervisord tells of a program. It calls one STARTING for a second, though a part may answer sooner.
SUPERVISED = {"RUNNING": "running", "STARTING": "running", "BACKOFF": "restarting", "FATAL": "failed"}
AnyPart = TypeVar("AnyPart", bound=Part)


@dataclass
class PartStatus:
    """What `sandbox status` and the live table show of a part; memory in MB (10^6 bytes), time in seconds."""

    name: str
    stands_for: str
    state: str
    address: str
    megabytes: float = 0.0
    seconds: float = 0.0
    detail: str = ""


class Stack:
    """All parts of one sandbox.

    Attributes:
        parts: what `sandbox up` starts.
        extras: what starts only when it is asked for, under the same supervisor.
    """

    def __init__(self, settings: Settings) -> None:
        private_folder(settings.home)
        self.settings = settings
        self.secrets = load_secrets(settings)
        self.parts: dict[str, Part] = {kind.name: kind(settings, self.secrets) for kind in PARTS}
        self.extras: dict[str, Part] = {kind.name: kind(settings, self.secrets) for kind in EXTRAS}
        self.supervisor = Supervisor(settings, self.secrets)

    @property
    def known(self) -> dict[str, Part]:
        """Every part by its name."""
        return {**self.parts, **self.extras}

    def part(self, kind: type[AnyPart]) -> AnyPart:
        """A part by its class."""
        return cast(AnyPart, self.known[kind.name])

    def up(self, on_change: Callable[[PartStatus], None]) -> None:
        """Start every part that does not run, and return when each has answered a real request.

        Raises:
            SandboxError: something stands in the way; the message names it and the command that mends it.
        """
        with self.exclusive():
            self.start_supervisor()
            if self.unchanged():
                return
            self.prove_parts(on_change)
            write_env_file(self.settings, self.secrets)

    def start_supervisor(self) -> None:
        """Make sure that supervisord runs with the right programs, and that nothing of an earlier one is left."""
        end_set_up(self.settings)
        write_profile(self.settings, self.secrets)
        programs = [part.program() for part in self.known.values()]
        if self.supervisor.alive() and self.supervisor.matches(programs):
            return
        self.stop()
        doctor.refuse_obstacles(self.settings, self.parts.values())
        self.settings.save()
        self.supervisor.start(programs)

    def unchanged(self) -> bool:
        """Whether every part still runs as the process that once answered, and listens."""
        states, proven = self.supervisor.states(), self.proven()
        return all(
            states[name]["statename"] == "RUNNING"
            and proven.get(name) == states[name]["pid"]
            and all(listening(port) for port in part.ports.values())
            for name, part in self.parts.items()
        )

    def prove_parts(self, on_change: Callable[[PartStatus], None]) -> None:
        """Start what `sandbox up` starts, and remember that all of it has answered."""
        self.start_parts(self.parts, on_change)
        self.remember_proven()

    def start_parts(self, parts: Mapping[str, Part], on_change: Callable[[PartStatus], None]) -> None:
        """Start parts side by side, each as soon as those it needs are ready; the first failure ends the rest."""
        ready = {name: threading.Event() for name in parts}
        failed = threading.Event()
        launch = Launch(self, ready, failed, on_change)
        with ThreadPoolExecutor(len(parts)) as pool:
            futures = [pool.submit(launch.run, part) for part in parts.values()]
            try:
                errors = [error for future in futures if (error := future.exception())]
            except BaseException:
                failed.set()
                raise
        real = [error for error in errors if not isinstance(error, AbandonedError)]
        if real:
            raise real[0]

    def start_extras(self, on_change: Callable[[PartStatus], None]) -> None:
        """Start what is started only when it is asked for, and return when each has answered; the rest must be up."""
        with self.exclusive():
            self.require_running()
            self.start_parts(self.extras, on_change)

    def stop_extras(self) -> None:
        """Stop it again, the last one first: the tasks of a scheduler still report while it ends."""
        with self.exclusive():
            self.require_running()
            for name in reversed(self.extras):
                self.supervisor.stop_program(name)

    def down(self) -> int:
        """Stop everything; return how many processes had to be ended one by one."""
        with self.exclusive():
            return self.stop()

    def stop(self) -> int:
        """Stop supervisord and its programs, then whatever of the sandbox still lives."""
        if self.supervisor.alive():
            self.supervisor.shutdown()
            wait_until(lambda: not processes(self.settings), seconds=40)
        self.proven_file.unlink(missing_ok=True)
        ended = end_all(self.settings)
        for part in self.known.values():
            part.tidy()
        return ended

    def restart(self, name: str, on_change: Callable[[PartStatus], None]) -> None:
        """Stop one part and start it again."""
        with self.exclusive():
            self.require_running()
            self.supervisor.stop_program(name)
            if name in self.extras:
                self.start_parts(self.extras, on_change)
            else:
                self.prove_parts(on_change)

    def resume(self) -> None:
        """Start what was stopped, and wait until every part answers."""
        with self.exclusive():
            self.prove_parts(lambda _: None)

    def require_running(self) -> None:
        """Refuse to go on where the sandbox is down."""
        if not self.supervisor.alive():
            raise NotRunningError

    def status(self) -> list[PartStatus]:
        """The state of every part: running, starting, stopped, or not answering; extras where they run."""
        found = self.status_of(self.known)
        return [status for status in found if status.name in self.parts or status.state != "stopped"]

    def status_of(self, parts: Mapping[str, Part]) -> list[PartStatus]:
        """The state of some parts."""
        states = self.supervisor.states() if self.supervisor.alive() else {}
        living = processes(self.settings)
        return [self.part_status(part, states.get(name, {}), living.get(name, [])) for name, part in parts.items()]

    def part_status(self, part: Part, info: dict[str, Any], group: list[Any]) -> PartStatus:
        """The state of one part."""
        state = SUPERVISED.get(info.get("statename", ""), "stopped")
        seconds = info["now"] - info["start"] if state == "running" else 0
        if state == "running" and not all(listening(port) for port in part.ports.values()):
            state = "starting"
        return PartStatus(part.name, part.stands_for, state, part.address, resident_megabytes(group), seconds)

    def memory(self) -> dict[str, float]:
        """Resident MB by part, the supervisor included."""
        return {name: round(resident_megabytes(group), 1) for name, group in processes(self.settings).items()}

    @property
    def proven_file(self) -> Path:
        """Which process of each part has answered a real request."""
        return self.settings.home / "proven.json"

    def proven(self) -> dict[str, int]:
        """Process id by part."""
        return json.loads(self.proven_file.read_text()) if self.proven_file.exists() else {}

    def remember_proven(self) -> None:
        """Keep the process ids of the parts that answered."""
        states = self.supervisor.states()
        write_private(self.proven_file, json.dumps({name: states[name]["pid"] for name in self.parts}))

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Let one command at a time change the sandbox."""
        with (self.settings.home / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise SandboxError(
                    "Another sandbox command is starting or stopping this sandbox.", "Wait for it: sandbox status"
                ) from error
            yield


class AbandonedError(Exception):
    """A part was not started because another one failed."""


@dataclass
class Launch:
    """One start of the parts."""

    stack: Stack
    ready: dict[str, threading.Event]
    failed: threading.Event
    on_change: Callable[[PartStatus], None]

    def run(self, part: Part) -> None:
        """Start one part once those it needs are ready, and wait until it answers and is set up."""
        try:
            self.await_needs(part)
            began = time.monotonic()
            self.show(part, "preparing", began)
            part.prepare()
            self.stack.supervisor.start_program(part.name)
            self.await_answer(part, began)
            self.show(part, "ready", began)
            self.ready[part.name].set()
        except BaseException as error:
            if not isinstance(error, AbandonedError):
                self.show(part, "failed", time.monotonic(), str(error))
            self.failed.set()
            raise

    def await_needs(self, part: Part) -> None:
        """Wait for the parts this one needs."""
        for name in part.needs:
            while not self.ready[name].wait(POLL_SECONDS):
                self.give_up_if_failed()

    def await_answer(self, part: Part, began: float) -> None:
        """Ask until the part answers, then set it up; the reason of the last refusal is shown while it lasts."""
        while True:
            self.give_up_if_failed()
            try:
                part.probe()
                part.provision()
                return
            except SandboxError:
                raise
            except Exception as error:
                self.show(part, "starting", began, f"{type(error).__name__}: {error}")
                self.refuse_dead(part, began, error)
            time.sleep(POLL_SECONDS)

    def refuse_dead(self, part: Part, began: float, reason: Exception) -> None:
        """Stop waiting for a part that has taken too long or that supervisord has given up."""
        state = self.stack.supervisor.states()[part.name]["statename"]
        waited = time.monotonic() - began
        if state in ("FATAL", "EXITED") or waited > part.seconds:
            fact = f"{part.name} did not start: {last_words(self.stack.settings.log(part.name)) or reason}"
            raise PartFailedError(fact, f"Read its log: sandbox logs {part.name}; then: sandbox doctor")

    def give_up_if_failed(self) -> None:
        """End quietly where another part has failed."""
        if self.failed.is_set():
            raise AbandonedError

    def show(self, part: Part, state: str, began: float, detail: str = "") -> None:
        """Tell the table."""
        seconds = time.monotonic() - began
        self.on_change(PartStatus(part.name, part.stands_for, state, part.address, 0, seconds, detail))


def last_words(log: Path) -> str:
    """The last line of a log that looks like a reason."""
    lines = log.read_text(errors="replace").splitlines()[-40:] if log.exists() else []
    telling = [line for line in lines if any(word in line for word in ("ERROR", "Error", "Exception", "error"))]
    return (telling or lines or [""])[-1].strip()[:300]


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for a condition; tell whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
