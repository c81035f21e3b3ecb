"""The execution log of a test invocation, in the lines of Amazon's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

MAX_TEXT = 1024


class ExecutionLog:
    """Lines with their time, gathered while a test invocation runs."""

    def __init__(self, request_id: str) -> None:
        self._lines = [f"Execution log for request {request_id}"]

    def add(self, line: str) -> None:
        """One step."""
        self._lines.append(f"{datetime.now(UTC):%a %b %d %H:%M:%S UTC %Y} : {line}")

    @property
    def text(self) -> str:
        """The whole log."""
        return "\n".join(self._lines) + "\n"


def shown_headers(headers: Iterable[tuple[str, str]]) -> str:
    """Headers as the log has them; a signature or key but for its last six characters."""
    return shown_map((name, _masked(name, value)) for name, value in headers)


def shown_map(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values as Java prints a map."""
    return cut("{" + ", ".join(f"{name}={value}" for name, value in pairs) + "}")


def cut(text: str) -> str:
    """A text of at most 1,024 characters."""
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} [TRUNCATED]"


def mask(secret: str) -> str:
    """A secret but for its last six characters."""
    return "*" * len(secret[:-6]) + secret[-6:]


def _masked(name: str, value: str) -> str:
    return mask(value) if name.lower() in ("authorization", "x-api-key") else value
