"""What the settings of a job say about its runs, besides its tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sandbox.servers.jobs.requests import Duration, converted
from sandbox.servers.jobs.task_settings import check_size, tasks_of

UNNAMED = "Untitled"


class Queue(msgspec.Struct, frozen=True):
    """Whether a run waits where its job runs already as often as it may."""

    enabled: bool = False


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of a job with its default."""

    name: str
    default: str = ""


class JobLimits(msgspec.Struct, frozen=True):
    """The settings that its runs follow; every other one is kept and shown, and changes nothing."""

    name: str = UNNAMED
    parameters: tuple[Parameter, ...] = ()
    timeout_seconds: Duration = 0
    max_concurrent_runs: Duration = 1
    queue: Queue = Queue()


def checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a job, with a name.

    Raises:
        ApiError: no run could follow them.
    """
    limits = converted(settings, JobLimits)
    tasks_of(settings)
    check_size("parameters", {parameter.name: parameter.default for parameter in limits.parameters})
    return {**settings, "name": limits.name}
