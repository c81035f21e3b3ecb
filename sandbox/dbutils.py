"""`dbutils` for notebooks in the sandbox: widgets, secrets, mounts, exit; with Databricks' own calls and errors."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.environment import variables
from sandbox.parts.s3 import S3
from sandbox.secrets import load_secrets
from sandbox.settings import load_settings

SCOPE = "pinterest"
WIDGETS = "SANDBOX_WIDGETS"
RESULT = "SANDBOX_NOTEBOOK_RESULT"


class Widgets:
    """Named text values of a notebook; a job sets them through the environment before the kernel starts."""

    def __init__(self, given: dict[str, str]) -> None:
        self._given = dict(given)
        self._defined: dict[str, str] = {}

    def text(self, name: str, defaultValue: str, label: str | None = None) -> None:  # noqa: ARG002
        """Define a widget; a value that a job has set stays."""
        self._defined.setdefault(name, defaultValue)

    def dropdown(self, name: str, defaultValue: str, choices: Sequence[str], label: str | None = None) -> None:
        """Define a widget with choices; the default must be one of them."""
        if defaultValue not in choices:
            raise ValueError(f"The default {defaultValue!r} of widget {name!r} is not one of {list(choices)}")
        self.text(name, defaultValue, label)

    def get(self, name: str) -> str:
        """The value of a widget.

        Raises:
            ValueError: no such widget, in Databricks' words.
        """
        values = self.getAll()
        if name not in values:
            raise ValueError(f"No input widget named {name} is defined")
        return values[name]

    def getAll(self) -> dict[str, str]:
        """Every widget's value by name."""
        return {**self._defined, **self._given}

    def remove(self, name: str) -> None:
        """Forget a widget."""
        self._defined.pop(name, None)
        self._given.pop(name, None)

    def removeAll(self) -> None:
        """Forget every widget."""
        self._defined.clear()
        self._given.clear()


class Secrets:
    """The secret scope `pinterest`: the sandbox's keys under the names the walkthroughs give them on Databricks."""

    def get(self, scope: str, key: str) -> str:
        """One secret.

        Raises:
            ValueError: no such scope or key, in Databricks' words.
        """
        values = self._values(scope)
        if key not in values:
            raise ValueError(f"Secret does not exist with scope: {scope} and key: {key}")
        return values[key]

    def list(self, scope: str) -> Sequence[dict[str, str]]:
        """The names of a scope's keys."""
        return [{"key": key} for key in self._values(scope)]

    def listScopes(self) -> Sequence[dict[str, str]]:
        """The names of the scopes."""
        return [{"name": SCOPE}]

    def _values(self, scope: str) -> dict[str, str]:
        if scope != SCOPE:
            raise ValueError(f"Scope {scope} does not exist!")
        settings = load_settings()
        secrets = load_secrets(settings)
        return {
            "aws_access_key": secrets.aws_access_key_id,
            "aws_secret_key": secrets.aws_secret_access_key.get_secret_value(),
            "api_key": variables(settings, secrets)["API_KEY"],
        }


@dataclass(frozen=True)
class MountInfo:
    """A mounted bucket: where it is seen (`dbfs:/mnt/...`), and what it is (`s3a://...`)."""

    mountPoint: str
    source: str
    encryptionType: str = ""


class FileSystem:
    """The mounts of `dbutils.fs`: the student's bucket is mounted from the start, and nothing else can be."""

    def mounts(self) -> Sequence[MountInfo]:
        """What is mounted."""
        settings = load_settings()
        s3 = S3(settings, load_secrets(settings))
        return [MountInfo(s3.mount_point, f"s3a://{s3.bucket}")]

    def mount(
        self,
        source: str,
        mount_point: str,
        encryption_type: str = "",  # noqa: ARG002
        extra_configs: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> bool:
        """Refuse, in Databricks' words where the point is taken.

        Raises:
            ValueError: always.
        """
        (present,) = self.mounts()
        if mount_point == present.mountPoint:
            raise ValueError(f"Directory already mounted: {mount_point}")
        raise ValueError(f"{source} cannot be mounted: the sandbox has one mount, {present.mountPoint}")


class Notebook:
    """The notebook itself."""

    def exit(self, value: str) -> None:
        """End the notebook here, successfully; a job finds `value` in the run's output.

        Raises:
            SystemExit: always, with nothing in it: so it ends the notebook in Jupyter, and papermill takes it as
                success.
        """
        if path := os.environ.get(RESULT):
            Path(path).write_text(str(value), encoding="utf-8")
        print(f"Notebook exited: {value}")
        raise SystemExit("")


class DBUtils:
    """What notebooks use of Databricks' utilities."""

    def __init__(self) -> None:
        self.widgets = Widgets(json.loads(os.environ.get(WIDGETS, "{}")))
        self.secrets = Secrets()
        self.fs = FileSystem()
        self.notebook = Notebook()

    def __getattr__(self, name: str) -> Any:
        has = "widgets, secrets, fs.mounts and notebook.exit"
        raise AttributeError(f"dbutils.{name} is not part of the sandbox: it has {has}")
