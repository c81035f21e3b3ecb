"""A sandbox for grading alone: its own folder and ports, reached by the command `sandbox` only."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from classroom.errors import SandboxFailedError
from classroom.exercises import Dataset
from classroom.masters import ROOT

HOME = ROOT / ".sandbox-grading"
PORT_BASE = 17500
# What of the instructor's environment a student's code finds: no key, no token, no address.
SHARED = ("HOME", "LANG", "LC_ALL", "TERM", "TMPDIR", "TZ", "USER")
# What the sandbox itself may not find: keys and addresses that lead elsewhere.
FOREIGN = ("AWS_", "RDS_", "SPARK_", "DATABRICKS_")


class GradingSandbox:
    """The sandbox in which notebooks are graded; it is up from the first `start_at` until `down`."""

    def __init__(self, folder: Path = HOME, port_base: int = PORT_BASE) -> None:
        """Keep everything in `folder`. The sandbox's own folder lies in it, so that its `.env` is nobody's."""
        self.folder = folder
        self.own = {"SANDBOX_HOME": str(folder / "home"), "SANDBOX_PORT_BASE": str(port_base)}

    @property
    def log(self) -> Path:
        """What its commands have told."""
        return self.folder / "grading.log"

    def start_at(self, part: int, dataset: Dataset, fresh: bool) -> None:
        """Start it where it is down, and make what a part builds on; `fresh` clears what another student left."""
        words = ["--seed", str(dataset.seed), "--rows", str(dataset.rows), *(["--fresh"] if fresh else [])]
        self.command("start-at", str(part), *words)

    def down(self) -> None:
        """Stop it; its downloads and its empty database stay for the next time."""
        self.command("down")

    def environment(self) -> dict[str, str]:
        """What a student's notebook finds: this sandbox, and nothing of the instructor's keys."""
        lines = self.command("env").splitlines()
        exported = dict(word.split("=", 1) for line in lines for word in shlex.split(line)[1:])
        shared = {name: os.environ[name] for name in SHARED if name in os.environ}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return {**shared, "PATH": path, **self.own, **exported, "STRICT_CHECKS": ""}

    def command(self, *words: str) -> str:
        """Run `sandbox ...`, and return what it printed.

        Raises:
            SandboxFailedError: with the last of what it told.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        command: list[str | Path] = [Path(sys.executable).with_name("sandbox"), *words]
        done = subprocess.run(command, env=kept | self.own, capture_output=True, text=True, check=False)
        with self.log.open("a", encoding="utf-8") as log:
            told = "" if words[0] == "env" else done.stdout
            log.write(f"$ sandbox {shlex.join(words)}\n{told}{done.stderr}")
        if done.returncode != 0:
            said = " ".join(done.stderr.split()) or "it does not say why."
            raise SandboxFailedError(f"`sandbox {shlex.join(words)}` failed: {said}", f"Read all of it: {self.log}")
        return done.stdout
