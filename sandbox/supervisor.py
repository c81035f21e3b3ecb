"""supervisord keeps the parts alive: it restarts what dies, rotates the logs, and knows each part's state."""

import http.client
import os
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.errors import PartFailedError
from sandbox.processes import mark
from sandbox.secrets import Secrets
from sandbox.settings import Settings, private_folder, write_private

USER = "sandbox"
LOG_BYTES = 10_000_000
LOG_BACKUPS = 2
# supervisord waits one second longer after each failed start: twenty tries are about three minutes
START_RETRIES = 20
# The parts see none of the caller's environment: no foreign AWS key, no other time zone, no Java option reaches them.
BASE_ENVIRONMENT = {"PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "UTC", "PYTHONUNBUFFERED": "1"}


@dataclass(frozen=True)
class Program:
    """One process to keep alive: its command, its environment, its folder, and the seconds it gets for its own stop."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    stop_seconds: int


class Supervisor:
    """The running supervisord of one sandbox, spoken to over its XML-RPC interface on 127.0.0.1."""

    def __init__(self, settings: Settings, secrets: Secrets) -> None:
        self.settings = settings
        self.secrets = secrets
        self.config = settings.config("supervisor") / "supervisord.conf"

    @property
    def rpc(self) -> Any:
        """The `supervisor` namespace of the XML-RPC interface; its password travels in a header."""
        password = self.secrets.supervisor.get_secret_value()
        address = f"http://{USER}:{password}@127.0.0.1:{self.settings.ports['supervisor']}/RPC2"
        return xmlrpc.client.ServerProxy(address, transport=QuickTransport()).supervisor

    def alive(self) -> bool:
        """Whether this sandbox's supervisord answers."""
        try:
            return bool(self.rpc.getState()["statename"] == "RUNNING")
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return False

    def start(self, programs: Sequence[Program]) -> None:
        """Write the configuration and start supervisord with all programs stopped."""
        write_private(self.config, self.render(programs))
        private_log = self.settings.log("supervisord")
        private_log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        environment = {
            **BASE_ENVIRONMENT,
            "HOME": str(self.settings.home),
            "TMPDIR": str(private_folder(self.settings.home / "tmp")),
            "SANDBOX_PART": mark(self.settings, "supervisor"),
        }
        command = [sys.executable, "-m", "sandbox.supervisord", "-c", str(self.config)]
        subprocess.run(command, check=True, env=environment, cwd=self.settings.home, stdout=subprocess.DEVNULL)
        self.await_alive()

    def await_alive(self, seconds: float = 20) -> None:
        """Wait until supervisord answers."""
        deadline = time.monotonic() + seconds
        while not self.alive():
            if time.monotonic() > deadline:
                raise PartFailedError("supervisord does not answer.", "Read why: sandbox logs supervisord")
            time.sleep(0.05)

    def matches(self, programs: Sequence[Program]) -> bool:
        """Whether the running configuration is the one these programs need."""
        return self.config.exists() and self.config.read_text() == self.render(programs)

    def render(self, programs: Sequence[Program]) -> str:
        """The whole configuration file; it holds passwords and is written with mode 0600."""
        home, port = escape(str(self.settings.home)), self.settings.ports["supervisor"]
        password = self.secrets.supervisor.get_secret_value()
        head = f"""[supervisord]
logfile={home}/logs/supervisord.log
pidfile={home}/supervisord.pid
childlogdir={home}/logs
logfile_maxbytes={LOG_BYTES}
logfile_backups={LOG_BACKUPS}
directory={home}
umask=077

[inet_http_server]
port=127.0.0.1:{port}
username={USER}
password={password}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
        return head + "".join(self.render_program(program) for program in programs)

    def render_program(self, program: Program) -> str:
        """The section of one program."""
        marked = {**program.environment, "SANDBOX_PART": mark(self.settings, program.name)}
        environment = ",".join(f'{name}="{escape(value)}"' for name, value in sorted(marked.items()))
        command = " ".join(quote(escape(word)) for word in program.command)
        return f"""
[program:{program.name}]
command={command}
environment={environment}
directory={escape(str(program.folder))}
autostart=false
autorestart=true
startsecs=1
startretries={START_RETRIES}
stopwaitsecs={program.stop_seconds}
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile={escape(str(self.settings.log(program.name)))}
stdout_logfile_maxbytes={LOG_BYTES}
stdout_logfile_backups={LOG_BACKUPS}
"""

    def states(self) -> dict[str, dict[str, Any]]:
        """What supervisord knows of each program: statename, pid, start and now (seconds since 1970)."""
        return {info["name"]: info for info in self.rpc.getAllProcessInfo()}

    def start_program(self, name: str) -> None:
        """Start a program without waiting for it; one that runs already is left alone."""
        if self.rpc.getProcessInfo(name)["statename"] not in ("RUNNING", "STARTING", "BACKOFF"):
            self.rpc.startProcess(name, False)

    def stop_program(self, name: str) -> None:
        """Stop a program and wait until it is gone; one that is stopped already is left alone."""
        if self.rpc.getProcessInfo(name)["statename"] not in ("STOPPED", "EXITED", "FATAL"):
            self.rpc.stopProcess(name, True)

    def shutdown(self) -> None:
        """Stop every program, all at the same time, and supervisord itself."""
        self.rpc.stopAllProcesses(False)
        self.rpc.shutdown()


class QuickTransport(xmlrpc.client.Transport):
    """An XML-RPC transport that gives up after half a minute instead of never."""

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        """Open the connection with a time limit."""
        connection = super().make_connection(host)
        connection.timeout = 30
        return connection


def escape(value: str) -> str:
    """Double the per cent signs, which supervisord would expand."""
    return value.replace("%", "%%")


def quote(word: str) -> str:
    """Quote a word for supervisord's command line, which is split as a shell splits."""
    return "'" + word.replace("'", "'\"'\"'") + "'"
