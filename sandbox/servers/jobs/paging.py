"""Lists in pages: a page's token is the id that the next one begins below."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, TypeVar

from sandbox.servers.jobs.errors import invalid

T = TypeVar("T")


def page(items: Iterable[T], limit: int) -> tuple[list[T], bool]:
    """The first `limit` items, and whether there are more."""
    found = list(islice(items, limit + 1))
    return found[:limit], len(found) > limit


def checked_limit(limit: int, most: int) -> int:
    """The size of a page; 0 asks for the largest.

    Raises:
        ApiError: it is out of bounds.
    """
    if not 0 <= limit <= most:
        raise invalid(f"limit must be between 1 and {most}, it is {limit}.")
    return limit or most


def page_token(token: str) -> int | None:
    """The id that a page begins below, None for the first page.

    Raises:
        ApiError: the token is none of ours.
    """
    if token and not (token.isdecimal() and len(token) < 19):
        raise invalid(f"Invalid page_token {token!r}.")
    return int(token) if token else None


def listed(name: str, shown: list[dict[str, Any]], more: bool, last: int) -> dict[str, Any]:
    """The answer to a list call; without items the list is left out, as the service does."""
    answer: dict[str, Any] = {name: shown} if shown else {}
    return {**answer, "has_more": more, **({"next_page_token": str(last)} if more else {})}
